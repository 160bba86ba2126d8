/** How workers become known: links that come, slots whose link is still on its way, and invitations. */
import threads, { type MessagePort, type Worker } from 'node:worker_threads';
import { sharesMemory } from '../shared-memory.ts';
import { at, Cell, createTable, Linked, State, type Table } from '../table/cells.ts';
import { settleLink } from '../table/moves.ts';
import { childrenOf } from '../table/slots.ts';
import type { LinkMessage } from '../wire/messages.ts';
import { KEY, VERSION } from '../wire/reason.ts';
import { isLinkMessage, isTagged } from '../wire/validators.ts';
import { type Child, type Slotted, step } from './child.ts';
import { isAlive, type Known } from './known.ts';

interface Place {
  readonly table: Table;
  readonly threadId: number;
  /** Where this thread's workers are counted as they join; undefined if they are not. */
  slot(): number | undefined;
}

interface Listeners {
  log(message: string): void;
  /** A worker's slot is known from now on. */
  onSlot(child: Slotted): void;
  /** A worker's link is taken, and this is its port. */
  onLink(child: Slotted, port: MessagePort): void;
  /** A worker has ended before its link arrived; this is its slot. */
  onLost(child: Child, slot: number): void;
  /** A worker has answered its invitation, or nobody waits for that any more. */
  onAnswer(child: Child): void;
}

export interface Arrival {
  /** A message from another thread; true if it was a worker's link. */
  accept(message: unknown, source: number): boolean;
  /** Looks for workers that have joined since that was done last. Whether there may be one. */
  findNews(): boolean;
  /** A worker that has joined, and whose link was not yet delivered, is waited for as well. */
  findUndelivered(only?: number): void;
  invite(worker: Worker): void;
  isAwaitingAnswers(): boolean;
  /** Whoever has not answered by now is blocked, or has not loaded the library and was parked. */
  giveUpInvited(): void;
}

export function createArrival({ table, threadId, slot: ownSlot }: Place, known: Known, listeners: Listeners): Arrival {
  const { log } = listeners;
  /** How many workers had joined when they were looked for last. */
  let joins: number | undefined = 0;

  function find(thread: number, slot: number, slotTable: Table): Slotted {
    const child = known.slot(thread, slot, slotTable);
    listeners.onSlot(child);
    return child;
  }

  function findUndelivered(only?: number): void {
    for (const { index, threadId: thread, state } of childrenOf(table, threadId)) {
      if (known.slotted(thread) || (only !== undefined && only !== thread)) continue;
      const child = known.get(thread);
      if (child?.seen && !isAlive(child)) listeners.onLost(child, index);
      else if (state !== State.idle) find(thread, index, table);
    }
  }

  /** Why a link is not taken; undefined if it may be. */
  function refusalOf({ slot }: LinkMessage, { cells }: Table, source: number): string | undefined {
    // The thread that Node names must be the one whose slot this is.
    if (cells.length !== table.cells.length || Atomics.load(cells, at(slot, Cell.thread)) !== source) {
      return `dropped a link from worker ${source}, which is not the owner of its slot`;
    }
    return known.slotted(source)?.port && `dropped a second link from worker ${source}`;
  }

  function take(message: LinkMessage, source: number): void {
    const { slot, port, buffer } = message;
    const slotTable = buffer === undefined ? table : createTable(buffer);
    const refusal = refusalOf(message, slotTable, source);
    if (refusal !== undefined) {
      log(refusal);
      return;
    }
    if (settleLink(slotTable, slot, Linked.yes) === Linked.never) {
      // Its worker has said by itself what was to be said, and ends.
      port.close();
      return;
    }
    Atomics.notify(slotTable.cells, at(slot, Cell.linked));
    listeners.onLink(known.slotted(source) ?? find(source, slot, slotTable), port);
  }

  return {
    accept(message, source) {
      if (!isTagged(message)) return false;
      const version = message[KEY];
      if (version !== VERSION) {
        log(
          `worker ${source} uses another version of the library (protocol ${version}, here ${VERSION}), and works alone`,
        );
      } else if (message.ping === true) {
        // Somebody asks whether this thread is still there.
      } else if (isLinkMessage(message)) take(message, source);
      else log(`dropped a link from worker ${source} that does not fit the protocol`);
      return true;
    },

    findNews() {
      const slot = ownSlot();
      const before = joins;
      joins = slot === undefined ? undefined : Atomics.load(table.cells, at(slot, Cell.joins));
      if (joins !== undefined && joins === before) return false;
      findUndelivered();
      return true;
    },

    findUndelivered,

    /**
     * A worker that was made before this library was loaded here could not link up. It is told where to, and reads that as
     * soon as its event loop turns: a parked one when it is woken.
     */
    invite(worker) {
      const child = known.of(worker);
      if (child.wasInvited || !sharesMemory) return;
      child.wasInvited = true;
      if (worker.threadId === -1 || child.seen || !step(child, 'invited')) return;
      const answered = (): void => {
        if (!step(child, 'answered')) return;
        findUndelivered(child.threadId);
        listeners.onAnswer(child);
      };
      // It is refused where nothing listens: that worker has not loaded the library.
      const answer = threads.postMessageToThread(child.threadId, { [KEY]: VERSION, invite: table.buffer });
      child.invitation = answer.then(answered, answered);
    },

    isAwaitingAnswers: () => [...known].some(({ contact }) => contact === 'invited'),

    giveUpInvited() {
      for (const child of known) step(child, 'answered');
    },
  };
}
