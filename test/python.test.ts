import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import * as runtime from './runtime.ts';

/** Elsewhere it is the same code of the library that decides on the order. */
const PROGRAMS = runtime.name === 'node' ? 240 : 20;
const AT_ONCE = 4;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const file = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));

/** Numbers from 0 to 1, always the same ones for a seed (xorshift). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function createProgram(random: () => number): object {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const behaviour = () => ({
    ...(random() < 0.2 && { fails: true }),
    ...(random() < 0.15 && { unregister: pick(NAMES) }),
  });
  const step = () =>
    random() < 0.8
      ? { do: 'register', name: pick(NAMES), args: pick([[], ['x'], [1, 'y'], [1, 2, 3]]) }
      : { do: 'unregister', name: pick(NAMES) };
  return {
    functions: Object.fromEntries(NAMES.map((name) => [name, behaviour()])),
    steps: Array.from({ length: Math.floor(random() * 14) }, step),
    // The end of the file, sys.exit() with a code, or an uncaught exception.
    end: pick([null, null, 0, 1, 3, 42, 'raise']),
  };
}

async function play(command: string, args: readonly string[], program: string, json: string) {
  const options = { reject: false, timeout: 20_000, killSignal: 'SIGKILL' } as const;
  const { stdout, exitCode } = await execa(command, [...args, file(program), json], options);
  return { called: stdout.split('\n'), exitCode };
}

it(`calls the same handlers in the same order, with the same exit code, as CPython, in ${PROGRAMS} random programs`, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31) || 1;
  const random = createRandom(seed);
  const programs = Array.from({ length: PROGRAMS }, () => JSON.stringify(createProgram(random)));
  // What `python3` stands for may be a script that looks for it; it is looked for once.
  const { stdout: python3 } = await execa('python3', ['-c', 'import sys; print(sys.executable)'], { timeout: 20_000 });
  let called = 0;
  const worker = async (): Promise<void> => {
    for (let program = programs.pop(); program !== undefined; program = programs.pop()) {
      const python = await play(python3, [], 'atexit.py', program);
      const here = await play(runtime.command, runtime.args, 'atexit.js', program);
      expect(here, `SEED=${seed} ${program}`).toEqual(python);
      called += python.called.length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // The programs did call something.
  expect(called).toBeGreaterThan(PROGRAMS * 2);
}, 300_000);
