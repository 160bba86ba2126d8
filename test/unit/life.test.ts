import { describe, expect, it } from 'vitest';
import type { ShutdownReport } from '../../src/report/report.ts';
import { type Body, createLife } from '../../src/thread/life.ts';
import type { Shutdown, ShutdownRequest } from '../../src/thread/parts.ts';
import { ownTime } from '../../src/times.ts';
import type { OrderMessage } from '../../src/wire/messages.ts';
import { VERSION } from '../../src/wire/reason.ts';

const order = (timeout = 1000): OrderMessage => ({
  type: 'order',
  version: VERSION,
  epoch: 1,
  reason: { route: 'signal', signal: 'SIGTERM', exitCode: 143 },
  timeout,
  sentAt: 0,
  sync: false,
  relay: { stdout: true, stderr: true },
});

const shutdownRequest: ShutdownRequest = { reason: { route: 'shutdown' } };
const emptyLoop: ShutdownRequest = { reason: { route: 'beforeExit', exitCode: 0 } };

/** A life whose thread only writes down what it is told to do. */
function createScene() {
  const done: string[] = [];
  const facts = {
    ...{ handlers: false, joined: false, treeRuns: true, ends: true, leaving: false, exiting: false, usedAgain: false },
    /** What the parent has posted, and nobody has read. */
    unread: undefined as (() => void) | undefined,
  };
  let through = (): void => {};
  let closed = (): void => {};
  const note = (what: string) => () => void done.push(what);

  function begin({ reason, timeout }: ShutdownRequest, onTold: () => void): Shutdown {
    done.push(`begin ${reason.route}${timeout === undefined ? '' : ` ${timeout}`}`);
    let settle = (_: ShutdownReport): void => {};
    through = () => {
      onTold();
      settle({ route: reason.route } as ShutdownReport);
    };
    const finished = new Promise<ShutdownReport>((resolve) => {
      settle = resolve;
    });
    return {
      stage: 'begun',
      ended: finished,
      report: () => finished,
      drive: note('drive'),
      takeOver: note('take over'),
      shorten: (ms) => void done.push(`shorten ${ms}`),
      deadline: () => 0,
      note: () => {},
      isRevivable: reason.route === 'beforeExit',
    };
  }

  const body: Body = {
    begin,
    join: note('join'),
    rejoin: note('rejoin'),
    close() {
      done.push('close');
      if (!facts.ends) return undefined;
      return new Promise<void>((resolve) => {
        closed = resolve;
      });
    },
    renew() {
      done.push('renew');
      return facts.usedAgain;
    },
    runLate: note('run late'),
    ackNothing: note('ack nothing'),
    readFromParent() {
      done.push('read');
      facts.unread?.();
    },
    actOnPendingOrder: note('look for an order'),
    hasHandlers: () => facts.handlers,
    hasJoinedWorkers: () => facts.joined,
    isTreeRunning: () => facts.treeRuns,
    isLeaving: () => facts.leaving,
    isExiting: () => facts.exiting,
  };
  const life = createLife(body);

  return {
    life,
    facts,
    /** What was done since it was last asked. */
    done: () => done.splice(0),
    /** The shutdown is through. */
    through: () => through(),
    /** What was registered has ended. */
    async close(): Promise<void> {
      closed();
      await settled();
    },
    /** A thread that is through by this request. */
    async end(request = shutdownRequest): Promise<void> {
      life.shutDown(request);
      through();
      await settled();
      done.splice(0);
    },
  };
}

/** When all microtasks have run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a thread that lives', () => {
  it('is fresh until something is used, and joins its parent once', () => {
    const { life, done } = createScene();
    expect([life.state, life.isUsed]).toEqual(['fresh', false]);
    life.use();
    life.use();
    expect([life.state, life.isUsed]).toEqual(['used', true]);
    expect(done()).toEqual(['join']);
  });

  it.each(['fresh', 'used'])(
    'is ending from a shutdown on, and ended when that is told, if it was %s',
    async (state) => {
      const { life, done, through } = createScene();
      if (state === 'used') life.use();
      done();
      const report = life.shutDown(shutdownRequest);
      expect([life.state, life.isUsed]).toEqual(['ending', state === 'used']);
      expect(done()).toEqual(['look for an order', 'begin shutdown', 'drive']);
      through();
      expect(life.state).toBe('ended');
      expect(await report).toMatchObject({ route: 'shutdown' });
      expect(done()).toEqual([]);
    },
  );

  it('shows its shutdown to others while that runs', () => {
    const { life, through } = createScene();
    expect(life.current).toBeUndefined();
    life.shutDown(shutdownRequest);
    expect(life.current?.stage).toBe('begun');
    through();
    expect(life.current).toBeUndefined();
  });

  it('has one shutdown, whoever asks again', async () => {
    const { life, done, through } = createScene();
    const [first, second] = [life.shutDown(shutdownRequest), life.shutDown(emptyLoop)];
    expect(second).toBe(first);
    expect(done()).toEqual(['look for an order', 'begin shutdown', 'drive']);
    through();
    await first;
    expect(await life.shutDown(emptyLoop)).toBe(await first);
  });

  it('joins its parent where it is used for the first time while it ends', () => {
    const { life, done } = createScene();
    life.shutDown(shutdownRequest);
    done();
    life.use();
    life.use();
    expect([life.state, life.isUsed, done()]).toEqual(['ending', true, ['join']]);
  });

  it('goes on synchronously with the shutdown that runs', () => {
    const { life, done } = createScene();
    life.shutDown(shutdownRequest);
    done();
    life.shutDownNow(emptyLoop);
    expect([life.state, done()]).toEqual(['ending', ['take over']]);
  });

  it('begins a synchronous one where none runs, if no order is found', () => {
    const { life, done } = createScene();
    life.shutDownNow(shutdownRequest);
    expect([life.state, done()]).toEqual(['ending', ['look for an order', 'begin shutdown', 'take over']]);
  });

  it('has less time if it is told so, and nothing to shorten before', () => {
    const { life, done } = createScene();
    life.shorten(5);
    expect(done()).toEqual([]);
    life.shutDown(shutdownRequest);
    done();
    life.shorten(5);
    expect(done()).toEqual(['shorten 5']);
  });
});

describe('a thread that is through', () => {
  it('does nothing for what is used before it lives on', async () => {
    const { life, done, end } = createScene();
    await end();
    life.use();
    await settled();
    expect([life.state, done()]).toEqual(['ended', []]);
  });

  it.each([
    ['exiting', 'at once', ['run late'], []],
    ['leaving', 'a moment later', [], ['run late']],
  ] as const)('calls what is registered late, if it is %s: %s', async (fact, _, now, later) => {
    const { life, done, end, facts } = createScene();
    facts.leaving = true;
    await end();
    facts[fact] = true;
    life.use();
    expect(done()).toEqual(now);
    await settled();
    expect([life.state, done()]).toEqual(['ended', later]);
  });

  it('is revived by what is used after its event loop had run empty, and used then', async () => {
    const { life, done, end } = createScene();
    life.use();
    await end(emptyLoop);
    life.use();
    expect([life.state, life.isUsed, done()]).toEqual(['used', true, ['renew', 'join']]);
    life.shutDown(shutdownRequest);
    expect(done()).toEqual(['look for an order', 'begin shutdown', 'drive']);
  });

  it.each([
    [false, 'fresh'],
    [true, 'used'],
  ])('ends what was registered where it lives on, and is as new (in use: %s)', async (usedAgain, state) => {
    const { life, done, end, close, facts } = createScene();
    life.use();
    await end();
    facts.usedAgain = usedAgain;
    const over = life.liveOn();
    expect([life.state, done()]).toEqual(['closing', ['close']]);
    await close();
    await over;
    expect([life.state, life.isUsed, done()]).toEqual([state, usedAgain, ['renew']]);
    life.use();
    expect(done()).toEqual(usedAgain ? [] : ['join']);
  });

  it('does not live on where it has not ended, or is to end', async () => {
    const { life, done, end, facts } = createScene();
    await life.liveOn();
    expect([life.state, done()]).toEqual(['fresh', []]);
    await end();
    facts.leaving = true;
    expect(life.isEnding()).toBe(true);
    await life.liveOn();
    expect([life.state, done()]).toEqual(['ended', []]);
  });
});

describe('a thread whose workers and pools are being ended', () => {
  async function createClosing() {
    const scene = createScene();
    scene.life.use();
    await scene.end();
    const over = scene.life.liveOn();
    scene.done();
    return { ...scene, over };
  }

  it('keeps what is used for the next shutdown, which waits', async () => {
    const { life, done, close, facts } = await createClosing();
    life.use();
    const next = life.shutDown(emptyLoop);
    expect([life.state, done()]).toEqual(['closing', ['rejoin']]);
    facts.usedAgain = true;
    await close();
    expect([life.state, done()]).toEqual(['ending', ['renew', 'look for an order', 'begin beforeExit', 'drive']]);
    expect(next).toBeInstanceOf(Promise);
  });

  it('installs its hooks again for a shutdown that has waited', async () => {
    const { life, done, close } = await createClosing();
    life.shutDown(emptyLoop);
    await close();
    expect(done()).toEqual(['renew', 'join', 'look for an order', 'begin beforeExit', 'drive']);
  });

  it.each(['handlers', 'joined'] as const)('waits no longer once it exits, if there are %s', async (fact) => {
    const { life, done, close, facts, over } = await createClosing();
    facts.exiting = true;
    life.use();
    expect([life.state, done()]).toEqual(['closing', []]);
    facts[fact] = true;
    life.use();
    expect(done()).toEqual(['renew']);
    life.shutDownNow(emptyLoop);
    expect(done()).toEqual(['look for an order', 'begin beforeExit', 'take over']);
    await close();
    await over;
    expect([life.state, done()]).toEqual(['ending', []]);
  });

  it('does not take what was registered for due while its event loop turns', async () => {
    const { life, done, facts } = await createClosing();
    facts.handlers = true;
    facts.joined = true;
    life.use();
    expect([life.state, done()]).toEqual(['closing', ['rejoin']]);
  });

  it('acks at once where it is told to end meanwhile, and has nothing to clean up', async () => {
    const { life, done, close } = await createClosing();
    life.obey(order());
    expect([life.state, done()]).toEqual(['closing', []]);
    await close();
    expect([life.state, done()]).toEqual(['ended', ['ack nothing', `shorten ${ownTime(1000)}`]]);
    expect(life.isEnding()).toBe(true);
  });

  it('shuts down where it is told to end meanwhile, and something was registered', async () => {
    const { life, done, close, facts } = await createClosing();
    life.obey(order());
    facts.handlers = true;
    facts.usedAgain = true;
    await close();
    expect([life.state, done()]).toEqual(['ending', ['renew', `begin signal ${ownTime(1000)}`, 'drive']]);
    expect(life.order).toEqual(order());
  });
});

describe('a worker that is ordered', () => {
  it('shuts down with what it has for itself of the time that it was given', () => {
    const { life, done } = createScene();
    expect([life.order, life.isEnding()]).toEqual([undefined, false]);
    life.obey(order(2000));
    expect([life.state, done()]).toEqual(['ending', [`begin signal ${ownTime(2000)}`, 'drive']]);
    expect([life.order, life.isEnding()]).toEqual([order(2000), true]);
  });

  it('has less time where it is ordered again', () => {
    const { life, done } = createScene();
    life.obey(order());
    done();
    life.obey(order(50));
    expect(done()).toEqual([`shorten ${ownTime(50)}`]);
  });

  it('acks once where it was through before, by itself', async () => {
    const { life, done, end } = createScene();
    await end();
    life.obey(order());
    expect([life.state, done()]).toEqual(['ended', ['ack nothing', `shorten ${ownTime(1000)}`]]);
    life.obey(order());
    expect(done()).toEqual([`shorten ${ownTime(1000)}`]);
  });

  it('lives on when that is over: once it is through, what it has registered is ended', async () => {
    const { life, done, through, close } = createScene();
    life.obey(order());
    done();
    life.hearOver();
    expect([life.isEnding(), done()]).toEqual([false, []]);
    through();
    await settled();
    expect([life.state, done()]).toEqual(['closing', ['close']]);
    await close();
    expect([life.state, done()]).toEqual(['fresh', ['renew']]);
  });

  it('acks once where the next order comes before it is through with the one that is over', async () => {
    const { life, done, facts, through, close } = createScene();
    life.obey(order());
    life.hearOver();
    life.obey(order());
    done();
    // This acks, to whatever was ordered last.
    through();
    await settled();
    await close();
    expect([life.state, life.isEnding(), done()]).toEqual(['ended', true, ['close', `shorten ${ownTime(1000)}`]]);
    facts.handlers = true;
    life.hearOver();
    expect([life.state, done()]).toEqual(['closing', ['close']]);
  });

  it('acks the next order by itself where that comes while what it has registered is being ended', async () => {
    const { life, done, through, close } = createScene();
    life.obey(order());
    through();
    life.hearOver();
    await settled();
    life.obey(order());
    done();
    await close();
    expect([life.state, done()]).toEqual(['ended', ['ack nothing', `shorten ${ownTime(1000)}`]]);
  });

  it('is as new where a shutdown is over of which it has had no order', () => {
    const { life, done, facts } = createScene();
    life.use();
    facts.usedAgain = true;
    done();
    life.hearOver();
    expect([life.state, done()]).toEqual(['used', ['renew']]);
    facts.usedAgain = false;
    life.hearOver();
    expect([life.state, life.isUsed, done()]).toEqual(['fresh', false, ['renew']]);
  });

  it('sees at the flag that the whole tree lives on, before the message comes', async () => {
    const { life, done, facts, through, close } = createScene();
    facts.treeRuns = false;
    life.obey(order());
    through();
    done();
    facts.treeRuns = true;
    life.use();
    await settled();
    expect([life.state, life.isEnding(), done()]).toEqual(['closing', false, ['read', 'close']]);
    await close();
    expect([life.state, done()]).toEqual(['fresh', ['renew']]);
  });

  it('takes an order that it finds then for one of the shutdown that is over', async () => {
    const { life, done, facts, through, close } = createScene();
    facts.treeRuns = false;
    // It has acted without an order, and that comes late.
    life.obey(order());
    through();
    done();
    facts.treeRuns = true;
    facts.unread = () => {
      life.obey(order());
      life.hearOver();
    };
    life.use();
    await settled();
    await close();
    expect([life.state, life.isEnding()]).toEqual(['fresh', false]);
    expect(done().filter((what) => what.startsWith('begin'))).toEqual([]);
  });

  it('looks at the flag, too, when its link is taken after that', async () => {
    const { life, done, facts, through, close } = createScene();
    life.lookWhetherOver();
    facts.treeRuns = false;
    life.obey(order());
    through();
    life.lookWhetherOver();
    await settled();
    expect([life.state, life.isEnding()]).toEqual(['ended', true]);
    facts.treeRuns = true;
    life.lookWhetherOver();
    await settled();
    await close();
    expect([life.state, life.isEnding()]).toEqual(['fresh', false]);
    expect(done()).toContain('renew');
  });

  it('sees nothing at the flag where it was ended alone', async () => {
    const { life, done, through } = createScene();
    life.obey(order());
    through();
    done();
    life.use();
    await settled();
    expect([life.state, life.isEnding(), done()]).toEqual(['ended', true, ['run late']]);
  });

  /** A worker that has seen the flag, and is through with the shutdown that it stands for. */
  async function actOnFlag(): Promise<ReturnType<typeof createScene>> {
    const scene = createScene();
    scene.life.use();
    scene.facts.treeRuns = false;
    scene.life.obey(order());
    scene.through();
    await settled();
    return scene;
  }

  it('takes the order for that of the shutdown it has acted on, even where it comes when all is over', async () => {
    const { life, done, facts } = await actOnFlag();
    facts.treeRuns = true;
    life.obey(order());
    done();
    Object.assign(facts, { usedAgain: true, ends: false });
    life.use();
    expect([life.state, done()]).toEqual(['used', ['read', 'close', 'renew']]);
  });

  it.each([
    { ends: false, state: 'used', does: ['read', 'close', 'renew'] },
    { ends: true, state: 'closing', does: ['read', 'close', 'rejoin'] },
  ])('joins at once by what it uses when all is over, with something to end first: $ends', async (given) => {
    const { life, done, facts } = await actOnFlag();
    done();
    Object.assign(facts, { treeRuns: true, usedAgain: true, ends: given.ends });
    life.use();
    expect([life.state, done()]).toEqual([given.state, given.does]);
  });

  it('leaves what it has used since in peace where it was revived before it hears that all is over', async () => {
    const { life, done, through } = createScene();
    life.use();
    life.shutDown(emptyLoop);
    through();
    life.hearOver();
    life.use();
    expect(life.state).toBe('used');
    done();
    await settled();
    expect([life.state, done()]).toEqual(['used', []]);
  });
});
