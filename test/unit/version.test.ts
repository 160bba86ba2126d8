/**
 * What copies of the library rely on in each other. Nothing here may change within a version that was released: raise
 * `VERSION` first, then write down what is now.
 */
import { expect, it } from 'vitest';
import '../../src/index.ts';
import { findInstance } from '../../src/api/instance.ts';
import { Cell, Header, Linked, Ordered, Phase, State } from '../../src/table/cells.ts';
import { SLOTS } from '../../src/wire/messages.ts';
import { VERSION } from '../../src/wire/reason.ts';

it('what two copies in one thread share is that of this version', () => {
  expect({ VERSION, instance: Object.keys(findInstance() ?? {}).sort() }).toEqual({
    VERSION: 2,
    instance: [
      ...['addChildren', 'addDrain', 'addPool', 'addPoolWorker', 'cleanUp', 'configure', 'drainDeadline', 'exit'],
      ...['finalize', 'hasPool', 'isExiting', 'isShuttingDown', 'knowServers', 'knowSystemd', 'log', 'note'],
      ...['notifyReady', 'onDrain', 'onEnd', 'onNewSignal', 'preset', 'register', 'registerOnMain', 'registerWorker'],
      ...['shutdown', 'signal', 'unregister', 'usePool', 'version'],
    ],
  });
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
