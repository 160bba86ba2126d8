/**
 * The links down: this thread's workers, told to shut down and asked for their acks. A worker is known by its slot from
 * its first registration on, by its port once its link was delivered, and by its Worker where this thread made it.
 */
import threads, { type MessagePort, type Worker } from 'node:worker_threads';
import { LONGEST, now } from '../clock.ts';
import { whenWritten, writeDirectly } from '../output/output.ts';
import { hearErrors, ignoreErrors } from '../output/silence.ts';
import { publishWorkers } from '../report/diagnostics.ts';
import type { WorkerReport } from '../report/report.ts';
import { at, Cell, createTable, Header, Linked, Phase, State, type Table } from '../table/cells.ts';
import { orderOrphans } from '../table/orders.ts';
import {
  childrenOf,
  entrustingOf,
  hasJoined,
  isThrough,
  lose,
  release,
  rest,
  slotOf,
  stateOf,
} from '../table/slots.ts';
import { DELIVERY, PATIENCE, POLL, PROBE, RELAY, RETIREMENT } from '../times.ts';
import type { PrintMessage } from '../wire/messages.ts';
import { KEY, VERSION } from '../wire/reason.ts';
import { describe, isAck, isLinkMessage, isPrint, isTagged } from '../wire/validators.ts';
import { descendants, diagnosisOf, reportOf, withoutAck } from './account.ts';
import { createLink, type Link } from './child.ts';
import { isClosed, isHearing, type Order, post } from './order.ts';
import { createRegistered, describeEnd, listenForError } from './registered.ts';
import type { FailedWorker, Terms } from './terms.ts';

export interface Links {
  /** A shutdown begins, here or in the whole tree: who is there now is part of it, whatever becomes of them until then. */
  begin(): void;
  /** Takes note of a Worker that this thread has made. */
  saw(worker: Worker): void;
  /** A message from another thread; true if it was a worker's link. */
  accept(message: unknown, source: number): boolean;
  setTerms(worker: Worker, terms: Terms): void;
  /** Lets one registered worker clean up, and does not end it. */
  cleanUp(worker: Worker): Promise<void> | undefined;
  forget(worker: Worker): void;
  /** Lets one registered worker clean up, ends it, and resolves to what became of it. */
  shutdown(worker: Worker): Promise<WorkerReport>;
  /** Orders every worker to shut down. What it returns settles when none is left to wait for; undefined if none is. */
  order(order: Order): Promise<void> | undefined;
  /** For a thread whose event loop no longer turns: orders again, and blocks until the acks are in or `order.until`. */
  block(order: Order, listeners: BlockListeners): void;
  /** Settles once what the workers have printed is written; undefined if it is. */
  flush(): Promise<unknown> | undefined;
  /** Gives up on the workers that have not acked, and terminates them. True if there was one. */
  terminateSilent(): boolean;
  /** The registered workers that were not clean, and whose owner wants to hear of it. Each is told once. */
  failures(): FailedWorker[];
  /** Sees to it that `onGone` is called for a thread that may have no link. */
  watchExit(threadId: number): void;
  /** Whether a Worker that this thread has made is alive, linked or not. */
  hasLiving(): boolean;
  /** What became of each, and whether that was logged before. */
  reports(): { readonly workers: WorkerReport[]; readonly told: ReadonlySet<WorkerReport> };
  /** Whether a worker has acked, and stands guard. */
  hasAcked(): boolean;
  /** Whether a worker has registered anything. */
  hasJoined(): boolean;
  /** The shutdown is over and this thread lives on: every worker that does is as new. */
  over(): void;
  /** Terminates the registered workers that are in no pool. */
  terminate(): Promise<unknown>;
  /** Whether nothing is known of a worker of this thread: neither of one that has joined, nor of one that may. */
  hasNone(): boolean;
  readonly size: number;
}

/** What is to be done while a thread blocks for its workers. */
interface BlockListeners {
  /** They are ordered. */
  onOrdered(): void;
  /** Wakes those that could not be woken before. Whether there are still some. */
  rouse(): boolean;
  /** Called once, if they are still waited for at `spreadAt`. */
  spread(): void;
  readonly spreadAt: number;
}

interface Place {
  readonly table: Table;
  readonly threadId: number;
  readonly isMain: boolean;
  /** Where this thread's workers are counted as they join; undefined if they are not. */
  slot(): number | undefined;
}

/** The orders of this process's threads need not differ from each other, only those on one link. */
let epochs = 0;

function letEnd(port: MessagePort): void {
  port.ref();
  port.unref();
}

/** One that was collected has ended: until then Node holds it. */
const isAlive = (ref: WeakRef<Worker>): boolean => (ref.deref()?.threadId ?? -1) !== -1;

interface Listeners {
  log(message: string): void;
  /** A worker has linked itself. */
  onLink(): void;
  /** A worker has ended by itself; this is what it says of it. */
  onOwnEnd(reports: readonly WorkerReport[]): void;
  /** A thread is gone that had entrusted something to the main thread. */
  onGone(threadId: number): void;
  /** A registered worker was not clean, or died without having been told to, while this thread lives on. */
  onFailedWorker(failure: FailedWorker): void;
}

export function createLinks(
  { table, threadId, isMain, slot: ownSlot }: Place,
  { log, onLink, onOwnEnd, onGone, onFailedWorker }: Listeners,
): Links {
  const links = new Map<number, Link>();
  const workers = new Map<number, WeakRef<Worker>>();
  /** The threads whose 'exit' is listened to although they have no link. */
  const watched = new Set<number>();
  const pending = new Set<Link>();
  const endings = new WeakMap<Worker, Promise<WorkerReport>>();
  /** Registered workers that were made before this library was loaded here, and have not been heard of since. */
  const invited = new Map<number, Promise<void>>();
  const wereInvited = new WeakSet<Worker>();
  /** The workers that end alone, while this thread lives on. */
  const retiring = new WeakMap<Link, Order>();
  let collecting: Order | undefined;
  /** The workers that were there when the shutdown began. */
  let present: Set<Link> | undefined;
  let following = false;
  let blocking = false;
  const printed = new Set<NodeJS.WriteStream>();
  /** Streams whose errors end nothing while a shutdown runs: workers print into them, by way of Node or of a link. */
  const silenced = new Set<NodeJS.WriteStream>();
  /** What workers have printed, until a stream of this thread's own has passed it on. */
  const unwritten = new Set<PrintMessage>();
  let epoch = 0;
  /** How many workers had joined when they were looked for last. */
  let joins: number | undefined = 0;
  let settle = (): void => {};

  const registered = createRegistered({
    retire,
    onExit: (thread) => invited.delete(thread),
    isShuttingDown: () => present !== undefined,
    onFailedWorker,
  });
  const nameOf = ({ worker, threadId }: Link): string => registered.nameOf(worker, threadId);

  function workerOf(thread: number): Worker | undefined {
    const seen = workers.get(thread)?.deref();
    if (seen) return seen;
    for (const worker of registered) if (worker.threadId === thread) return worker;
    return undefined;
  }

  function addLink(thread: number, slot: number, table: Table): Link {
    const link = createLink(thread, slot, table);
    links.set(thread, link);
    // In the middle of a shutdown it is part of that from now on.
    present?.add(link);
    const worker = workerOf(thread);
    if (worker) attach(link, worker);
    return link;
  }

  /** Finds out how the worker ends. */
  function attach(link: Link, worker: Worker): void {
    link.worker = worker;
    listenForError(worker);
    worker.once('exit', (code: number) => leave(link, describeEnd(worker, code)));
  }

  function connect(link: Link, port: MessagePort): void {
    link.port = port;
    if (link.table === table) Atomics.sub(table.cells, Header.strangers, 1);
    // Not by `on`: a port that another thread has sent is the web's in Deno.
    port.addEventListener('message', (event) => {
      receive(link, Reflect.get(event, 'data'));
      // In Deno a port that has heard something keeps the process alive, until it is told again that it does not.
      if ('Deno' in globalThis) setTimeout(letEnd, 0, port);
    });
    port.addEventListener('messageerror', () => complain(link, 'that cannot be read'));
    port.addEventListener('close', () => {
      // Reading from a closed port ends the process with a segmentation fault, on every Node up to 26.
      link.port = undefined;
      // Without the Worker, or after its 'exit', the port is what tells that the thread is gone.
      if (!link.worker || link.worker.threadId === -1) leave(link, 'it ended');
      else orderAgain(link);
    });
    port.start();
    port.unref();
  }

  /** The worker's own code has closed its port, perhaps with the order on its way: its slot has that as well. */
  function orderAgain(link: Link): void {
    const order = collecting ?? retiring.get(link);
    if (!order || link.epoch === 0 || isOver(link)) return;
    post(link, order, link.epoch, limitOf(link));
    pending.add(link);
    follow();
  }

  function complain(link: Link, what: string): void {
    if (link.complained) return;
    link.complained = true;
    log(`dropped a message from ${nameOf(link)} ${what}`);
  }

  function receive(link: Link, message: unknown): void {
    if (isPrint(message)) print(message);
    else if (!isAck(message)) complain(link, `that is no ack: ${describe(message)}`);
    else if (message.epoch !== 0 && message.epoch === link.lastEpoch) return;
    else if (message.epoch !== 0 && message.epoch !== link.epoch) complain(link, 'that is a stale ack');
    else if (link.ack && link.epoch !== 0) {
      // It has ended by itself when its order was on the way, and says so to that as well.
      if (link.ack.epoch !== 0 || message.epoch === 0) complain(link, 'that is a second ack');
    } else {
      link.ack = message;
      // The worker says so itself, right after its ack; but it may be terminated in between.
      Atomics.compareExchange(link.table.cells, at(link.slot, Cell.state), State.read, State.acked);
      if (link.epoch === 0) {
        link.told = true;
        onOwnEnd(reportOf(link, nameOf(link)));
      } else link.ackMs = now() - link.orderedAt;
      done(link);
    }
  }

  /** A worker's output, on its way to this thread's own; a program may have put something else in its place. */
  function print(message: PrintMessage): void {
    const { stream, chunk } = message;
    const output = process[stream];
    if (isMain) silence(output);
    const hasDescriptor = isMain && !Object.hasOwn(output, 'write');
    if (hasDescriptor && blocking) writeDirectly(stream, chunk, collecting?.until ?? 0);
    else {
      if (hasDescriptor) unwritten.add(message);
      try {
        output.write(chunk, () => unwritten.delete(message));
      } catch {
        // A stream of the program's own that fails must not stop a shutdown.
      }
    }
    printed.add(output);
  }

  function silence(output: NodeJS.WriteStream): void {
    if (silenced.has(output) || typeof output.on !== 'function') return;
    silenced.add(output);
    ignoreErrors(output);
  }

  /** What a stream still holds when this thread blocks, it does not write any more: its reader was slow. */
  function printAgain(): void {
    const held = [...unwritten];
    unwritten.clear();
    for (const message of held) print(message);
  }

  function done(link: Link): void {
    clearTimeout(link.timer);
    link.timer = undefined;
    link.onDone?.();
    pending.delete(link);
    settleIfDone();
  }

  function settleIfDone(): void {
    if (pending.size > 0 || invited.size > 0) return;
    // A worker may have joined meanwhile, and its link be on its way.
    if (collecting && !blocking && findNews()) sendAll(collecting);
    if (pending.size === 0) settle();
  }

  function sendAll(order: Order): void {
    for (const link of links.values()) send(link, order);
    if (!blocking) follow();
  }

  /**
   * A worker that was made before this library was loaded here could not link up. It is told where to, and reads that as
   * soon as its event loop turns: a parked one when it is woken.
   */
  function invite(worker: Worker): void {
    const thread = worker.threadId;
    if (wereInvited.has(worker)) return;
    wereInvited.add(worker);
    if (thread === -1 || workers.has(thread) || links.has(thread)) return;
    const answered = (): void => {
      if (!invited.delete(thread)) return;
      findUndelivered(thread);
      const link = links.get(thread);
      if (collecting && link) send(link, collecting);
      follow();
      settleIfDone();
    };
    // It is refused where nothing listens: that worker has not loaded the library.
    const answer = threads.postMessageToThread(thread, { [KEY]: VERSION, invite: table.buffer });
    invited.set(thread, answer.then(answered, answered));
  }

  /** Takes what has arrived, without the event loop. */
  function readAll(link: Link): void {
    const next = (): { message: unknown } | undefined => link.port && threads.receiveMessageOnPort(link.port);
    for (let received = next(); received !== undefined; received = next()) receive(link, received.message);
  }

  /** The worker's thread is gone. */
  function leave(link: Link, how: string): void {
    if (link.gone) return;
    // Its last words may still be on their way.
    readAll(link);
    link.gone = true;
    if (link.ended) link.below = descendants(link.table, link.threadId, [link.threadId]);
    if (!link.ack && !link.ended) link.ended = withoutAck(link, 'lost', how);
    link.port?.close();
    const [report] = reportOf(link, nameOf(link));
    if (link.worker && report) registered.keep(link.worker, report);
    const entrusting = entrustingOf(link.table, link.slot, link.threadId);
    const wasIdle = stateOf(link.table, link.slot) === State.idle;
    // Nobody else tells of a worker that was lost while this thread lives on.
    if (!present && !link.told && !wasIdle && !retiring.has(link)) publishWorkers(reportOf(link, nameOf(link)));
    const state = link.ended?.status === 'timed-out' ? State.timedOut : State.lost;
    if (present) lose(link.table, link.slot, link.threadId, state);
    else remove(link);
    done(link);
    for (const thread of entrusting) onGone(thread);
  }

  /** Nothing is to be told of it any more. */
  function remove({ table, slot, threadId }: Link): void {
    release(table, slot, threadId);
    links.delete(threadId);
  }

  /** Looks for workers that have joined since that was done last. Whether there may be one. */
  function findNews(): boolean {
    const slot = ownSlot();
    const before = joins;
    joins = slot === undefined ? undefined : Atomics.load(table.cells, at(slot, Cell.joins));
    if (joins !== undefined && joins === before) return false;
    findUndelivered();
    return true;
  }

  /** A worker that has joined, and whose link was not yet delivered, is waited for as well. */
  function findUndelivered(only?: number): void {
    for (const { index, threadId: thread, state } of childrenOf(table, threadId)) {
      if (links.has(thread) || (only !== undefined && only !== thread)) continue;
      const seen = workers.get(thread);
      if (seen && !isAlive(seen)) release(table, index, thread);
      else if (state !== State.idle) addLink(thread, index, table);
    }
  }

  /** A Worker is gone that this thread has made. If its link was never delivered, nothing else tells that its slot is free. */
  function forgetThread(thread: number): void {
    workers.delete(thread);
    const slot = slotOf(table, thread);
    if (slot !== undefined && !links.has(thread)) release(table, slot, thread);
  }

  /** Without a port, a worker's slot tells that it has acked. Follows the doorbell while there is such a worker. */
  function follow(): void {
    if (following || ![...pending].some(({ port }) => port === undefined)) return;
    following = true;
    const rung = Atomics.load(table.cells, Header.doorbell);
    for (const link of pending)
      if (link.port === undefined && isThrough(stateOf(link.table, link.slot))) expectPort(link);
    const look = (): void => {
      following = false;
      follow();
    };
    const wait = Atomics.waitAsync(table.cells, Header.doorbell, rung);
    if (wait.async) wait.value.then(look);
    else queueMicrotask(look);
  }

  /** While the event loop turns, its port is on its way, and with it the ack itself. */
  function expectPort(link: Link): void {
    link.timer ??= setTimeout(() => {
      if (!link.port) readSlot(link);
    }, DELIVERY);
  }

  function readSlot(link: Link): void {
    if (!isThrough(stateOf(link.table, link.slot))) return;
    link.ended = withoutAck(link, 'lost', 'its ack was not delivered');
    done(link);
  }

  /** A thread that this one has not made, and that has sent no port, may be gone: then a message to it is refused. */
  function findTheGone(): void {
    for (const link of pending) {
      if (link.port || link.worker) continue;
      threads.postMessageToThread(link.threadId, { [KEY]: VERSION, ping: true }).catch(() => {
        if (!link.port) leave(link, 'its thread is gone');
      });
    }
  }

  /** Where no 'exit' event is heard: what a thread that is gone is sent goes nowhere, and Node says so. */
  function loseTheGone(): void {
    for (const link of pending) if (!isHearing(link)) leave(link, 'it ended');
  }

  const isOver = (link: Link): boolean =>
    link.gone || link.ended !== undefined || isThrough(stateOf(link.table, link.slot));

  const limitOf = ({ worker }: Link): number | undefined => registered.termsOf(worker).timeout;

  /** Orders one worker, and awaits it with the others. */
  function send(link: Link, order: Order): void {
    if (isOver(link)) {
      // It may have ended by itself just now, and has said so.
      if (!link.ack) readAll(link);
      return;
    }
    if (link.epoch === 0) {
      post(link, order, epoch, limitOf(link));
      const limit = limitOf(link);
      if (limit !== undefined && !order.sync) {
        link.timer = setTimeout(giveUp, Math.min(limit, Math.max(0, order.until - now())), link);
      }
    } else if (order.sync && !link.ack && !link.orderedSync) {
      post(link, order, link.epoch, limitOf(link));
    }
    if (!link.ack && !link.gone) pending.add(link);
  }

  /** Whoever has not answered by now is blocked, or has not loaded the library and was parked. */
  function giveUpInvited(): void {
    invited.clear();
    settleIfDone();
  }

  /** A worker's time is up. Its own workers may still have theirs: they are seen through first. */
  function giveUp(link: Link): void {
    const busy = (thread: number): boolean =>
      childrenOf(link.table, thread).some((child) => !isThrough(child.state) || busy(child.threadId));
    if (collecting && now() < collecting.until && busy(link.threadId)) {
      link.timer = setTimeout(() => giveUp(link), Math.min(100, Math.max(0, collecting.until - now())));
      return;
    }
    link.ended = withoutAck(link, 'timed-out', diagnosisOf(link));
    if (link.ended.status === 'timed-out' && link.worker) registered.terminatorOf(link.worker)();
    done(link);
  }

  /**
   * What a registered worker's `terminate()` does: it cleans up first. Called a second time, or where there is nothing
   * to clean up, it ends the worker at once.
   */
  async function retire(worker: Worker): Promise<number> {
    const terminate = registered.terminatorOf(worker);
    const cleanedUp = cleanUp(worker);
    if (cleanedUp === undefined) return terminate();
    const gone = new Promise<number>((resolve) => worker.once('exit', resolve));
    await cleanedUp;
    terminate();
    return gone;
  }

  /** Lets one worker clean up, while this thread lives on. Undefined where there is nothing to do, or no more. */
  function cleanUp(worker: Worker): Promise<void> | undefined {
    const { threadId: thread } = worker;
    if (thread !== -1 && registered.has(worker) && !workers.has(thread) && !wereInvited.has(worker)) {
      return cleanUpNextTick(worker);
    }
    const answer = invited.get(thread);
    if (answer) return cleanUpInvited(worker, answer);
    findUndelivered(thread);
    const link = links.get(thread);
    if (!link || isOver(link) || (link.ack && link.epoch !== 0) || retiring.has(link)) return undefined;
    return cleanUpBy(link, registered.termsOf(worker));
  }

  /** A tick later this thread has heard of it if it was made just now, and has invited it if it was there before. */
  async function cleanUpNextTick(worker: Worker): Promise<void> {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    invite(worker);
    await cleanUp(worker);
  }

  /** Waits for its link first, as long as for any worker that has not read its order. */
  async function cleanUpInvited(worker: Worker, answer: Promise<void>): Promise<void> {
    invited.delete(worker.threadId);
    registered.termsOf(worker).pool?.wake();
    await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    await cleanUp(worker);
  }

  async function cleanUpBy(link: Link, { timeout, pool }: Terms): Promise<void> {
    // In the middle of a shutdown it has as long as the others have.
    const until = timeout === undefined && collecting ? collecting.until : now() + (timeout ?? RETIREMENT);
    const order: Order = { reason: { route: 'terminate' }, until, sync: false, relay: { stdout: true, stderr: true } };
    retiring.set(link, order);
    let isPatient = true;
    if (link.epoch === 0) {
      post(link, order, ++epochs, limitOf(link));
      isPatient = pool?.wake() !== false;
      if (isClosed(link)) {
        pending.add(link);
        follow();
      }
    }
    const timers: NodeJS.Timeout[] = [];
    await new Promise<void>((resolve) => {
      const unread = (): void => {
        if (stateOf(link.table, link.slot) < State.read) resolve();
      };
      timers.push(setTimeout(resolve, Math.min(Math.max(0, until - now()), LONGEST)));
      timers.push(setTimeout(tellOrphans, RELAY, link, until));
      // An aborted busy loop must go, or such workers pile up.
      if (!isPatient) timers.push(setTimeout(unread, PATIENCE));
      link.onDone = resolve;
    });
    for (const timer of timers) clearTimeout(timer);
    link.onDone = undefined;
    if (!link.ack && !link.ended) link.ended = withoutAck(link, 'timed-out', diagnosisOf(link));
    done(link);
    if (present) return;
    link.told = true;
    onOwnEnd(reportOf(link, nameOf(link)));
  }

  /**
   * A worker that is blocked does not tell its own workers that they end with it. Their slots do, unless the phase of the
   * whole tree has told them.
   */
  function tellOrphans({ table, slot, threadId: thread }: Link, until: number): void {
    if (stateOf(table, slot) >= State.read || Atomics.load(table.cells, Header.phase) !== Phase.running) return;
    orderOrphans(table, thread, until - now());
  }

  function tellAllOrphans(order: Order): void {
    if (order === collecting) for (const link of pending) tellOrphans(link, order.until);
  }

  /** Lets a worker clean up and ends it, unless somebody is at it already. */
  async function end(worker: Worker): Promise<WorkerReport> {
    const link = links.get(registered.threadIdOf(worker));
    if (worker.threadId !== -1 && !registered.hasExited(worker)) {
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      if (!link || !retiring.has(link)) void retire(worker);
      await gone;
    }
    return registered.reportOf(worker);
  }

  function start(order: Order): void {
    if (collecting === undefined) epoch = ++epochs;
    collecting = order;
    for (const worker of registered) invite(worker);
    findNews();
    sendAll(order);
  }

  /** Its last shutdown was over only just now; it was not ordered in this one, and has nothing to tell. */
  const hasNothingToTell = (link: Link): boolean => {
    if (link.epoch !== 0 || link.ack || link.ended) return false;
    const state = stateOf(link.table, link.slot);
    return state === State.idle || (isThrough(state) && link.port !== undefined);
  };

  /** The workers that the shutdown is about. */
  function involved(): Link[] {
    const found = [...links.values()].filter(
      (link) => (link.epoch !== 0 || present?.has(link)) && !hasNothingToTell(link),
    );
    return found.sort((one, other) => one.threadId - other.threadId);
  }

  return {
    saw(worker) {
      // Workers that never link are forgotten with time, without a listener on what is not ours.
      if (workers.size >= 16 && Number.isInteger(Math.log2(workers.size))) {
        for (const [thread, ref] of workers) if (!isAlive(ref)) forgetThread(thread);
      }
      workers.set(worker.threadId, new WeakRef(worker));
    },

    accept(message, source) {
      if (!isTagged(message)) return false;
      const version = message[KEY];
      if (version !== VERSION) {
        log(
          `worker ${source} uses another version of the library (protocol ${version}, here ${VERSION}), and works alone`,
        );
        return true;
      }
      // Somebody asks whether this thread is still there.
      if (message.ping === true) return true;
      if (!isLinkMessage(message)) {
        log(`dropped a link from worker ${source} that does not fit the protocol`);
        return true;
      }
      const { slot, port, buffer } = message;
      const home = buffer === undefined ? table : createTable(buffer);
      // The thread that Node names must be the one whose slot this is.
      if (home.cells.length !== table.cells.length || Atomics.load(home.cells, at(slot, Cell.thread)) !== source) {
        log(`dropped a link from worker ${source}, which is not the owner of its slot`);
        return true;
      }
      if (links.get(source)?.port) {
        log(`dropped a second link from worker ${source}`);
        return true;
      }
      if (Atomics.compareExchange(home.cells, at(slot, Cell.linked), Linked.notYet, Linked.yes) === Linked.never) {
        // Its worker has said by itself what was to be said, and ends.
        port.close();
        return true;
      }
      Atomics.notify(home.cells, at(slot, Cell.linked));
      const link = links.get(source) ?? addLink(source, slot, home);
      connect(link, port);
      onLink();
      // In Deno a link may come after its worker's 'exit', and its port is never closed.
      if (link.worker && link.worker.threadId !== -1 && registered.hasExited(link.worker)) {
        leave(link, 'it ended');
        return true;
      }
      const order = collecting ?? retiring.get(link);
      if (order && link.epoch !== 0) post(link, order, link.epoch, limitOf(link));
      else if (collecting) send(link, collecting);
      return true;
    },

    cleanUp,

    setTerms(worker, terms) {
      if (!registered.add(worker, terms)) return;
      const link = links.get(worker.threadId);
      if (link && !link.worker) attach(link, worker);
      // This thread hears of a Worker that it has just made a tick later.
      process.nextTick(invite, worker);
    },

    forget: registered.forget,

    shutdown(worker) {
      const before = endings.get(worker);
      if (before) return before;
      const ending = end(worker);
      endings.set(worker, ending);
      return ending;
    },

    begin() {
      findNews();
      // Node has opened both streams when it made the first worker.
      if (isMain && links.size > 0) for (const output of [process.stdout, process.stderr]) silence(output);
      present ??= new Set();
      for (const link of links.values()) {
        if (!link.gone && stateOf(link.table, link.slot) !== State.idle) present.add(link);
      }
    },

    order(order) {
      start(order);
      if (pending.size === 0 && invited.size === 0) return undefined;
      findTheGone();
      if (invited.size > 0) setTimeout(giveUpInvited, PATIENCE).unref();
      setTimeout(tellAllOrphans, RELAY, order).unref();
      return new Promise((resolve) => {
        settle = resolve;
      });
    },

    flush() {
      const waiting = [...printed].map(whenWritten).filter((written) => written !== undefined);
      return waiting.length === 0 ? undefined : Promise.all(waiting);
    },

    block(order, { onOrdered, rouse, spread, spreadAt }) {
      blocking = true;
      start(order);
      printAgain();
      onOrdered();
      let isSpread = false;
      let areParked = true;
      let probeAt = now() + PROBE;
      const relayedAt = now() + RELAY;
      let areToldAll = false;
      const foreign = [...pending].some((link) => link.table !== table);
      const patience = invited.size === 0 ? 0 : now() + PATIENCE;
      for (;;) {
        const rung = Atomics.load(table.cells, Header.doorbell);
        if (findNews()) sendAll(order);
        for (const link of pending) {
          // The slot first: a worker posts its ack before it says so there.
          const through = isThrough(stateOf(link.table, link.slot));
          readAll(link);
          if (through && !link.ack) readSlot(link);
        }
        const left = order.until - now();
        const isHopeful = now() < patience && [...invited.keys()].some((thread) => !links.has(thread));
        if ((pending.size === 0 && !isHopeful) || left <= 0) break;
        if (!isSpread && now() >= spreadAt) {
          isSpread = true;
          spread();
        }
        if (!areToldAll && now() >= relayedAt) {
          areToldAll = true;
          tellAllOrphans(order);
        }
        if (now() >= probeAt) {
          probeAt = now() + PROBE;
          loseTheGone();
        }
        const patient = Math.min(left, Math.max(0, probeAt - now()), isSpread ? left : Math.max(0, spreadAt - now()));
        areParked &&= rouse();
        const polls = foreign || isHopeful || areParked;
        Atomics.wait(table.cells, Header.doorbell, rung, polls ? Math.min(patient, POLL) : patient);
      }
      // What those have printed that had acked before.
      for (const link of links.values()) readAll(link);
    },

    terminateSilent() {
      const silent = [...pending];
      for (const link of silent) giveUp(link);
      return silent.length > 0;
    },

    failures() {
      return involved().flatMap((link): FailedWorker[] => {
        const { worker } = link;
        if (!worker || !registered.termsOf(worker).onFailure) return [];
        const [report] = reportOf(link, nameOf(link));
        const failure = report && registered.failureOf(worker, report);
        return failure ? [failure] : [];
      });
    },

    watchExit(thread) {
      const worker = workerOf(thread);
      if (links.has(thread) || (!worker && !workers.has(thread))) return;
      if (!worker || worker.threadId === -1) onGone(thread);
      else if (!watched.has(thread)) {
        watched.add(thread);
        worker.once('exit', () => {
          watched.delete(thread);
          onGone(thread);
        });
      }
    },

    hasLiving() {
      return [...workers.values()].some(isAlive);
    },

    reports() {
      const told = new Set<WorkerReport>();
      const workers = involved().flatMap((link) => {
        const reports = reportOf(link, nameOf(link));
        if (link.told) for (const report of reports) told.add(report);
        return reports;
      });
      const strangers = [...registered].filter((worker) => worker.threadId !== -1 && !links.has(worker.threadId));
      workers.push(...strangers.map(registered.reportOf));
      return { workers, told };
    },

    over() {
      for (const output of silenced) hearErrors(output);
      silenced.clear();
      collecting = undefined;
      present = undefined;
      settle = () => {};
      pending.clear();
      for (const link of links.values()) {
        clearTimeout(link.timer);
        if (link.gone) remove(link);
        else rest(link.table, link.slot);
        Object.assign(link, {
          lastEpoch: link.epoch,
          epoch: 0,
          ack: undefined,
          ackMs: undefined,
          ended: undefined,
          orderedSync: false,
          told: false,
        });
        link.port?.postMessage({ type: 'over', version: VERSION });
      }
    },

    terminate() {
      const own = [...registered].filter((worker) => !registered.termsOf(worker).pool);
      return Promise.all(own.map((worker) => worker.terminate()));
    },

    hasAcked() {
      return [...links.values()].some(({ ack, epoch, gone }) => ack !== undefined && epoch !== 0 && !gone);
    },

    hasJoined() {
      const slot = ownSlot();
      if (slot !== undefined && Atomics.load(table.cells, at(slot, Cell.joins)) === 0) return false;
      return hasJoined(table, threadId);
    },

    hasNone() {
      const slot = ownSlot();
      if (slot === undefined || links.size + workers.size + registered.size > 0) return false;
      return Atomics.load(table.cells, at(slot, Cell.joins)) === 0;
    },

    get size() {
      return links.size;
    },
  };
}
