import { EventEmitter } from 'node:events';
import type { Worker } from 'bullmq';
import type { Worker as Worker5 } from 'bullmq5';
import { expect, expectTypeOf, it } from 'vitest';
import { type BullWorker, registerWorker } from '../../src/bullmq.ts';

const INVALID = 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT';

/** As much of a Worker as is looked at before it is used. */
const createWorker = (more: object = {}) =>
  Object.assign(new EventEmitter(), {
    name: 'queue',
    closing: undefined,
    connection: { packageVersion: '5.81.5' },
    pause: async () => {},
    close: async () => {},
    cancelAllJobs: () => {},
    callProcessJob: async () => {},
    ...more,
  });

function refusal(...args: readonly unknown[]): { readonly code: unknown; readonly message: string } {
  try {
    Reflect.apply(registerWorker, undefined, args);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) return { code: error.code, message: error.message };
  }
  throw new Error('it was not refused');
}

it('takes the Workers of both majors, and returns them as they are', () => {
  expectTypeOf<Worker>().toExtend<BullWorker>();
  expectTypeOf<Worker5>().toExtend<BullWorker>();
  const worker = createWorker();
  expect(registerWorker(worker)).toBe(worker);
  expect(registerWorker(worker, { name: 'again' })).toBe(worker);
});

it.each([
  ['nothing', undefined, 'it is undefined'],
  ['a queue’s name', 'emails', 'it is "emails"'],
  ['a Worker of node:worker_threads', { terminate: () => {} }, 'it is an object without pause()'],
  ['one of BullMQ 4', createWorker({ connection: { packageVersion: '4.17.0' } }), 'it is one of BullMQ 4.17.0'],
  [
    'one of BullMQ 7',
    createWorker({ connection: undefined, backend: { version: '7.0.0' } }),
    'it is one of BullMQ 7.0.0',
  ],
  [
    'one too old to cancel a job',
    createWorker({ cancelAllJobs: undefined }),
    'it is an object without cancelAllJobs()',
  ],
  ['one with sandboxes of another kind', createWorker({ childPool: {} }), 'the sandboxes of this one are not known'],
])('refuses %s', (_, worker, message) => {
  expect(refusal(worker)).toEqual({
    code: INVALID,
    message: expect.stringMatching(/^worker must be a Worker of BullMQ 5.81 or later, or of BullMQ 6; /),
  });
  expect(refusal(worker).message).toContain(message);
});

it.each([
  [{ name: 1 }, INVALID, 'options.name must be a string'],
  [{ timeout: -1 }, INVALID, 'options.timeout must be a number of milliseconds'],
  [{ onOverrun: 'kill' }, INVALID, `options.onOverrun must be 'cancel' or 'leave'; it is "kill"`],
  [
    { force: true },
    'ERR_WORKER_ATEXIT_UNKNOWN_OPTION',
    'options has no option "force"; it has name, timeout, onOverrun',
  ],
])('refuses the options %j', (options, code, message) => {
  expect(refusal(createWorker(), options)).toEqual({ code, message: expect.stringContaining(message) });
});
