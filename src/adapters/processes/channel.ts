/** The IPC channel of a child where no event loop turns: what it has said can still be read, as no listener will any more. */
import { readSync } from 'node:fs';

const NEWLINE = 0x0a;

/** The text messages in `bytes`, and what follows the last one. A piece of one, or one in binary form, is passed over. */
function split(bytes: Buffer): { readonly messages: unknown[]; readonly rest: Buffer } {
  const messages: unknown[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    try {
      const message: unknown = JSON.parse(bytes.toString('utf8', start, end));
      messages.push(message);
    } catch {
      // Its beginning was read while the event loop turned, or it was sent with `serialization: 'advanced'`.
    }
    start = end + 1;
  }
  return { messages, rest: bytes.subarray(start) };
}

/** Reads what has arrived on a descriptor that does not block; calls `onMessage` for every whole message. */
export function createReader(fd: number, onMessage: (message: unknown) => void): () => void {
  const chunk = Buffer.alloc(2 ** 16);
  let unread: Buffer = Buffer.alloc(0);
  return () => {
    for (;;) {
      let length = 0;
      try {
        length = readSync(fd, chunk);
      } catch {
        // Nothing more has arrived.
      }
      if (length === 0) return;
      const { messages, rest } = split(Buffer.concat([unread, chunk.subarray(0, length)]));
      unread = rest;
      messages.forEach(onMessage);
    }
  };
}
