/** What `latency` and `latency-sync` share: idle workers, the library's beside the floor's, in one process, cold. */
import { medians, sample } from './sample.js';

const COUNTS = [1, 4, 16, 64, 256];
const SAMPLES = 15;

/** How many times the floor a shutdown may take; between 1 and 16 workers nothing is asked. */
const targetOf = (count, { one, many }) => (count === 1 ? one : count >= 16 ? many : undefined);

export async function measureLatency(program, isSmallest, targets) {
  const rows = [];
  for (const count of isSmallest ? [1] : COUNTS) {
    const samples = [];
    for (let index = 0; index < (isSmallest ? 2 : SAMPLES); index++) {
      samples.push(await sample(program, [count, index % 2 === 0 ? 'library first' : 'floor first']));
    }
    const figures = medians(samples);
    const value = figures['worker-atexit'] / figures.floor;
    const most = targetOf(count, targets);
    rows.push({ row: `${count} workers`, figures, ...(most && { target: { what: 'ratio', value, most } }), samples });
  }
  return rows;
}
