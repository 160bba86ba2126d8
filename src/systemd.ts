/**
 * systemd's terms, for a service of `Type=notify`: loaded by itself where the environment has `NOTIFY_SOCKET`. A program that
 * is bundled imports it.
 *
 * systemd is told `STOPPING=1` when a shutdown begins, is asked for more time (`EXTEND_TIMEOUT_USEC`) as long as there is some
 * left, and is told the first line of the report (`STATUS`). `WATCHDOG=1` is sent at half of `WATCHDOG_USEC` while the event
 * loop turns, `READY=1` by `notifyReady()`.
 *
 * @module
 */
import { instance } from './adapters/adapter.ts';
import { createNotifier, type Notify } from './adapters/systemd/notifier.ts';
import { supervise } from './adapters/systemd/supervise.ts';
import { process } from './platform.ts';

const { NOTIFY_SOCKET } = process.env;
const notifier = NOTIFY_SOCKET ? createNotifier(NOTIFY_SOCKET) : undefined;
if (notifier) instance().knowSystemd(supervise(notifier, process.env));

/**
 * Sends lines such as `STATUS=importing` to systemd, each `NAME=value`; see `sd_notify(3)`. Nothing happens where there is no
 * `NOTIFY_SOCKET`, and whoever does not answer costs nothing.
 */
export const notify: Notify['send'] = (...lines) => notifier?.send(...lines);
