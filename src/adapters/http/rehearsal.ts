/**
 * A server that is registered goes down once, dry, soon after: what a thread does for the first time takes several times as
 * long. The server and its connection are played: nobody listens, and nobody sees them.
 */
import { queueMicrotask, setTimeout } from '../../platform.ts';
import { QUIET } from '../../times.ts';
import { createDraining } from './draining.ts';
import { isServer, isSocket, type Server, type Socket } from './kinds.ts';

const nothing = (): void => {};

/** A client of HTTP/1 that has its answer. */
function playSocket(): Socket | undefined {
  const socket: unknown = {
    bytesRead: 0,
    bytesWritten: 1,
    writableLength: 0,
    on: nothing,
    once: nothing,
    end: nothing,
    destroy: nothing,
  };
  return isSocket(socket) ? socket : undefined;
}

function playServer(): Server | undefined {
  const server: unknown = {
    ...{
      keepAliveTimeout: 1,
      listen: nothing,
      on: nothing,
      once: nothing,
      off: nothing,
      emit: nothing,
      address: nothing,
    },
    close: (closed: () => void) => queueMicrotask(closed),
    getConnections: nothing,
    closeIdleConnections: nothing,
  };
  return isServer(server) ? server : undefined;
}

/** What runs for the second time V8 compiles once more. */
const REHEARSALS = 2;

let isPlanned = false;

/** Once a thread. */
export function rehearseSoon(): void {
  if (isPlanned) return;
  isPlanned = true;
  rehearseIn(REHEARSALS);
}

function rehearseIn(rounds: number): void {
  setTimeout(() => {
    void rehearse();
    if (rounds > 1) rehearseIn(rounds - 1);
  }, QUIET).unref();
}

/** Resolves once the played server is down. */
export async function rehearse(): Promise<void> {
  const [server, socket] = [playServer(), playSocket()];
  if (!server || !socket) return;
  const terms = { name: () => 'rehearsal', delay: 0, ready: undefined, timeout: QUIET };
  const { signal } = new AbortController();
  const handler = createDraining(server, terms, { signal, log: nothing });
  server.emit('connection', socket);
  await handler.call({ sync: false, delay: 0, note: nothing });
}
