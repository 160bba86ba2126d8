/** What a worker entrusts to the main thread. */
import { broadcast, type Entrusted } from '../src/entrusted.ts';
import { type EntrustMessage, type GoneMessage, KEY, VERSION } from '../src/protocol.ts';
import type { Up } from './up.ts';

export function createEntrusting(threadId: number, up: Up): Entrusted {
  /** Said again once the main thread hears it. */
  const unheard = new Map<number, EntrustMessage>();
  let ids = 0;

  function sayAgain(): void {
    for (const message of unheard.values()) broadcast(message);
    unheard.clear();
  }

  return {
    add(handler) {
      const id = ++ids;
      const message: EntrustMessage = { [KEY]: VERSION, threadId, id, handler };
      broadcast(message);
      up.entrust();
      if (!up.isMainHearing()) {
        unheard.set(id, message);
        up.whenMainHears(sayAgain);
      }
      return () => {
        unheard.delete(id);
        broadcast({ [KEY]: VERSION, threadId, id } satisfies EntrustMessage);
      };
    },
    listen() {},
    collect() {},
    gone: (gone) => broadcast({ [KEY]: VERSION, gone } satisfies GoneMessage),
  };
}
