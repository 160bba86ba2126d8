/** A process that imports a library and ends. */
import { spawnSync } from 'node:child_process';
import { LIMIT, median, programPath } from './sample.js';

const ROUNDS = 60;
/** Times what signal-exit costs. */
const TARGET = 1.1;
const PEERS = ['worker-atexit', 'signal-exit', 'exit-hook', 'close-with-grace'];

function timed(name) {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, [programPath(`import/${name}.js`)], {
    stdio: 'ignore',
    timeout: LIMIT,
  });
  if (status !== 0) throw new Error(`import/${name}.js ended with ${status}`);
  return performance.now() - startedAt;
}

export default async function importing(isSmallest) {
  const names = ['empty', ...PEERS];
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < (isSmallest ? 2 : ROUNDS); round++) {
    // Each is the first as often as any other.
    for (let index = 0; index < names.length; index++) {
      const name = names[(round + index) % names.length];
      samples[name].push(timed(name));
    }
  }
  /** What a library costs, beside the empty module in the same round. */
  const costOf = (name) => median(samples[name].map((ms, round) => ms - samples.empty[round]));
  const own = costOf('worker-atexit');
  const signalExit = costOf('signal-exit');
  const rows = [{ row: 'empty', figures: { process: median(samples.empty) } }];
  for (const name of PEERS) rows.push({ row: name, figures: { process: median(samples[name]), cost: costOf(name) } });
  Object.assign(rows[1], { target: { what: 'ms above empty', value: own, most: signalExit * TARGET } });
  return {
    about: 'a process that imports a library and ends, and what that costs above an empty module',
    unit: 'ms',
    rows,
  };
}
