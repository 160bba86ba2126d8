/** Many workers, flat and as a tree: what a shutdown costs a worker. */
import { median, sample } from './sample.js';

const SAMPLES = { 16: 5, 64: 5, 256: 3, 1000: 1 };
const TARGET = 1.3;

export default async function scale(isSmallest) {
  const rows = [];
  for (const shape of ['flat', 'tree']) {
    const costOf = {};
    for (const count of isSmallest ? [8] : Object.keys(SAMPLES).map(Number)) {
      const samples = [];
      for (let index = 0; index < (isSmallest ? 1 : SAMPLES[count]); index++) {
        samples.push((await sample('scale.js', [count, shape])).ms);
      }
      costOf[count] = median(samples) / count;
      const figures = { 'all, ms': median(samples), 'a worker, ms': costOf[count] };
      const target = { what: 'of that at 64', value: costOf[count] / costOf[64], most: TARGET };
      rows.push({ row: `${shape} ${count}`, figures, ...(count === 1000 && { target }), samples });
    }
  }
  return { about: 'shutdown() of many idle workers, flat and as a tree of depth 3', unit: 'ms', rows };
}
