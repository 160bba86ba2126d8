/** Writes a shutdown's trace into a folder, for `WORKER_ATEXIT_TRACE`. Loaded by `worker-atexit/auto`, at the end. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { process, wallClock } from '../platform.ts';
import type { ShutdownReport } from '../report/report.ts';
import { readReport } from './recorded.ts';
import { traceOf } from './trace.ts';

/** Throws where it cannot be written; half a file is not left behind. */
export function writeTrace(folder: string, report: ShutdownReport): void {
  const time = new Date(wallClock()).toISOString().replaceAll(':', '-');
  const file = join(folder, `worker-atexit-${time}-${process.pid}.json`);
  const text = traceOf(readReport(report));
  let isOurs = false;
  try {
    // A name that is taken is somebody else's.
    writeFileSync(file, '', { flag: 'wx' });
    isOurs = true;
    writeFileSync(file, text);
  } catch (error) {
    if (isOurs) rmSync(file, { force: true });
    throw error;
  }
}
