/** A program at rest, with linked workers and with workers that have a bare port each. */
import { medians, sample } from './sample.js';

const SAMPLES = 5;
const TARGET = 3;
const KINDS = ['library', 'bare'];

export default async function idle(isSmallest) {
  const samples = { library: [], bare: [] };
  for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
    for (const kind of KINDS) {
      samples[kind].push(await sample('idle.js', [kind, isSmallest ? 2 : 64], ['--expose-gc']));
    }
  }
  const [library, bare] = KINDS.map((kind) => medians(samples[kind]));
  const row = (what, figure, most, digits) => {
    const figures = { 'worker-atexit': library[figure], 'bare ports': bare[figure] };
    const value = library[figure] - bare[figure];
    return { row: what, figures, target: { what: `${digits} more`, value, most } };
  };
  return {
    about: 'a program at rest: what keeps a loop alive, how often threads wake up in 2 s, and the heap a link',
    unit: 'count, or KiB',
    rows: [
      row('active timers, all threads', 'timers', 0, 'timers'),
      row('other active handles', 'handles', 0, 'handles'),
      row('turns of the main loop', 'turns', 0, 'turns'),
      row('wake-ups of the workers', 'wakeUps', 0, 'wake-ups'),
      row('KiB of main heap a link', 'heap', TARGET, 'KiB'),
    ],
    samples,
  };
}
