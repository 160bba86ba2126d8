/** What workers print at the end, passed on by this thread's own streams. */

import { process } from '../platform.ts';
import type { PrintMessage } from '../wire/messages.ts';
import { whenWritten, writeDirectly } from './output.ts';
import { hearErrors, ignoreErrors } from './silence.ts';

export interface Printed {
  /** A shutdown begins, and there are workers: from now on the errors of the streams that they print into end nothing. */
  begin(): void;
  /** The shutdown is over. */
  over(): void;
  /**
   * A worker's output, on its way to this thread's own; a program may have put something else in its place. `blockedUntil`:
   * this thread blocks, and has so long to write it.
   */
  print(message: PrintMessage, blockedUntil: number | undefined): void;
  /** What a stream still holds when this thread blocks, it does not write any more: its reader was slow. */
  printAgain(blockedUntil: number | undefined): void;
  /** Settles once all is written; undefined if it is. */
  flush(): Promise<unknown> | undefined;
}

/** `isMain`: the streams of this thread have a descriptor. */
export function createPrinted(isMain: boolean): Printed {
  const streams = new Set<NodeJS.WriteStream>();
  /** Streams whose errors end nothing while a shutdown runs: workers print into them, by way of Node or of a link. */
  const silenced = new Set<NodeJS.WriteStream>();
  /** Until a stream of this thread's own has passed it on. */
  const unwritten = new Set<PrintMessage>();

  function silence(output: NodeJS.WriteStream): void {
    if (!isMain || silenced.has(output) || typeof output.on !== 'function') return;
    silenced.add(output);
    ignoreErrors(output);
  }

  function print(message: PrintMessage, blockedUntil: number | undefined): void {
    const { stream, chunk } = message;
    const output = process[stream];
    silence(output);
    const hasDescriptor = isMain && !Object.hasOwn(output, 'write');
    if (hasDescriptor && blockedUntil !== undefined) writeDirectly(stream, chunk, blockedUntil);
    else {
      if (hasDescriptor) unwritten.add(message);
      try {
        output.write(chunk, () => unwritten.delete(message));
      } catch {
        // A stream of the program's own that fails must not stop a shutdown.
      }
    }
    streams.add(output);
  }

  return {
    begin() {
      // Node has opened both streams when it made the first worker.
      if (isMain) for (const output of [process.stdout, process.stderr]) silence(output);
    },

    over() {
      for (const output of silenced) hearErrors(output);
      silenced.clear();
    },

    print,

    printAgain(blockedUntil) {
      const held = [...unwritten];
      unwritten.clear();
      for (const message of held) print(message, blockedUntil);
    },

    flush() {
      const waiting = [...streams].map(whenWritten).filter((written) => written !== undefined);
      return waiting.length === 0 ? undefined : Promise.all(waiting);
    },
  };
}
