/** Whether the main thread hears what is broadcast to it. */
import { Header } from '../src/table/cells.ts';
import type { OwnSlot } from './own-slot.ts';

export interface Hearing {
  isOn(): boolean;
  /** Calls `listener` once it does. */
  whenOn(listener: () => void): void;
  /** The table is another one: its main thread is waited for. */
  await(): void;
}

export function createHearing(own: OwnSlot): Hearing {
  let onHearing = (): void => {};

  function wait(): void {
    const hearing = Atomics.waitAsync(own.table.cells, Header.hearing, 0);
    if (hearing.async) hearing.value.then(() => onHearing());
    else onHearing();
  }

  return {
    isOn: () => own.header(Header.hearing) !== 0,
    await: wait,

    whenOn(listener) {
      onHearing = listener;
      wait();
    },
  };
}
