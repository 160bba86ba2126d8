/** All the routes by which a thread ends, and what its hooks are together. */

import { process } from '../platform.ts';
import type { HearingSignals } from '../thread/hearing-signals.ts';
import { createListening, type Listening } from '../thread/listening.ts';
import type { Hooks, Routes, Thread } from '../thread/parts.ts';
import { createCrashRoute } from './crash.ts';
import { createEmptyLoopRoute } from './empty-loop.ts';
import { exitProcess } from './ending.ts';
import { createGracefulExitRoute } from './graceful-exit.ts';
import { createIpcRoute } from './ipc.ts';
import { createProcessExitRoute } from './process-exit.ts';
import { createSignalRoute } from './signals.ts';
import { createSupervisorRoute } from './supervisor.ts';

/** `listening`, `hearingSignals`: what hears of this thread's end, which may listen already (`isInstalled`). */
export function createRoutes(
  thread: Thread,
  {
    listening,
    hearingSignals,
    isInstalled,
  }: {
    readonly listening?: Listening;
    readonly hearingSignals?: HearingSignals | undefined;
    readonly isInstalled: boolean;
  } = {
    isInstalled: false,
  },
): Hooks {
  const signals = createSignalRoute(thread, hearingSignals);
  const ipc = createIpcRoute(thread, signals);
  const supervisor = thread.isMain ? createSupervisorRoute(thread, ipc.order) : undefined;
  const gracefulExit = createGracefulExitRoute(thread);
  const emptyLoop = createEmptyLoopRoute(thread, () => processExit.listenLast());
  const crash = createCrashRoute(thread, {
    exit: (code) => processExit.onExit(code),
    listenLast: () => processExit.listenLast(),
  });
  const processExit = createProcessExitRoute(thread, {
    crash: () => crash.crash,
    releaseSignals: () => signals.uninstall(),
  });
  const { onExit, onReallyExit } = processExit;
  const routes: Routes = {
    ...{ ...emptyLoop, onExit, onReallyExit },
    onCrash: crash.onCrash,
    onSignal: signals.onSignal,
  };
  const ears = listening ?? createListening({ isOver: () => false, routes: () => routes });
  let active = isInstalled;

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

    routes,
    watch: ears.watch,

    install() {
      active = true;
      ears.install();
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
      ears.uninstall();
      processExit.stopListening();
      crash.uninstallGraceful();
      signals.uninstall();
      ipc.uninstall();
      supervisor?.uninstall();
      gracefulExit.uninstall();
    },
  };
}
