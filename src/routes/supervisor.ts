/**
 * Who supervises this process, as the environment has it: PM2 and systemd have terms of their own for its end. Where the
 * environment is silent, nothing is installed and nothing is loaded.
 */

import { process } from '../platform.ts';
import type { ExitListener, Thread } from '../thread/parts.ts';
import type { Supervision, Supervisor } from '../thread/supervision.ts';

export interface SupervisorRoute extends Supervisor, ExitListener {}

/** What PM2 waits before it kills: ms. */
const PM2_DEFAULT = 1600;

/** What is left of that for the end itself: ms, and a share where it is short. */
const MARGIN = { most: 200, share: 0.2 } as const;

/** Only the main thread has one. */
export function createSupervisorRoute(thread: Thread, order: () => void): SupervisorRoute {
  const { env } = process;
  const isAsked = (): boolean => thread.settings.supervisor === 'auto';
  const hasPm2 = (): boolean => isAsked() && env.pm_id !== undefined;
  const hasSystemd = (): boolean => isAsked() && Boolean(env.NOTIFY_SOCKET);
  let isListening = false;
  let systemd: Supervision | undefined;
  let isTold = false;

  const onMessage = (message: unknown): void => {
    if (message === 'shutdown') order();
  };

  /** Listens without keeping the process alive. The program's own listeners do, as ever. */
  function listen(): void {
    if (isListening || process.channel === undefined) return;
    isListening = true;
    process.on('message', onMessage);
    count('unrefCounted');
  }

  function count(method: 'refCounted' | 'unrefCounted'): void {
    const counted: unknown = process.channel && Reflect.get(process.channel, method);
    if (typeof counted === 'function') Reflect.apply(counted, process.channel, []);
  }

  function pm2Limit(): number {
    const said = env.kill_timeout ?? env.PM2_KILL_TIMEOUT;
    // With what is no number PM2 7.0.4 kills at once: no time would be short enough.
    const killed = Number(said) > 0 ? Number(said) : PM2_DEFAULT;
    return killed - Math.min(MARGIN.most, killed * MARGIN.share);
  }

  function loadSystemd(): void {
    if (systemd) return;
    try {
      process.getBuiltinModule('node:module').createRequire(import.meta.url)('worker-atexit/systemd');
    } catch (error) {
      thread.log(`systemd is told nothing: worker-atexit/systemd cannot be loaded: ${String(error)}`);
    }
  }

  thread.onEnd((report) => {
    if (hasSystemd()) systemd?.end(report);
  });

  return {
    install() {
      if (!thread.isMain) return;
      if (hasPm2()) listen();
      if (hasSystemd()) loadSystemd();
    },

    uninstall() {
      if (!isListening) return;
      isListening = false;
      count('refCounted');
      process.off('message', onMessage);
    },

    limit(asked) {
      if (!hasPm2()) return undefined;
      const limit = pm2Limit();
      if (asked > limit && !isTold) {
        isTold = true;
        thread.log(
          `PM2 kills this process ${Math.round(limit)} ms into a shutdown (kill_timeout, less a margin), which is cut to ` +
            `that: it would have ${Math.round(asked)} ms. Set kill_timeout to more than that`,
        );
      }
      return limit;
    },

    get trustsSignals() {
      return hasSystemd();
    },

    begin(until) {
      if (hasSystemd()) systemd?.begin(until);
    },

    ready() {
      if (!isAsked()) return;
      if (hasPm2()) process.send?.('ready');
      if (hasSystemd()) {
        loadSystemd();
        systemd?.ready();
      }
    },

    know(supervision) {
      systemd = supervision;
    },
  };
}
