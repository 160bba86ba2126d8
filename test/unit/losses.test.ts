import { expect, it } from 'vitest';
import { lossesOf } from '../../src/children/losses.ts';
import { at, Cell, createTable, State } from '../../src/table/cells.ts';
import { claim } from '../../src/table/slots.ts';

const table = createTable();

function join(threadId: number, parentId: number, handlers: number, state: State = State.joined): number {
  const slot = claim(table, threadId, parentId) ?? -1;
  Atomics.store(table.cells, at(slot, Cell.registered), handlers);
  Atomics.store(table.cells, at(slot, Cell.state), state);
  return slot;
}

const about = (slot: number, threadId: number) =>
  lossesOf(table, slot, threadId, `worker ${threadId}`).map(
    ({ path, status, diagnosis }) => `${path.join(' > ')} ${status}: ${diagnosis?.split(':')[0]}`,
  );

it('a worker whose link had not arrived has cost what was registered in it, and below it', () => {
  const slot = join(1, 0, 2);
  join(2, 1, 0);
  join(3, 2, 1);
  join(4, 1, 1, State.acked);
  expect(about(slot, 1)).toEqual([
    '1 lost: it ended before its link arrived, and its 2 handlers were not called',
    '1 > 2 > 3 lost: it ended before its link arrived, and its handler was not called',
  ]);
});

it.each([
  ['nothing is registered in it any more', 0, State.joined],
  ['it has acked', 1, State.acked],
  ['it has read its order', 1, State.read],
])('says nothing of one where it is so: %s', (_, handlers, state) => {
  expect(about(join(10 + state, 0, handlers, state), 10 + state)).toEqual([]);
});
