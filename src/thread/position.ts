/**
 * Where this thread is in the tree of threads, and how it is found there. This is all that an import does: the workers to
 * come inherit where to link up, and a listener waits for their links.
 */
import { process } from '../platform.ts';
import { sharesMemory } from '../shared-memory.ts';
import { standIn } from '../stand-in.ts';
import { createTable } from '../table/cells.ts';
import { mayMakeWorkers, threads } from '../threads.ts';
import { KEY, PARKS, VERSION } from '../wire/reason.ts';
import { isAncestor, isTagged } from '../wire/validators.ts';
import type { Core } from './halves.ts';
import type { Position } from './parts.ts';

/** What this thread has inherited; a main thread that has not loaded the module of threads, nothing. */
function findInherited(): Pick<Position, 'isMain' | 'threadId' | 'ancestorId' | 'isParked'> & {
  readonly buffer?: SharedArrayBuffer;
} {
  if (!mayMakeWorkers()) return { isMain: true, threadId: 0, ancestorId: undefined };
  const { isMainThread: isMain, threadId, getEnvironmentData } = threads();
  const data: unknown = getEnvironmentData(KEY);
  if (!isAncestor(data) || data.version !== VERSION) return { isMain, threadId, ancestorId: undefined };
  const isParked = !isMain && getEnvironmentData(PARKS) === true;
  return { isMain, threadId, ancestorId: data.threadId, isParked, buffer: data.buffer };
}

export function findPosition(rehearse: (position: Position) => void): Position {
  const { buffer, ...inherited } = findInherited();
  const position: Position = {
    ...inherited,
    table: createTable(buffer),
    deliver: (to, message) => threads().postMessageToThread(to, message, [message.port]),
    rehearse: () => rehearse(position),
  };
  return position;
}

/**
 * Node takes a message between threads for delivered if anybody listens; it asks the event's emitter. So the library does not
 * listen, or a message that nobody hears would be lost without a word: it takes note of its own messages where they come by.
 */
function hearOwn(hear: Core['hear']): void {
  // Another runtime may ask elsewhere.
  if ('Bun' in globalThis || 'Deno' in globalThis) {
    process.on('workerMessage', hear);
    return;
  }
  standIn(process, 'emit', (next, ...args) => {
    const message = args[1];
    const source = args[2];
    const isOwn = args[0] === 'workerMessage' && isTagged(message) && typeof source === 'number';
    if (isOwn) hear(message, source);
    return Reflect.apply(next, undefined, args) || isOwn;
  });
}

type TakingPlace = Pick<Core, 'position' | 'hear' | 'workerCreated'>;

/** What it returns lets the workers to come inherit where to link up; it is called before anything is used here. */
export function takePosition({ position: { threadId, table }, hear, workerCreated }: TakingPlace): () => void {
  let isTaken = false;
  function bequeath(): void {
    if (isTaken) return;
    isTaken = true;
    if (!sharesMemory) return;
    threads().setEnvironmentData(KEY, { version: VERSION, threadId, buffer: table.buffer });
  }
  if (mayMakeWorkers()) bequeath();
  // The first worker is made by now, and links up as one that is older than the library here.
  else process.getBuiltinModule('node:diagnostics_channel').subscribe('worker_threads', bequeath);
  hearOwn(hear);
  process.on('worker', workerCreated);
  return bequeath;
}
