/** What it costs that somebody stands guard over the main thread. */
import { medians, sample } from './sample.js';

const SAMPLES = 15;
const TARGET = 1.1;

export default async function watchdog(isSmallest) {
  const rows = [];
  for (const count of isSmallest ? [1] : [4, 16]) {
    const samples = [];
    for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
      const taken = {};
      // Each is the first as often as the other.
      for (const kind of index % 2 === 0 ? ['auto', 'false'] : ['false', 'auto']) {
        taken[kind] = (await sample('watchdog.js', [count, kind])).ms;
      }
      samples.push(taken);
    }
    const { auto, false: none } = medians(samples);
    const figures = { 'worker-atexit': auto, 'watchdog: false': none };
    const target = { what: 'ratio', value: auto / none, most: TARGET };
    rows.push({ row: `${count} workers`, figures, target, samples });
  }
  return { about: 'shutdown() of idle workers, which stand guard over the main thread, or do not', unit: 'ms', rows };
}
