import fc from 'fast-check';
import { expect, it } from 'vitest';
import { judge } from './chaos/oracle.ts';
import { play } from './chaos/play.ts';
import { type Program, program } from './chaos/programs.ts';
import * as runtime from './runtime.ts';

const RUNS = Number(process.env.CHAOS_RUNS ?? (runtime.name === 'node' ? 100 : 15));
const AT_ONCE = Number(process.env.CHAOS_AT_ONCE ?? 4);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** How often a program that has failed is played again while it is made smaller, since what fails may be a race. */
const TRIES = 4;
/** ms for making it smaller. */
const SHRINKING = 120_000;

/** A program that is given instead: JSON. It is played `CHAOS_RUNS` times. */
const given: Program | undefined = process.env.CHAOS_PROGRAM && JSON.parse(process.env.CHAOS_PROGRAM);

interface Failure {
  readonly index: number;
  readonly program: Program;
  readonly wrong: readonly string[];
}

async function playAll(programs: readonly Program[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  const queue = programs.map((program, index) => ({ program, index }));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const wrong = judge(next.program, await play(next.program));
      if (wrong.length > 0) failures.push({ ...next, wrong });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

/** The smallest program that fast-check finds which still fails. */
async function shrink({ index, program: original, wrong }: Failure): Promise<Failure> {
  let smallest = { index, program: original, wrong };
  const fails = async (candidate: Program): Promise<boolean> => {
    for (let tried = 0; tried < TRIES; tried++) {
      const found = judge(candidate, await play(candidate));
      if (found.length === 0) continue;
      smallest = { index, program: candidate, wrong: found };
      return false;
    }
    return true;
  };
  await fc.check(fc.asyncProperty(program, fails), {
    seed,
    path: String(index),
    numRuns: 1,
    interruptAfterTimeLimit: SHRINKING,
  });
  return smallest;
}

const tell = ({ program, wrong }: Failure, title: string): string =>
  `${title}:\n  ${wrong.join('\n  ')}\n  CHAOS_PROGRAM='${JSON.stringify(program)}' npm run test:chaos`;

it(
  `what is documented holds in ${RUNS} random programs (SEED=${seed})`,
  async () => {
    console.log(`${RUNS} random programs: SEED=${seed} CHAOS_RUNS=${RUNS} npm run test:chaos plays them again`);
    const programs = given ? Array.from({ length: RUNS }, () => given) : fc.sample(program, { seed, numRuns: RUNS });
    const failures = await playAll(programs);
    const [first] = failures;
    const texts = failures.map((failure) => tell(failure, `program ${failure.index}`));
    if (first && !given) texts.push(tell(await shrink(first), `program ${first.index}, made smaller`));
    expect(failures.length, texts.join('\n')).toBe(0);
  },
  60_000 + SHRINKING + RUNS * 5_000,
);
