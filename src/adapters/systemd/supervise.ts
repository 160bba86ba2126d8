/** What systemd is told, and when. */
import { now } from '../../clock.ts';
import { clearInterval, process, setInterval } from '../../platform.ts';
import type { ShutdownReport } from '../../report/report.ts';
import type { Supervision } from '../../thread/supervision.ts';
import { EXTEND_EVERY, EXTENSION } from '../../times.ts';
import type { Notify } from './notifier.ts';

export function supervise({ send, sendNow }: Notify, env: NodeJS.ProcessEnv): Supervision {
  let extending: NodeJS.Timeout | undefined;

  // It tells a process that hangs by the silence: an event loop that does not turn sends nothing.
  const patience = Number(env.WATCHDOG_USEC) / 1000;
  const isWatched = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === process.pid;
  if (patience > 0 && isWatched) setInterval(send, patience / 2, 'WATCHDOG=1').unref();

  return {
    begin(until) {
      const extend = (...lines: readonly string[]): void => {
        const left = Math.min(EXTENSION, until() - now() + EXTEND_EVERY);
        if (left > 0) send(...lines, `EXTEND_TIMEOUT_USEC=${Math.ceil(left * 1000)}`);
      };
      extend('STOPPING=1', 'STATUS=shutting down');
      clearInterval(extending);
      extending = setInterval(extend, EXTEND_EVERY);
      extending.unref();
    },

    end(report: ShutdownReport) {
      clearInterval(extending);
      const [line = ''] = String(report).split('\n', 1);
      // In a process that lives on there is time.
      const tell = report.exitCode === undefined && report.signal === undefined ? send : sendNow;
      tell(`STATUS=${line}`);
    },

    ready: () => send('READY=1'),
  };
}
