/**
 * Where this thread is in the tree of threads, and how it is found there. This is all that an import does: the workers to
 * come inherit where to link up, and a listener waits for their links.
 */
import threads from 'node:worker_threads';
import { createTable } from '../table/cells.ts';
import { KEY, VERSION } from '../wire/reason.ts';
import { isAncestor } from '../wire/validators.ts';
import type { Position, Thread } from './parts.ts';

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

export function takePosition({ threadId, table }: Position, thread: Thread): void {
  threads.setEnvironmentData(KEY, { version: VERSION, threadId, buffer: table.buffer });
  process.on('workerMessage', thread.hear);
  process.on('worker', thread.workerCreated);
}
