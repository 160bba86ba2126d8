/** Handlers that are called outside of the sequence, since nobody waits for them: alone, or when all is done. */
import type { Handler } from '../handlers/handler.ts';
import type { Registry } from '../handlers/registry.ts';
import { toError, toErrorText } from '../report/errors.ts';
import { isThenable } from '../sequence/call.ts';

interface Late {
  /** Calls a handler now. A shutdown that begins meanwhile waits for it. */
  callNow(handler: Handler): void;
  /** Calls what was registered when all was done. */
  runLate(): void;
}

export function createLate(
  handlers: Registry,
  drains: Registry,
  isEnding: () => boolean,
  log: (message: string) => void,
): Late {
  function callNow({ name, call }: Handler): void {
    const failed = (thrown: unknown): void => log(`handler ${name} failed: ${toErrorText(toError(thrown)).stack}`);
    try {
      const returned = call();
      if (!isThenable(returned)) return;
      const result = Promise.resolve(returned).catch(failed);
      if (isEnding()) return;
      const pending = Object.defineProperty(() => result, 'name', { value: name });
      handlers.add(pending, []);
      result.then(() => handlers.remove(pending));
    } catch (thrown) {
      failed(thrown);
    }
  }

  return {
    callNow,

    runLate() {
      const take = (): Handler | undefined => handlers.take() ?? drains.take();
      for (let handler = take(); handler !== undefined; handler = take()) callNow(handler);
    },
  };
}
