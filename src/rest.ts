/** What a thread loads when it is needed first: see `on-demand.ts`. */
import { type Api, createApi } from './api/api.ts';
import type { OwnHalf } from './api/front.ts';
import { listenToParent } from './routes/parent-process.ts';
import { createProcessExitRoute } from './routes/process-exit.ts';
import { createRoutes } from './routes/routes.ts';
import { createSupervisorRoute } from './routes/supervisor.ts';
import type { Core, Rest } from './thread/halves.ts';
import { rehearseMain as rehearse } from './thread/main-rehearsal.ts';
import type { Position } from './thread/parts.ts';
import { createThread } from './thread/thread.ts';

export * as rare from '../workers/rare.ts';

export const rehearseMain = (position: Position, { createCore, shutDown }: OwnHalf): void =>
  rehearse(position, {
    createCore,
    supervise: (thread) => createSupervisorRoute(thread, () => {}),
    shutDown: (core, rest) => shutDown(core, createApi(rest)),
    exit: (thread) => createProcessExitRoute(thread, { crash: () => undefined, releaseSignals() {} }).onExit(0),
  });

export function createRest(core: Core): { readonly rest: Rest; readonly api: Api } {
  const rest = createThread(core, (thread) => createRoutes(thread, core));
  listenToParent(rest.thread);
  return { rest, api: createApi(rest) };
}
