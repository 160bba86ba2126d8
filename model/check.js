// Checks the model of the shutdown protocol: as it is it must hold, and with any one rule broken it must fail.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** A checker that takes longer is killed, and the check fails: s of a processor, which a busy machine does not shorten. */
const LIMIT = 120;
/** And whatever happens: ms. */
const LAST = 1_200_000;
/** What a checker may use of memory: MB. */
const MEMORY = 1900;

const ASYNCHRONOUS = 1;
const SYNCHRONOUS = 2;
const TAKE_OVER = 4;

const ALL_ROUTES = ASYNCHRONOUS | SYNCHRONOUS | TAKE_OVER;
const FAULTS = { CRASHES: 1, HANGS: 1, DEADLINES: 1 };

/** The process survives the first shutdown. */
const again = { WORKERS: 1, JOINERS: 0, SHUTDOWNS: 2, AGAIN: 1 };
const rests = { WORKERS: 1, JOINERS: 1, RESTS: 1, ROUTES: ASYNCHRONOUS };

/** What is bounded in each. Without `DEADLINES`, whoever waits for what never comes waits for ever, and that is seen. */
const SCENES = {
  'three workers, one joins late; the parent blocks': { WORKERS: 3, ROUTES: SYNCHRONOUS, JOINERS: 1 },
  'three workers; the parent awaits': { WORKERS: 3, ROUTES: ASYNCHRONOUS, JOINERS: 0 },
  'two workers, one ends by itself; every route': { WORKERS: 2, ROUTES: ALL_ROUTES, JOINERS: 0, OWN_ENDS: 1 },
  'two workers, one retires; the parent awaits': { WORKERS: 2, ROUTES: ASYNCHRONOUS, JOINERS: 0, RETIRES: 1 },
  'two workers, one retires, one ends by itself; the parent blocks': {
    WORKERS: 2,
    ROUTES: SYNCHRONOUS,
    JOINERS: 0,
    RETIRES: 1,
    OWN_ENDS: 1,
  },
  'two workers, a crash, a hang; the parent blocks': {
    WORKERS: 2,
    ROUTES: SYNCHRONOUS,
    JOINERS: 0,
    FAILURES: 1,
    ...FAULTS,
  },
  'one worker that joins late, a crash, a hang; every route': { WORKERS: 1, ROUTES: ALL_ROUTES, ...FAULTS },
  'a second shutdown, the worker registers again or not; the parent awaits': { ...again, ROUTES: ASYNCHRONOUS },
  'the same, and an ack may be there, unread, when its time is over': { ...again, ROUTES: ASYNCHRONOUS, UNREAD: 1 },
  'the same, without that; the parent blocks in the second': { ...again, ROUTES: ASYNCHRONOUS | SYNCHRONOUS },
  'the same; the other driver takes over in the second': { ...again, ROUTES: ASYNCHRONOUS | TAKE_OVER },
  'a shutdown, and the process lives on; the worker joins late': rests,
  'the same, and it registers again or not': { ...rests, AGAIN: 1 },
};

const small = { WORKERS: 2, ROUTES: ALL_ROUTES, JOINERS: 0 };
const BREAKS = {
  BREAK_RUN_AGAIN: small,
  BREAK_TAKE_OVER_REPEATS: small,
  BREAK_FORGET_UNDELIVERED: small,
  BREAK_SLOT_BEFORE_ACK: small,
  BREAK_SLOT_AFTER_PORT: small,
  BREAK_RING_BEFORE_SLOT: small,
  BREAK_RUNG_AFTER_LOOK: small,
  BREAK_LEAVE_EARLY: { ...small, OWN_ENDS: 1 },
  BREAK_TAKE_WITHDRAWN: { ...small, ROUTES: ASYNCHRONOUS },
  BREAK_KEEP_SLOT: { ...small, WORKERS: 1, ...FAULTS },
  BREAK_TAKE_OVER_EPOCH: { ...small, WORKERS: 1 },
  BREAK_STALE_ACK: { ...again, ROUTES: ASYNCHRONOUS, UNREAD: 1 },
  BREAK_NAMELESS_ACK: { ...again, ROUTES: ASYNCHRONOUS, UNREAD: 1 },
  BREAK_CLEAR_LATE: { ...again, ROUTES: ASYNCHRONOUS | SYNCHRONOUS },
  BREAK_WOKEN_BY_LAST: { ...again, ROUTES: ASYNCHRONOUS },
  BREAK_REST_ALL: { ...again, ROUTES: ASYNCHRONOUS },
  BREAK_KEEP_ACKED: { ...again, ROUTES: ASYNCHRONOUS },
  BREAK_COUNT_FIRST: { ...again, ROUTES: ASYNCHRONOUS | SYNCHRONOUS },
  BREAK_TELL_UNORDERED: { ...again, ROUTES: ASYNCHRONOUS },
  BREAK_LEAVE_UNREAD: { ...again, ROUTES: ASYNCHRONOUS },
  BREAK_OVER_UNHEARD: rests,
  BREAK_LINK_AFTER_OVER: rests,
  'nobody fires the deadline': { ...small, WORKERS: 1, ...FAULTS, DEADLINES: 0 },
};

const model = fileURLToPath(new URL('shutdown.pml', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'worker-atexit-model-'));
const run = (command, args) => execa(command, args, { cwd: folder, timeout: LAST, killSignal: 'SIGKILL' });

/** Resolves to what the checker says: how many states it has seen, and what does not hold. */
async function check(defines) {
  await run('spin', ['-a', ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`), model]);
  // The compiler takes longer over its optimizations than they save.
  await run('gcc', ['-O0', '-w', '-DSAFETY', `-DMEMLIM=${MEMORY}`, '-o', 'pan', 'pan.c']);
  const { stdout } = await run('sh', ['-c', `ulimit -t ${LIMIT}; exec ./pan -m100000 -n -w22`]);
  const [, states] = /(\d+) states, stored/.exec(stdout) ?? [];
  const [, errors] = /errors: (\d+)/.exec(stdout) ?? [];
  // A search that was cut short has proved nothing.
  if (states === undefined || errors === undefined || /max search depth too small|reached -DMEMLIM/.test(stdout)) {
    throw new Error(`the checker gave up:\n${stdout}`);
  }
  const [, failure] = /^pan:\d+: (.*)$/m.exec(stdout) ?? [];
  return { states: Number(states), failure: errors === '0' ? undefined : (failure ?? 'an error') };
}

async function tell(name, defines, isBroken) {
  const startedAt = Date.now();
  const { states, failure } = await check(defines);
  const isRight = (failure !== undefined) === isBroken;
  const result = failure === undefined ? 'holds' : 'fails';
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${isRight ? 'ok' : 'NOT OK'}  ${result}  ${states} states  ${seconds} s  ${name}`);
  if (failure !== undefined) console.log(`        ${failure}`);
  return isRight;
}

const installed = await execa('spin', ['-V'], { reject: false, timeout: LAST });
if (installed.failed) {
  console.error('spin is not installed: apt-get install spin (Debian, Ubuntu), or brew install spin (macOS)');
  process.exit(1);
}

const results = [];
try {
  for (const [name, defines] of Object.entries(SCENES)) results.push(await tell(name, defines, false));
  for (const [name, defines] of Object.entries(BREAKS)) {
    results.push(await tell(name, name.startsWith('BREAK') ? { ...defines, [name]: 1 } : defines, true));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const wrong = results.filter((isRight) => !isRight).length;
console.log(wrong === 0 ? 'The protocol holds, and each broken rule is seen.' : `${wrong} of ${results.length} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
