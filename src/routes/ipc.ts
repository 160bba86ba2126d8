/**
 * The route of a forked child whose parent goes away, or of a process under PM2. Only when asked for: a listener for
 * either event keeps the child alive and swallows messages that came before the program's own listener.
 */

import { process } from '../platform.ts';
import type { ExitListener, Thread } from '../thread/parts.ts';
import { exitProcess } from './ending.ts';

export interface IpcRoute extends ExitListener {
  /** A supervisor has sent its order to end. */
  order(): void;
}

export function createIpcRoute(thread: Thread, signals: { ordered(): void }): IpcRoute {
  function go(route: 'disconnect' | 'message'): void {
    process.exitCode ??= 0;
    thread.ending ??= {};
    signals.ordered();
    thread.shutDown({ reason: { route, exitCode: 0 } }).then(exitProcess);
  }

  const onDisconnect = (): void => go('disconnect');
  const onMessage = (message: unknown): void => {
    if (message === 'shutdown') go('message');
  };

  return {
    order: () => go('message'),

    install() {
      if (!thread.settings.ipc) return;
      process.on('disconnect', onDisconnect);
      process.on('message', onMessage);
    },

    uninstall() {
      process.off('disconnect', onDisconnect);
      process.off('message', onMessage);
    },
  };
}
