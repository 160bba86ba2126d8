/**
 * From SIGTERM to the process being gone, for pools of idle threads. What is killed instead shows how long it takes the
 * operating system alone to be rid of so many threads.
 */
import { execa } from 'execa';
import { LIMIT, medians, programPath } from './sample.js';

const SAMPLES = { 4: 11, 16: 7, 64: 5 };
const TARGETS = { 4: 0.85, 16: 0.75, 64: 0.75 };

/** The pool's threads are idle and settled by then: ms. */
const SETTLED = 300;

/** `settled`: ms after which nothing that has begun with the program still runs. */
export async function timeToGone(program, count, signal = 'SIGTERM', settled = SETTLED + count) {
  const child = execa(process.execPath, [programPath(program), String(count)], {
    reject: false,
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    stderr: 'inherit',
  });
  await Promise.race([
    new Promise((resolve) => child.stdout.once('data', resolve)),
    child.then(() => {
      throw new Error(`${program} has ended by itself`);
    }),
  ]);
  await new Promise((resolve) => setTimeout(resolve, settled));
  const gone = new Promise((resolve) => child.once('exit', () => resolve(performance.now())));
  const startedAt = performance.now();
  child.kill(signal);
  const ms = (await gone) - startedAt;
  const { stdout, timedOut } = await child;
  if (timedOut) throw new Error(`${program} was killed after ${LIMIT} ms`);
  return { ms, stdout };
}

export default async function gone(isSmallest) {
  const rows = [];
  for (const count of isSmallest ? [2] : Object.keys(SAMPLES).map(Number)) {
    const samples = [];
    for (let index = 0; index < (isSmallest ? 1 : SAMPLES[count]); index++) {
      const library = await timeToGone('gone.js', count);
      const destroyed = await timeToGone('gone-destroy.js', count);
      if (library.stdout !== `ready\n${count} cleaned up`) throw new Error(`of ${count} workers: ${library.stdout}`);
      const killed = await timeToGone('gone.js', count, 'SIGKILL');
      samples.push({ 'worker-atexit': library.ms, 'pool.destroy()': destroyed.ms, SIGKILL: killed.ms });
    }
    const figures = medians(samples);
    const value = figures['worker-atexit'] / figures['pool.destroy()'];
    rows.push({ row: `${count} threads`, figures, target: { what: 'ratio', value, most: TARGETS[count] }, samples });
  }
  return {
    about: 'SIGTERM to the process being gone: every worker cleans up, beside pool.destroy(), and SIGKILL',
    unit: 'ms',
    rows,
  };
}
