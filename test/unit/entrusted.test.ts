import { setTimeout as sleep } from 'node:timers/promises';
import threads from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { broadcast, createEntrusted, type Entrusted } from '../../src/handlers/entrusted.ts';
import type { EntrustedHandler } from '../../src/wire/messages.ts';
import { KEY, VERSION } from '../../src/wire/reason.ts';
import { createEntrusting } from '../../workers/entrusting.ts';
import type { Parent } from '../../workers/parent.ts';

const module = new URL('./modules/entrusted.cjs', import.meta.url).href;
const later = new URL('./modules/later.mjs', import.meta.url).href;
const handler = (exportName: string, ...args: unknown[]): EntrustedHandler => ({ module, exportName, args });
const entrust = (threadId: number, id: number, entrusted?: EntrustedHandler) =>
  broadcast({ [KEY]: VERSION, threadId, id, ...(entrusted && { handler: entrusted }) });
const gone = (thread: number) => broadcast({ [KEY]: VERSION, gone: thread });

/** What the handlers of the module have left. */
const recorded = (): unknown[] => Reflect.get(globalThis, 'entrusted') ?? [];

interface Scene extends Entrusted {
  readonly log: string[];
  readonly kept: Map<string, () => unknown>;
  isExiting: boolean;
}

function createScene(): Scene {
  const log: string[] = [];
  const kept = new Map<string, () => unknown>();
  const scene = { log, kept, isExiting: false };
  const entrusted = createEntrusted({
    isDeaf: false,
    keep(kept, from) {
      log.push(`keep ${kept.name} from ${from}`);
      scene.kept.set(kept.name, kept);
    },
    drop: ({ name }) => void log.push(`drop ${name}`),
    due: ({ name }) => void log.push(`due ${name}`),
    isExiting: () => scene.isExiting,
    onListen: () => void log.push('listen'),
    log: (line) => void log.push(line),
  });
  return Object.assign(scene, entrusted);
}

let scene: Scene;
beforeEach(() => {
  scene = createScene();
  scene.listen();
  Reflect.set(globalThis, 'entrusted', []);
});

const NAME = 'record of entrusted.cjs';

describe('what a worker entrusts to the main thread', () => {
  it('arrives by itself while the event loop turns', async () => {
    entrust(5, 1, handler('record'));
    await expect.poll(() => scene.log).toEqual(['listen', `keep ${NAME} from 5`]);
  });

  it('can be taken without the event loop', () => {
    entrust(5, 1, handler('record'));
    entrust(6, 1, handler('record'));
    scene.collect();
    expect(scene.log).toEqual(['listen', `keep ${NAME} from 5`, `keep ${NAME} from 6`]);
  });

  it('is due as soon as it is heard where its thread is gone by then', () => {
    scene.gone(5);
    entrust(5, 1, handler('record'));
    entrust(5, 2, handler('record'));
    scene.collect();
    expect(scene.log).toEqual(['listen', `keep ${NAME} from 5`, `due ${NAME}`, `keep ${NAME} from 5`, `due ${NAME}`]);
  });

  it('is heard once the main thread listens, which it does once', () => {
    const deaf = createScene();
    entrust(5, 1, handler('record'));
    deaf.collect();
    expect(deaf.log).toEqual([]);
    deaf.listen();
    deaf.listen();
    expect(deaf.log).toEqual(['listen']);
  });

  it('is kept once, however often the worker says so', () => {
    for (const id of [1, 1, 2, 1]) entrust(5, id, handler('record'));
    entrust(6, 1, handler('record'));
    scene.collect();
    expect(scene.log).toEqual(['listen', `keep ${NAME} from 5`, `keep ${NAME} from 5`, `keep ${NAME} from 6`]);
  });

  it('is kept although the worker says it again later than what it said since', () => {
    const late = { name: 'late', ids: [1, 2, 4, 5] };
    entrust(5, 3, handler('early'));
    entrust(5, 6, handler('early'));
    // One of them has been taken back by then.
    entrust(5, 4);
    for (const id of late.ids) entrust(5, id, handler(late.name));
    scene.collect();
    const kept = (name: string) => `keep ${name} of entrusted.cjs from 5`;
    expect(scene.log).toEqual(['listen', kept('early'), kept('early'), kept('late'), kept('late'), kept('late')]);
  });

  it('can be taken back, once', () => {
    entrust(5, 1, handler('record'));
    for (const [thread, id] of [
      [5, 2],
      [6, 1],
      [5, 1],
      [5, 1],
    ] as const) {
      entrust(thread, id);
    }
    scene.collect();
    expect(scene.log).toEqual(['listen', `keep ${NAME} from 5`, `drop ${NAME}`]);
  });

  it('is due once its thread is gone, last in first out', () => {
    for (const [id, name] of ['a', 'b'].entries()) entrust(5, id + 1, handler(name));
    entrust(6, 1, handler('c'));
    gone(5);
    gone(5);
    scene.collect();
    expect(scene.log.slice(4)).toEqual(['due b of entrusted.cjs', 'due a of entrusted.cjs']);
  });

  it('is due as well where this thread sees the worker go, and what is still on its way is taken first', () => {
    entrust(5, 1, handler('record'));
    scene.gone(5);
    scene.gone(6);
    expect(scene.log).toEqual(['listen', `keep ${NAME} from 5`, `due ${NAME}`]);
  });

  it('may come from a thread that has the id of one that is gone', () => {
    entrust(5, 3, handler('record'));
    gone(5);
    entrust(5, 1, handler('record'));
    scene.collect();
    expect(scene.log).toEqual(['listen', `keep ${NAME} from 5`, `due ${NAME}`, `keep ${NAME} from 5`]);
  });

  it('is dropped where it does not fit, and that is said once', () => {
    broadcast('nobody’s');
    broadcast({ [KEY]: VERSION + 1, threadId: 5, id: 1 });
    scene.collect();
    expect(scene.log).toEqual(['listen', 'dropped a broadcast that does not fit the protocol']);
  });
});

describe('an entrusted handler', () => {
  const entrusted = (exportName: string, ...args: unknown[]): (() => unknown) => {
    entrust(5, 1, handler(exportName, ...args));
    scene.collect();
    return scene.kept.get(`${exportName} of entrusted.cjs`) ?? (() => expect.unreachable());
  };

  it('is called at once, with its arguments', () => {
    expect(entrusted('record', 'one', { two: 2 })()).toBe(1);
    expect(recorded()).toEqual([['one', { two: 2 }]]);
  });

  it('is imported where it cannot be required, and there is time for that', async () => {
    entrust(5, 1, { module: later, exportName: 'record', args: ['later'] });
    scene.collect();
    const call = scene.kept.get('record of later.mjs') ?? expect.unreachable();
    await call();
    expect(recorded()).toEqual([['later']]);
    scene.isExiting = true;
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_REQUIRE_ASYNC_MODULE' }));
  });

  it('is not called again when its thread is gone', () => {
    entrusted('record', 'once')();
    gone(5);
    scene.collect();
    expect(scene.log.filter((line) => line.startsWith('due'))).toEqual([]);
  });

  it('is imported where its URL has a query, which makes it another module', async () => {
    entrust(5, 1, { module: `${module}?another`, exportName: 'record', args: ['of another'] });
    scene.collect();
    const call = scene.kept.get('record of entrusted.cjs?another') ?? expect.unreachable();
    const calling = call();
    expect(calling).toBeInstanceOf(Promise);
    await calling;
    expect(recorded()).toEqual([['of another']]);
  });

  it('is loaded once where that fails', () => {
    entrust(5, 1, { module: new URL('./modules/fails.cjs', import.meta.url).href, exportName: 'record', args: [] });
    scene.collect();
    const call = scene.kept.get('record of fails.cjs') ?? expect.unreachable();
    expect(call).toThrow('not loaded');
    expect(recorded()).toEqual([['loaded']]);
  });

  it.each(['notCallable', 'missing'])('fails where the module has no such function: %s', (name) => {
    expect(entrusted(name)).toThrow(new TypeError(`${module} has no function ${name}`));
  });
});

describe('what the main thread entrusts to itself', () => {
  it('is kept, and can be taken back', () => {
    const takeBack = scene.add(handler('a'));
    scene.add(handler('b'));
    takeBack();
    takeBack();
    expect(scene.log).toEqual([
      'listen',
      'keep a of entrusted.cjs from 0',
      'keep b of entrusted.cjs from 0',
      'drop a of entrusted.cjs',
    ]);
  });

  it('does not change with what the caller changes later', async () => {
    const argument = { text: 'before' };
    scene.add(handler('record', argument));
    argument.text = 'after';
    await scene.kept.get(NAME)?.();
    expect(recorded()).toEqual([[{ text: 'before' }]]);
  });

  it('cannot be what cannot be cloned', () => {
    expect(() => scene.add(handler('record', () => {}))).toThrow(DOMException);
    expect(scene.log).toEqual(['listen']);
  });
});

describe('a worker', () => {
  /** Of its link up, as much as it needs. */
  function createWorker(isHeard: boolean) {
    let entrusts = 0;
    let hear = (): void => {};
    const up: Pick<Parent, 'entrust' | 'isMainHearing' | 'whenMainHears'> = {
      entrust: () => void entrusts++,
      isMainHearing: () => isHeard,
      whenMainHears(listener) {
        hear = listener;
      },
    };
    return { ...createEntrusting(7, up as Parent), entrusts: () => entrusts, hear: () => hear() };
  }

  it('says what it entrusts, and that it has', () => {
    const worker = createWorker(true);
    const takeBack = worker.add(handler('a'));
    worker.add(handler('b'));
    expect(worker.entrusts()).toBe(2);
    takeBack();
    worker.gone(7);
    // Nothing to say again.
    worker.hear();
    scene.collect();
    expect(scene.log.slice(1)).toEqual([
      'keep a of entrusted.cjs from 7',
      'keep b of entrusted.cjs from 7',
      'drop a of entrusted.cjs',
      'due b of entrusted.cjs',
    ]);
  });

  it('says it again once the main thread hears it, but what it has taken back', () => {
    const worker = createWorker(false);
    const deafUntilNow = createScene();
    const takeBack = worker.add(handler('a'));
    worker.add(handler('b'));
    takeBack();
    deafUntilNow.listen();
    worker.hear();
    worker.hear();
    deafUntilNow.collect();
    expect(deafUntilNow.log).toEqual(['listen', 'keep b of entrusted.cjs from 7']);
  });

  it('does not listen', () => {
    const worker = createWorker(true);
    expect([worker.listen(), worker.collect()]).toEqual([undefined, undefined]);
  });
});

describe('a module of CommonJS', () => {
  const entrusted = (name: string, exportName: string): (() => unknown) => {
    scene.add({ module: new URL(`./modules/${name}`, import.meta.url).href, exportName, args: [name] });
    return scene.kept.get(`${exportName} of ${name}`) ?? (() => expect.unreachable());
  };

  it('may be one function, which is its default export on either route', async () => {
    const call = entrusted('function.cjs', 'default');
    await call();
    scene.isExiting = true;
    call();
    expect(recorded()).toEqual([['function.cjs'], ['function.cjs']]);
  });

  it('may be a function that has others', async () => {
    const call = entrusted('function.cjs', 'other');
    await call();
    scene.isExiting = true;
    call();
    expect(recorded()).toEqual([
      ['function.cjs', 'other'],
      ['function.cjs', 'other'],
    ]);
  });

  it('may have nothing to call', () => {
    const call = entrusted('nothing.cjs', 'record');
    scene.isExiting = true;
    expect(call).toThrow(/^file:.*nothing\.cjs has no function record$/);
  });
});

describe('what is broadcast', () => {
  it('goes by a channel that is named by the library and its protocol', () => {
    const channel = new threads.BroadcastChannel(`worker-atexit:${VERSION}`);
    broadcast('heard');
    const received: unknown = Reflect.apply(threads.receiveMessageOnPort, undefined, [channel]);
    channel.close();
    expect(received).toEqual({ message: 'heard' });
  });

  it('leaves no channel open, not even where it cannot be cloned', () => {
    const close = vi.spyOn(threads.BroadcastChannel.prototype, 'close');
    broadcast('heard');
    expect(close).toHaveBeenCalledTimes(1);
    expect(() => broadcast(() => {})).toThrow(DOMException);
    expect(close).toHaveBeenCalledTimes(2);
    close.mockRestore();
  });
});

// The channel of a scene is not closed, as in a program: it must not keep the others' threads alive, nor hear them later.
afterEach(() => sleep(0));
