/** All the routes by which a thread ends, and what its hooks are together. */

import { process } from '../platform.ts';
import type { Hooks, Thread } from '../thread/parts.ts';
import { createCrashRoute } from './crash.ts';
import { createEmptyLoopRoute } from './empty-loop.ts';
import { exitProcess } from './ending.ts';
import { createGracefulExitRoute } from './graceful-exit.ts';
import { createIpcRoute } from './ipc.ts';
import { createProcessExitRoute } from './process-exit.ts';
import { createSignalRoute } from './signals.ts';
import { createSupervisorRoute } from './supervisor.ts';

export function createRoutes(thread: Thread): Hooks {
  const signals = createSignalRoute(thread);
  const ipc = createIpcRoute(thread, signals);
  const supervisor = thread.isMain ? createSupervisorRoute(thread, ipc.order) : undefined;
  const gracefulExit = createGracefulExitRoute(thread);
  const emptyLoop = createEmptyLoopRoute(thread);
  const crash = createCrashRoute(thread, (code) => processExit.onExit(code));
  const processExit = createProcessExitRoute(thread, {
    crash: () => crash.crash,
    releaseSignals: () => signals.uninstall(),
  });
  let active = false;

  /** What the settings of the main thread ask for. */
  function installOptional(): void {
    if (!thread.isMain) return;
    crash.installGraceful();
    signals.install();
    ipc.install();
    supervisor?.install();
    gracefulExit.install();
  }

  return {
    supervisor,

    watch: () => processExit.watch(),

    install() {
      active = true;
      emptyLoop.install();
      processExit.install();
      crash.install();
      installOptional();
    },

    reinstall() {
      if (!active) {
        this.install();
        return;
      }
      crash.uninstallGraceful();
      ipc.uninstall();
      supervisor?.uninstall();
      gracefulExit.uninstall();
      installOptional();
    },

    /** An essential worker has died. */
    endBy(cause) {
      if (thread.state !== 'running') return;
      process.exitCode ||= thread.settings.failureExitCode;
      thread.ending = {};
      thread.shutDown({ reason: { route: 'worker', exitCode: Number(process.exitCode) }, cause }).then(exitProcess);
    },

    uninstall() {
      active = false;
      emptyLoop.uninstall();
      processExit.uninstall();
      crash.uninstall();
      signals.uninstall();
      ipc.uninstall();
      supervisor?.uninstall();
      gracefulExit.uninstall();
    },
  };
}
