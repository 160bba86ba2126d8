/**
 * From SIGTERM to a process with idle children being gone: beside a dozen lines by hand, which signal each child, await each
 * exit, and exit. The children are the same, and clean up by this library.
 */
import { timeToGone } from './gone.js';
import { medians } from './sample.js';

const CHILDREN = 8;
const SAMPLES = 11;
const TARGET = 1.15;

/** Nine processes that are started on two cores have all rehearsed their end by then, and are idle: ms. */
const SETTLED = 1000;

export default async function children(isSmallest) {
  const count = isSmallest ? 2 : CHILDREN;
  const samples = [];
  for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
    const library = await timeToGone('children.js', count, 'SIGTERM', SETTLED);
    const byHand = await timeToGone('children-by-hand.js', count, 'SIGTERM', SETTLED);
    for (const { stdout } of [library, byHand]) {
      const cleanedUp = stdout.match(/cleaned up/g)?.length;
      if (cleanedUp !== count) throw new Error(`of ${count} children: ${stdout}`);
    }
    samples.push({ 'worker-atexit': library.ms, 'by hand': byHand.ms });
  }
  const figures = medians(samples);
  const value = figures['worker-atexit'] / figures['by hand'];
  return {
    about: 'SIGTERM to a process with idle children being gone, beside a dozen lines by hand',
    unit: 'ms',
    rows: [{ row: `${count} children`, figures, target: { what: 'ratio', value, most: TARGET }, samples }],
  };
}
