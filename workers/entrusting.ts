/** What a worker entrusts to the main thread. */
import { broadcast, type Entrusted } from '../src/handlers/entrusted.ts';
import type { EntrustMessage, GoneMessage } from '../src/wire/messages.ts';
import { KEY, VERSION } from '../src/wire/reason.ts';
import type { Parent } from './parent.ts';

export function createEntrusting(threadId: number, parent: Parent): Entrusted {
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
      parent.entrust();
      if (!parent.isMainHearing()) {
        unheard.set(id, message);
        parent.whenMainHears(sayAgain);
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
