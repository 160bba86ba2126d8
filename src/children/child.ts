/**
 * One worker as its parent knows it: a record, and the two machines that move it. `contact` is how the worker can be
 * reached, `task` what it has to do with a shutdown. Every change of either is a line in a table, made by {@link step}.
 */
import type { MessagePort, Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { clearTimeout } from '../platform.ts';
import type { WorkerReport } from '../report/report.ts';
import type { Table } from '../table/cells.ts';
import type { AckMessage } from '../wire/messages.ts';
import type { Order, Registration } from './terms.ts';

/**
 * `seen`: this thread knows of the worker, and has no way to it. `invited`: it was told where to link up, and its answer
 * is awaited. `slotted`: its slot is known. `linked`: so is its port. `closed`: its own code has closed the port, and the
 * slot is the only way. `gone`: its thread has ended.
 */
export type Contact = 'seen' | 'invited' | 'slotted' | 'linked' | 'closed' | 'gone';

/** `idle`: nothing is registered in it, as far as its parent has looked. The last four: what became of it. */
export type TaskState = 'idle' | 'joined' | 'ordered' | Settled;

export type Settled = 'acked' | 'failed' | 'timed-out' | 'lost';

type Moves<State extends string> = { readonly [from in State]?: State };

const CONTACT = {
  /** Its parent has sent it an invitation. */
  invited: { seen: 'invited' },
  /** It has answered that, was refused it, or has had its time. */
  answered: { invited: 'seen' },
  slotFound: { seen: 'slotted', invited: 'slotted' },
  /** Its parent has taken the link: a compare-and-set on the slot's cell. */
  linkTaken: { slotted: 'linked', closed: 'linked' },
  portClosed: { linked: 'closed' },
  /** It has exited, its port was closed after that, or its loop's times or a message's way tell that it is gone. */
  left: { seen: 'gone', invited: 'gone', slotted: 'gone', linked: 'gone', closed: 'gone' },
} as const satisfies Record<string, Moves<Contact>>;

/** An ack decides, whenever it comes. */
const ackAs = <State extends 'acked' | 'failed'>(state: State) =>
  ({ joined: state, ordered: state, acked: state, failed: state, 'timed-out': state, lost: state }) as const;

const TASK = {
  /** Something is registered in it. */
  joined: { idle: 'joined' },
  /** By a collection. A worker that had ended by itself, and acked that, may live on and be ordered after it. */
  ordered: { joined: 'ordered', acked: 'ordered', failed: 'ordered' },
  /** On its port, or by its slot where no ack is delivered. */
  acked: ackAs('acked'),
  failed: ackAs('failed'),
  'timed-out': { ordered: 'timed-out' },
  lost: { idle: 'lost', joined: 'lost', ordered: 'lost' },
} as const satisfies Record<string, Moves<TaskState>>;

export type ChildEvent = keyof typeof CONTACT | keyof typeof TASK;

/** What a worker has to do with the shutdown that runs; dropped as a whole when that is over. */
export interface Task {
  state: TaskState;
  /** The collection that has ordered it; 0 while none has. */
  epoch: number;
  orderedAt: number;
  /** It was ordered while the event loop no longer turned. */
  isOrderedSync: boolean;
  /** Its order, where it was ordered alone. */
  alone: Order | undefined;
  /** It was there when the shutdown began, or came in the middle of it. */
  isPresent: boolean;
  /** It had nothing to do any more when the shutdown began. */
  wasThrough: boolean;
  timer: NodeJS.Timeout | undefined;
  ack: AckMessage | undefined;
  ackMs: number | undefined;
  /** Without an ack: what is known of why. */
  diagnosis: string | undefined;
  /** It was terminated, and is still there: it is in native code. */
  isNative: boolean;
  /** What was known of the workers below it when it was given up, since their slots go with it. */
  below: readonly WorkerReport[] | undefined;
  /** What it said has been logged. */
  isTold: boolean;
}

export interface Child {
  readonly threadId: number;
  contact: Contact;
  task: Task;
  /** The last task's epoch, whose ack may come when that is over. */
  lastEpoch: number;
  /** When that was over: ms of `now()`. */
  lastOverAt: number;
  /** The Worker, where this thread has made it. */
  seen: WeakRef<Worker> | undefined;
  /** The Worker, while it is registered or has a slot here. */
  worker: Worker | undefined;
  registration: Registration | undefined;
  wasInvited: boolean;
  invitation: Promise<void> | undefined;
  slot: number | undefined;
  table: Table | undefined;
  /** Its slot was freed. */
  isReleased: boolean;
  port: MessagePort | undefined;
  /** Whether the last message to it had somewhere to go; undefined where that is not told. */
  isSent: boolean | undefined;
  /** The shutdown is over, and it is to be told. */
  isOverDue: boolean;
  /** A message that does not fit is logged once a worker. */
  hasComplained: boolean;
  /** Its 'exit' is listened to although it has no slot. */
  isWatched: boolean;
}

/** A worker whose slot is known: it can be ordered. */
export interface Slotted extends Child {
  slot: number;
  table: Table;
}

export const createTask = (): Task => ({
  state: 'idle',
  epoch: 0,
  orderedAt: 0,
  isOrderedSync: false,
  alone: undefined,
  isPresent: false,
  wasThrough: false,
  timer: undefined,
  ack: undefined,
  ackMs: undefined,
  diagnosis: undefined,
  isNative: false,
  below: undefined,
  isTold: false,
});

export const createChild = (threadId: number): Child => ({
  threadId,
  contact: 'seen',
  task: createTask(),
  lastEpoch: 0,
  lastOverAt: 0,
  seen: undefined,
  worker: undefined,
  registration: undefined,
  wasInvited: false,
  invitation: undefined,
  slot: undefined,
  table: undefined,
  isReleased: false,
  port: undefined,
  isSent: undefined,
  isOverDue: false,
  hasComplained: false,
  isWatched: false,
});

/** What has happened to a worker. False where that changes nothing in its state. */
export function step(child: Child, event: ChildEvent): boolean {
  const contact = isIn(CONTACT, event) ? next(CONTACT[event], child.contact) : undefined;
  const task = isIn(TASK, event) ? next(TASK[event], child.task.state) : undefined;
  if (contact) child.contact = contact;
  if (task) child.task.state = task;
  return (contact ?? task) !== undefined;
}

const isIn = <T extends object>(table: T, event: PropertyKey): event is keyof T => Object.hasOwn(table, event);

const next = <State extends string>(moves: Moves<State>, from: State): State | undefined => moves[from];

/** The collection is over: what the worker had to do with it is dropped. */
export function dropTask(child: Child): void {
  clearTimeout(child.task.timer);
  child.lastEpoch = child.task.epoch;
  child.lastOverAt = now();
  child.task = createTask();
}

export const hasSlot = (child: Child): child is Slotted => child.slot !== undefined && !child.isReleased;

/** Whether it is known what became of the worker: by its ack, or without one. */
export const isSettled = (state: TaskState): state is Settled =>
  state === 'acked' || state === 'failed' || state === 'timed-out' || state === 'lost';

/** Whether its parent has ordered it and knows what became of it, or it is gone. */
export const isThroughWith = ({ contact, task }: Child): boolean =>
  contact === 'gone' || (task.epoch !== 0 && isSettled(task.state));
