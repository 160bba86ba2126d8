/**
 * Where this thread is in the tree of threads, and how it is found there. This is all that an import does: the workers to
 * come inherit where to link up, and a listener waits for their links.
 */
import threads from 'node:worker_threads';
import { process } from '../platform.ts';
import { standIn } from '../stand-in.ts';
import { createTable } from '../table/cells.ts';
import { KEY, VERSION } from '../wire/reason.ts';
import { isAncestor, isTagged } from '../wire/validators.ts';
import type { Core } from './halves.ts';
import type { Position } from './parts.ts';

export function findPosition(rehearse: (position: Position) => void): Position {
  const { isMainThread, threadId } = threads;
  const data: unknown = threads.getEnvironmentData(KEY);
  const ancestor = isAncestor(data) && data.version === VERSION ? data : undefined;
  const position: Position = {
    isMain: isMainThread,
    threadId,
    table: createTable(ancestor?.buffer),
    ancestorId: ancestor?.threadId,
    deliver: (to, message) => threads.postMessageToThread(to, message, [message.port]),
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
    const [event, message, source] = args;
    const isOwn = event === 'workerMessage' && isTagged(message) && typeof source === 'number';
    if (isOwn) hear(message, source);
    return next(...args) || isOwn;
  });
}

type TakingPlace = Pick<Core, 'position' | 'hear' | 'workerCreated'>;

export function takePosition({ position: { threadId, table }, hear, workerCreated }: TakingPlace): void {
  threads.setEnvironmentData(KEY, { version: VERSION, threadId, buffer: table.buffer });
  hearOwn(hear);
  process.on('worker', workerCreated);
}
