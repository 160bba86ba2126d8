/** What of a report is made when somebody reads it, by code that is loaded then. */

import { process } from '../platform.ts';
import type { ShutdownReport } from './report.ts';
import type { Timeline } from './timeline.ts';

/** What a report knows, but for what is made of it. */
export type ReportFacts = Omit<ShutdownReport, 'toString' | 'toJSON' | 'timeline'>;

/** When a shutdown began, and when the signal was heard that led to it: ms of `now()`. */
export interface Stamps {
  readonly startedAt: number;
  readonly heardAt?: number | undefined;
}

/** Where `worker-atexit/timeline` leaves what it can make of a report. */
export const MAKERS = Symbol.for('worker-atexit:timeline:1');

interface Makers {
  timelineOf(facts: ReportFacts, stamps: Stamps): Timeline;
  toPlain(facts: ReportFacts, stamps: Stamps): object;
}

const isMakers = (value: unknown): value is Makers =>
  typeof value === 'object' && value !== null && 'timelineOf' in value && 'toPlain' in value;

/** By the package's name: in a program that is bundled there is no such file beside this one. */
function load(): Makers | undefined {
  try {
    process.getBuiltinModule('node:module').createRequire(import.meta.url)('worker-atexit/timeline');
  } catch {}
  const found: unknown = Reflect.get(globalThis, MAKERS);
  return isMakers(found) ? found : undefined;
}

/** Adds to `report` what is made of `facts` on demand. Whoever copies or compares the report does not ask for it. */
export function addOnDemand<T extends object>(report: T, facts: ReportFacts, stamps: Stamps) {
  return Object.defineProperties<T & Pick<ShutdownReport, 'timeline' | 'toJSON'>>(Object(report), {
    timeline: {
      get() {
        const makers = load();
        if (makers) return makers.timelineOf(facts, stamps);
        throw new Error('worker-atexit/timeline was not found: import it in a program that is bundled');
      },
    },
    toJSON: { value: () => load()?.toPlain(facts, stamps) ?? facts },
  });
}
