import type { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it } from 'vitest';
import { step } from '../../src/children/child.ts';
import { createKnown, isAlive, type Known } from '../../src/children/known.ts';
import { createRegistration } from '../../src/children/terms.ts';
import { createTable } from '../../src/table/cells.ts';

const table = createTable();
const createWorker = (threadId = 5) => ({ threadId }) as unknown as Worker & { threadId: number };

let known: Known;
beforeEach(() => {
  known = createKnown();
});

/** A Worker that this thread has made. */
function see(worker: Worker) {
  const child = known.of(worker);
  child.seen = new WeakRef(worker);
  known.keep(child);
  return child;
}

describe('a record', () => {
  it('is one a Worker, and is found by the id of its thread once it is kept', () => {
    const worker = createWorker();
    const child = known.of(worker);
    expect([known.of(worker) === child, known.get(5), known.size]).toEqual([true, undefined, 0]);
    known.keep(child);
    expect([known.get(5), known.size, [...known]]).toEqual([child, 1, [child]]);
    worker.threadId = -1;
    expect([known.of(worker) === child, child.threadId]).toEqual([true, 5]);
  });

  it('is the one that the slot was found for, if no other Worker has it', () => {
    const child = known.slot(5, 2, table);
    const { threadId, slot, contact, task } = child;
    expect([threadId, slot, child.table === table, contact, task.state]).toEqual([5, 2, true, 'slotted', 'joined']);
    const worker = createWorker();
    expect(known.of(worker) === child).toBe(true);
    child.worker = worker;
    expect(known.of(createWorker()) === child).toBe(false);
    const other = see(createWorker(6));
    expect(known.of(createWorker(6)) === other).toBe(false);
  });

  it('has the Worker that was seen, once its slot is found', () => {
    const worker = createWorker();
    const child = see(worker);
    expect(child.worker).toBeUndefined();
    expect(known.slot(5, 2, table) === child).toBe(true);
    expect(child.worker).toBe(worker);
    expect([known.slotted(5) === child, known.slotted(6), known.allSlotted().length]).toEqual([true, undefined, 1]);
  });

  it('is slotted as long as its slot is not freed', () => {
    const child = known.slot(5, 2, table);
    child.isReleased = true;
    expect([known.slotted(5), known.allSlotted()]).toEqual([undefined, []]);
  });
});

describe('what is forgotten', () => {
  it('is who has no slot, is not registered, and was not seen', () => {
    const child = known.slot(5, 2, table);
    known.tidy(child);
    expect(known.get(5) === child).toBe(true);
    child.isReleased = true;
    child.registration = { ...createRegistration(), isActive: true };
    known.tidy(child);
    expect(known.get(5) === child).toBe(true);
    child.registration.isActive = false;
    known.tidy(child);
    expect([known.get(5), known.size]).toEqual([undefined, 0]);
  });

  it('is the Worker of a thread that is gone, and not that it was there', () => {
    const worker = createWorker();
    const child = see(worker);
    child.registration = createRegistration();
    known.slot(5, 2, table);
    child.isReleased = true;
    known.tidy(child);
    expect([known.get(5) === child, child.worker]).toEqual([true, undefined]);
    step(child, 'left');
    known.tidy(child);
    const left = known.get(5);
    expect(left).toMatchObject({ threadId: 5, contact: 'gone', seen: child.seen });
    expect([left?.registration, left?.worker, left?.slot]).toEqual([undefined, undefined, undefined]);
    expect(known.of(worker) === child).toBe(true);
  });

  it('is not a record that another has taken the place of', () => {
    const child = known.slot(5, 2, table);
    Object.assign(child, { isReleased: true, worker: createWorker() });
    const other = known.of(createWorker());
    other.worker = createWorker();
    known.keep(other);
    known.keep(see(createWorker(6)));
    known.tidy(child);
    expect(known.size).toBe(2);
  });
});

it('a thread that was gone and is here again is a new worker, with what was said of its Worker', () => {
  const worker = createWorker();
  const child = see(worker);
  child.registration = { ...createRegistration(), terms: { name: 'renderer' } };
  step(child, 'left');
  known.tidy(child);
  const again = known.slot(5, 3, table);
  expect(again === child).toBe(false);
  expect([again.contact, again.slot, again.worker === worker]).toEqual(['slotted', 3, true]);
  expect(again.registration).toBe(child.registration);
  expect(known.of(worker) === again).toBe(true);
});

it('a Worker is alive until its thread has no id', () => {
  const worker = createWorker();
  const child = known.of(worker);
  expect(isAlive(child)).toBe(false);
  child.seen = new WeakRef(worker);
  expect(isAlive(child)).toBe(true);
  worker.threadId = -1;
  expect(isAlive(child)).toBe(false);
});
