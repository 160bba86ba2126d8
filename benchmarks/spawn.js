/** A worker from `new Worker` to ready, and with the library linked as well. */
import { medians, sample } from './sample.js';

const SAMPLES = 5;
const TARGET = 1.4;

export default async function spawn(isSmallest) {
  const samples = [];
  for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
    samples.push(await sample('spawn.js', [isSmallest ? 2 : 40]));
  }
  const { register, ...figures } = medians(samples);
  const value = figures['worker-atexit'] - figures.empty;
  return {
    about: 'a worker from new Worker to ready and linked, beside one that imports an empty package by its name',
    unit: 'ms',
    rows: [
      { row: 'ready and linked', figures, target: { what: 'ms more', value, most: TARGET } },
      { row: 'the first register()', figures: { 'worker-atexit': register } },
    ],
    samples,
  };
}
