/** What `latency` and `latency-sync` share: idle workers, the library's beside the floor's, in one process, cold. */
import { medians, sample } from './sample.js';

const SAMPLES = { 1: 31, 4: 31, 16: 31, 64: 15, 256: 15 };

/** How many times the floor a shutdown may take; between 1 and 16 workers nothing is asked. */
const targetOf = (count) => (count === 1 ? 2 : count >= 16 ? 1.25 : undefined);

export async function measureLatency(program, isSmallest) {
  const counts = isSmallest ? [1] : Object.keys(SAMPLES).map(Number);
  const rows = [];
  for (const count of counts) {
    const samples = [];
    for (let index = 0; index < (isSmallest ? 2 : SAMPLES[count]); index++) {
      samples.push(await sample(program, [count, index % 2 === 0 ? 'library first' : 'floor first']));
    }
    const figures = medians(samples);
    const value = figures['worker-atexit'] / figures.floor;
    const most = targetOf(count);
    rows.push({ row: `${count} workers`, figures, ...(most && { target: { what: 'ratio', value, most } }), samples });
  }
  return rows;
}
