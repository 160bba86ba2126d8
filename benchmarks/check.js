/** isShuttingDown() in a hot loop. */
import { medians, sample } from './sample.js';

const SAMPLES = 3;
const TARGET = 5;

export default async function check(isSmallest) {
  const rows = [];
  for (const thread of ['main', 'worker']) {
    const samples = [];
    for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
      samples.push(await sample('check.js', [thread, isSmallest ? 20 : 500]));
    }
    const figures = medians(samples);
    const value = figures['worker-atexit'] - figures['empty loop'];
    rows.push({ row: thread, figures, target: { what: 'ns more', value, most: TARGET }, samples });
  }
  return { about: 'isShuttingDown() in a hot loop, beside the loop alone', unit: 'ns a call', rows };
}
