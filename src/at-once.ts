/** In place of `on-demand.ts` where the library is one file, as a bundler needs it. */
import type { Loaded } from './api/front.ts';
import * as rest from './rest.ts';

export const loadRest = (): Loaded => rest;

export function findRest(): void {}
