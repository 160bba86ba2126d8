// What the main thread of comlink.js wraps. Its workerData says what it exposes, and with which disposer.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import * as atexit from 'worker-atexit';
import { expose } from 'worker-atexit/comlink';

const { dir, disposer, name = 'worker' } = workerData;
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${name}: ${text}\n`);
Comlink.transferHandlers.set('date', {
  canHandle: (value) => value instanceof Date,
  serialize: (date) => [date.getTime(), []],
  deserialize: (time) => new Date(time),
});

class Counter {
  #count;
  constructor(count) {
    this.#count = count;
  }
  add(n) {
    this.#count += n;
    return this.#count;
  }
  never() {
    return new Promise(() => {});
  }
  /** The answer is sent before the thread ends. */
  addAndExit(n) {
    setImmediate(() => process.exit(0));
    return this.add(n);
  }
}

/** A class with private state: its methods must be called on the object itself. */
class Api {
  #secret = 'private';
  nested = { deep: { double: (n) => 2 * n, value: 7 } };
  property = 'first';
  Counter = Counter;

  secret() {
    return this.#secret;
  }
  echo(value) {
    return value;
  }
  async slow(ms, value) {
    await sleep(ms);
    log(`slow ${value}`);
    return value;
  }
  never() {
    return new Promise(() => {});
  }
  fail() {
    throw Object.assign(new RangeError('on purpose'), { code: 'E_OWN' });
  }
  call(callback, ...args) {
    return callback(...args);
  }
  size(buffer) {
    return buffer.byteLength;
  }
  counter() {
    return Comlink.proxy(new Counter(10));
  }
  callback(text) {
    return Comlink.proxy(async () => {
      await sleep(5);
      log(text);
      return text;
    });
  }
  /** Hands a callback to a function of the main thread's. */
  handOver(take, text) {
    return take(Comlink.proxy(async () => log(text)));
  }
  isDate(value) {
    return value instanceof Date;
  }
  exit(code) {
    process.exit(code);
  }
  crash() {
    setTimeout(() => {
      throw new TypeError('a crash');
    });
    return new Promise(() => {});
  }
  block() {
    for (;;);
  }
}

const disposers = {
  async: {
    [Symbol.asyncDispose]: async () => {
      await sleep(10);
      log('asyncDispose');
    },
    // The asynchronous one is preferred.
    [Symbol.dispose]: () => log('dispose'),
  },
  sync: { [Symbol.dispose]: () => log('dispose') },
  finalizer: { [Comlink.finalizer]: () => log('finalizer') },
  fails: {
    [Symbol.dispose]: () => {
      throw new RangeError('the disposer fails');
    },
  },
  none: {},
};

if (disposer === 'none' || disposer === undefined) atexit.register(() => log('handler'));
expose(Object.assign(new Api(), disposers[disposer]));
