import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isInvolved } from '../../src/children/account.ts';
import {
  type Child,
  type ChildEvent,
  type Contact,
  createChild,
  createTask,
  dropTask,
  hasSlot,
  isSettled,
  isThroughWith,
  step,
  type TaskState,
} from '../../src/children/child.ts';
import { at, Cell, createTable, State } from '../../src/table/cells.ts';
import { claim } from '../../src/table/slots.ts';

afterEach(() => {
  vi.useRealTimers();
});

const CONTACTS: readonly Contact[] = ['seen', 'invited', 'slotted', 'linked', 'closed', 'gone'];
const STATES: readonly TaskState[] = ['idle', 'joined', 'ordered', 'acked', 'failed', 'timed-out', 'lost'];

function createIn(contact: Contact, state: TaskState): Child {
  const child = createChild(5);
  child.contact = contact;
  child.task.state = state;
  return child;
}

/** What an event makes of each state: only the other ones, since all that is not named stays as it is. */
const CONTACT_MOVES: Partial<Record<ChildEvent, Partial<Record<Contact, Contact>>>> = {
  invited: { seen: 'invited' },
  answered: { invited: 'seen' },
  slotFound: { seen: 'slotted', invited: 'slotted' },
  linkTaken: { slotted: 'linked', closed: 'linked' },
  portClosed: { linked: 'closed' },
  left: { seen: 'gone', invited: 'gone', slotted: 'gone', linked: 'gone', closed: 'gone' },
};
const TASK_MOVES: Partial<Record<ChildEvent, Partial<Record<TaskState, TaskState>>>> = {
  joined: { idle: 'joined' },
  ordered: { joined: 'ordered', acked: 'ordered', failed: 'ordered' },
  acked: { joined: 'acked', ordered: 'acked', acked: 'acked', failed: 'acked', 'timed-out': 'acked', lost: 'acked' },
  failed: {
    joined: 'failed',
    ordered: 'failed',
    acked: 'failed',
    failed: 'failed',
    'timed-out': 'failed',
    lost: 'failed',
  },
  'timed-out': { ordered: 'timed-out' },
  lost: { idle: 'lost', joined: 'lost', ordered: 'lost' },
};
const EVENTS = [...Object.keys(CONTACT_MOVES), ...Object.keys(TASK_MOVES)] as ChildEvent[];

describe('what happens to a worker', () => {
  it.each(EVENTS)('moves its contact or its task, and never both: %s', (event) => {
    for (const contact of CONTACTS) {
      for (const state of STATES) {
        const child = createIn(contact, state);
        const moves = [CONTACT_MOVES[event]?.[contact], TASK_MOVES[event]?.[state]];
        expect([contact, state, step(child, event)]).toEqual([contact, state, moves.some((to) => to !== undefined)]);
        expect([child.contact, child.task.state]).toEqual([moves[0] ?? contact, moves[1] ?? state]);
      }
    }
  });

  it('is nothing that the tables do not have', () => {
    const child = createChild(5);
    expect(step(child, 'toString' as ChildEvent)).toBe(false);
    expect(child).toEqual(createChild(5));
  });
});

describe('a worker of which nothing more is known than its thread', () => {
  const child = createChild(5);

  it('is seen, and has nothing to do', () => {
    expect(child).toMatchObject({ threadId: 5, contact: 'seen', lastEpoch: 0 });
    expect(child).toMatchObject({ wasInvited: false, isReleased: false, hasComplained: false, isWatched: false });
    expect(child.task).toMatchObject({ state: 'idle', epoch: 0, orderedAt: 0 });
    expect(child.task).toMatchObject({ isOrderedSync: false, isPresent: false, isTold: false });
    expect([child.task.ack, child.task.alone, child.task.below, child.port, child.slot]).toEqual(Array(5));
  });

  it('has a slot once that is known, until it is freed', () => {
    expect(hasSlot(child)).toBe(false);
    Object.assign(child, { slot: 0, table: createTable() });
    expect(hasSlot(child)).toBe(true);
    child.isReleased = true;
    expect(hasSlot(child)).toBe(false);
  });
});

it('what became of a worker is one of four', () => {
  expect(STATES.filter(isSettled)).toEqual(['acked', 'failed', 'timed-out', 'lost']);
});

it.each([
  ['linked', 'ordered', 1, false],
  ['linked', 'acked', 1, true],
  ['linked', 'timed-out', 1, true],
  // It has ended by itself, and may live on.
  ['linked', 'acked', 0, false],
  ['linked', 'joined', 0, false],
  ['closed', 'ordered', 1, false],
  ['gone', 'ordered', 1, true],
  ['gone', 'idle', 0, true],
] as const)('a worker that is %s and has %s is through with collection %i: %s', (contact, state, epoch, isThrough) => {
  const child = createIn(contact, state);
  child.task.epoch = epoch;
  expect(isThroughWith(child)).toBe(isThrough);
});

it('a task is dropped as a whole, but for its number and its timer', () => {
  vi.useFakeTimers();
  const child = createIn('linked', 'failed');
  const late = vi.fn();
  Object.assign(child.task, { epoch: 7, isTold: true, timer: setTimeout(late, 10) });
  dropTask(child);
  vi.advanceTimersByTime(20);
  expect(late).not.toHaveBeenCalled();
  expect(child).toMatchObject({ contact: 'linked', lastEpoch: 7 });
  expect(child.task).toEqual(createTask());
});

describe('a worker that was there when the shutdown began, and was not ordered', () => {
  const { port1, port2 } = new MessageChannel();
  port1.close();

  function createPresent(state: number, isLinked: boolean, wasThrough = true): boolean {
    const table = createTable();
    const slot = claim(table, 5, 0) ?? expect.unreachable();
    Atomics.store(table.cells, at(slot, Cell.state), state);
    const child = { ...createChild(5), slot, table, port: isLinked ? port2 : undefined };
    Object.assign(child.task, { isPresent: true, wasThrough });
    return isInvolved(child);
  }

  it('is in the report where it has acked by itself, and the ack has no way', () => {
    expect(createPresent(State.acked, false)).toBe(true);
    expect(createPresent(State.acked, true)).toBe(false);
  });

  it('is not in the report where it has registered something since, for the next shutdown', () => {
    expect(createPresent(State.joined, true)).toBe(false);
    expect(createPresent(State.joined, false)).toBe(false);
    expect(createPresent(State.idle, false)).toBe(false);
  });

  it('is in the report where nothing came of it at all', () => {
    expect(createPresent(State.joined, true, false)).toBe(true);
  });
});
