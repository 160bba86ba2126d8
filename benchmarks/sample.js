/** One sample: a program is run in a process of its own, cold, and prints what it has measured as JSON. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** A program that hangs is killed by then, and the benchmark fails: ms. */
export const LIMIT = 120_000;

export const programPath = (name) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));

/** Runs a program of `programs/`; `nodeOptions` are for Node itself. */
export async function sample(program, args = [], nodeOptions = []) {
  return sampleOf(process.execPath, [...nodeOptions, programPath(program), ...args.map(String)]);
}

/** Runs any command that prints JSON. */
export async function sampleOf(command, args) {
  const { stdout } = await execa(command, args, { timeout: LIMIT, killSignal: 'SIGKILL', stderr: 'inherit' });
  return JSON.parse(stdout);
}

export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of each figure of many samples. */
export function medians(samples) {
  return Object.fromEntries(Object.keys(samples[0]).map((key) => [key, median(samples.map((taken) => taken[key]))]));
}
