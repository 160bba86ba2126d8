/**
 * What copies of the library rely on in each other. Nothing here may change within a version that was released: raise
 * `VERSION` first, then write down what is now.
 */
import { expect, it } from 'vitest';
import '../../src/index.ts';
import { findInstance, type Instance } from '../../src/api/instance.ts';
import { Cell, Header, Linked, Ordered, Phase, State } from '../../src/table/cells.ts';
import { SLOTS } from '../../src/wire/messages.ts';
import { VERSION } from '../../src/wire/reason.ts';

/** The compiler holds it to what an instance has. */
const TYPES: { readonly [name in keyof Instance]: string } = {
  version: 'number',
  signal: 'object',
  addChildren: 'function',
  addDrain: 'function',
  addPool: 'function',
  addPoolWorker: 'function',
  cleanUp: 'function',
  configure: 'function',
  drainDeadline: 'function',
  exit: 'function',
  finalize: 'function',
  hasPool: 'function',
  isExiting: 'function',
  isShuttingDown: 'function',
  knowServers: 'function',
  knowSystemd: 'function',
  log: 'function',
  note: 'function',
  notifyReady: 'function',
  onDrain: 'function',
  onEnd: 'function',
  onNewSignal: 'function',
  preset: 'function',
  register: 'function',
  registerOnMain: 'function',
  registerWorker: 'function',
  shutdown: 'function',
  unregister: 'function',
  usePool: 'function',
};

it('what two copies in one thread share is that of this version', () => {
  const instance = findInstance();
  const types = Object.fromEntries(
    Object.keys(TYPES).map((name) => [name, typeof Reflect.get(Object(instance), name)]),
  );
  expect({ VERSION, ...types }).toEqual({ VERSION: 2, ...TYPES });
  expect(Object.keys(TYPES)).toEqual(expect.arrayContaining(Object.keys(Object(instance))));
});

it('what two copies in two threads share is that of this version', () => {
  const order = (cells: Readonly<Record<string, number>>) =>
    Object.entries(cells)
      .sort(([, one], [, other]) => one - other)
      .map(([name]) => name)
      .join(' ');
  expect({
    VERSION,
    SLOTS,
    ...Object.fromEntries(
      Object.entries({ Header, Cell, Phase, State, Linked }).map(([name, cells]) => [name, order(cells)]),
    ),
    Ordered,
  }).toEqual({
    VERSION: 2,
    SLOTS: 4096,
    Header:
      'phase doorbell highestSlot route signal exitCode timeout ownTimeout ownSyncTimeout ignoresCrash guardSeconds guardMs hearing guardQuiet sentAt unlinkedWorkers',
    Cell: 'state thread parent linked order pulse handler count failures route timeout sentAt entrusted joins registered systemThread name',
    Phase: 'running begun ordered orderedSync',
    State: 'free claimed idle joined read acked failed lost timedOut',
    Linked: 'notYet yes never',
    Ordered: { yes: 1, stdoutCaptured: 2, stderrCaptured: 4, sync: 8, alone: 16 },
  });
});
