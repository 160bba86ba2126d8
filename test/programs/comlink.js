// Comlink in all kinds of situations.   node comlink.js DIR SITUATION [ARGUMENT]
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import * as atexit from 'worker-atexit';
import { expose, wrap } from 'worker-atexit/comlink';

const [dir, situation, argument] = process.argv.slice(2);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const onReport = ({ ok, workers, handlers }) => {
  log(`${ok} ${workers.map(({ name, status }) => `${name} ${status}`).join(', ')}`);
  for (const { error } of handlers) if (error) log(`a handler failed: ${error.code}`);
};
atexit.configure({ syncTimeout: 5000 });
process.on('unhandledRejection', (error) => log(`unhandled ${error}`));

const spawn = (data = {}) =>
  new Worker(new URL('./comlink-worker.js', import.meta.url), { workerData: { dir, ...data } });
/** A worker that answers, and its proxy. */
async function ready(options, data) {
  const worker = spawn(data);
  const remote = wrap(worker, options);
  await remote.echo('ready');
  return { worker, remote };
}
const tell = (name, call) =>
  call.then(
    (value) => log(`${name}: ${value}`),
    (error) => log(`${name}: ${error.name} ${error.code} ${error.message}${error.cause ? ` (${error.cause})` : ''}`),
  );
const ended = (worker) => new Promise((resolve) => worker.once('exit', resolve));

const routes = {
  'exit()': () => atexit.exit(3),
  'process.exit()': () => process.exit(3),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  'terminate()': async (worker) => {
    await worker.terminate();
    process.exitCode = 3;
  },
  release: async (worker, remote) => {
    remote[Comlink.releaseProxy]();
    await ended(worker);
    process.exitCode = 3;
  },
  'release and exit()': async (_worker, remote) => {
    remote[Comlink.releaseProxy]();
    await sleep(2);
    atexit.exit(3);
  },
  'clones released': async (worker, remote) => {
    const clone = Comlink.wrap(await remote[Comlink.createEndpoint]());
    remote[Comlink.releaseProxy]();
    await sleep(20);
    log(`clone: ${await clone.echo('still here')}`);
    clone[Comlink.releaseProxy]();
    await ended(worker);
    process.exitCode = 3;
  },
  'a clone that is closed': async (worker, remote) => {
    const port = await remote[Comlink.createEndpoint]();
    remote[Comlink.releaseProxy]();
    await sleep(20);
    log('closes');
    port.close();
    await ended(worker);
    process.exitCode = 3;
  },
};

const ends = {
  'process.exit()': ({ remote }) => remote.exit(5).catch(() => {}),
  crash: ({ worker, remote }) => {
    worker.once('error', () => {});
    remote.crash().catch(() => {});
  },
  'terminate()': ({ worker }) => worker.terminate(),
  'shutdown()': () => atexit.shutdown({ timeout: 4000 }),
};

const situations = {
  async comlink() {
    const { worker, remote } = await ready();
    log(`method ${await remote.echo(1)}`);
    log(`nested ${await remote.nested.deep.double(21)}`);
    log(`property ${await remote.property} ${await remote.nested.deep.value}`);
    remote.property = 'second';
    log(`assigned ${await remote.property}`);
    const counter = await new remote.Counter(1);
    log(`class ${await counter.add(1)}`);
    log(`returned proxy ${await (await remote.counter()).add(1)}`);
    log(
      `callback ${await remote.call(
        Comlink.proxy((n) => n + 1),
        1,
      )}`,
    );
    log(`callback that a worker returns ${await (await remote.callback('called'))()}`);
    const buffer = new ArrayBuffer(8);
    log(`transfer ${await remote.size(Comlink.transfer(buffer, [buffer]))} ${buffer.byteLength}`);
    const clone = Comlink.wrap(await remote[Comlink.createEndpoint]());
    log(`endpoint ${await clone.echo(2)}`);
    clone[Comlink.releaseProxy]();
    Comlink.transferHandlers.set('date', {
      canHandle: (value) => value instanceof Date,
      serialize: (date) => [date.getTime(), []],
      deserialize: (time) => new Date(time),
    });
    log(`transfer handler ${await remote.isDate(new Date())} ${(await remote.echo(new Date(0))) instanceof Date}`);
    log(`private ${await remote.secret()}`);
    log(`awaited ${(await remote) === remote}`);
    await tell('error', remote.fail());
    await tell(
      'not cloned',
      remote.echo(() => {}),
    );
    // Nobody has got the callback, and it keeps nothing alive.
    await remote
      .echo(
        Comlink.proxy(() => {}),
        Symbol('not cloned'),
      )
      .catch(() => {});
    await tell('no function', remote.nothing.there());
    log(`bound ${await remote.echo.bind(null)(3)}`);
    remote[Comlink.releaseProxy]();
    try {
      remote.echo(4);
    } catch (error) {
      log(`released ${error.message}`);
    }
    await worker.terminate();
  },
  /** The calls in flight, and those that follow, however the worker ends. */
  async gone() {
    const one = await ready({ name: 'db' });
    const other = await ready({ name: 'other' });
    const counter = await one.remote.counter();
    const { echo } = one.remote;
    tell('in flight', one.remote.never());
    tell('on a proxy', counter.never());
    const end = ended(one.worker);
    ends[argument](one);
    await end;
    await sleep(1);
    await tell('later', echo('late'));
    await tell('property', one.remote.property);
    await tell('class', new one.remote.Counter(1));
    await tell('endpoint', one.remote[Comlink.createEndpoint]());
    await tell('proxy later', counter.add(1));
    await tell('with a callback', one.remote.call(Comlink.proxy(() => {})));
    one.remote.property = 'nobody could handle this';
    one.remote[Comlink.releaseProxy]();
    counter[Comlink.releaseProxy]();
    if (argument !== 'shutdown()') log(`other: ${await other.remote.echo('lives')}`);
    other.worker.unref();
  },
  /** Nothing of the above keeps the process, and a call that nobody handles is Node's usual. */
  async unhandled() {
    const { worker, remote } = await ready({ name: 'db' });
    remote.never();
    await worker.terminate();
  },
  async 'gone before'() {
    const worker = spawn();
    await worker.terminate();
    await tell('late', wrap(worker, { name: 'late' }).echo(1));
  },
  async 'last words'() {
    const { remote } = await ready();
    const counter = await remote.counter();
    tell('sum', counter.addAndExit(1));
    // When this thread looks again, the answer and the end of the worker have both come.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  },
  /** Nobody has the proxies while their calls are in flight. */
  async collected() {
    setInterval(globalThis.gc, 1).unref();
    const worker = spawn();
    const end = ended(worker);
    const answered = async () => `returned: ${await (await wrap(worker).callback('called'))()}`;
    log(await answered());
    // Released by now, there is nothing left that it could be asked for.
    await end;
    log('ended');
  },
  async drain() {
    atexit.configure({ onReport });
    const { remote } = await ready({ name: 'db' });
    const callback = await remote.callback('a call on a proxy');
    tell('early', remote.slow(100, 'early'));
    tell('proxy', callback());
    atexit.onDrain(async () => {
      await sleep(10);
      tell('while draining', remote.slow(50, 'while draining'));
    });
    atexit.onDrain(remote.slow, 1, 'a remote function drains');
    atexit.register(function late() {
      return remote.echo('late');
    });
    if (argument === 'exit()') atexit.exit(3);
    else {
      await atexit.shutdown();
      await tell('after', remote.echo('after'));
      const again = await ready({ name: 'again' });
      await tell('again', again.remote.echo('again'));
      await atexit.exit(3);
    }
  },
  async 'never answered'() {
    atexit.configure({ onReport, timeout: 4000 });
    const { remote } = await ready({ name: 'db' });
    tell('never', remote.never());
    await atexit.exit(3);
  },
  async blocked() {
    atexit.configure({ onReport, timeout: 600 });
    const { remote } = await ready({ name: 'db', timeout: 100 });
    tell('blocked', remote.block());
    await sleep(20);
    await atexit.shutdown();
    process.exitCode = 3;
  },
  async dispose() {
    const [disposer, route] = argument.split(', ');
    atexit.configure({ onReport });
    const { worker, remote } = await ready({ name: 'db' }, { disposer });
    await routes[route](worker, remote);
  },
  async callbacks() {
    atexit.configure({ onReport });
    const { remote, worker } = await ready({ name: 'db' });
    atexit.register(await remote.callback('returned'));
    await remote.handOver(
      Comlink.proxy((callback) => {
        atexit.register(callback);
      }),
      'handed over',
    );
    if (argument === 'gone') await worker.terminate();
    if (argument === 'process.exit()') process.exit(3);
    else await atexit.exit(3);
  },
  async 'bad messages'() {
    const { worker, remote } = await ready();
    const answers = [];
    worker.on('message', (message) => answers.push(message));
    for (const message of [
      null,
      5,
      'text',
      {},
      { id: 1 },
      { id: 'a', type: 'APPLY', argumentList: 5 },
      { id: 'b', type: 'APPLY', path: 5 },
      { id: 'c', type: 'APPLY', argumentList: [null] },
      { type: 'APPLY', argumentList: [{ type: 'HANDLER', name: 'no such handler' }] },
      { id: 'd', type: 'SET', path: [], value: { type: 'HANDLER', name: 'no such handler' } },
    ])
      worker.postMessage(message);
    await remote.echo(1);
    for (const { id, value } of answers.filter((answer) => answer?.id?.length === 1))
      log(`${id} ${JSON.stringify(value?.value?.name ?? value)}`);
    const { port1, port2 } = new MessageChannel();
    expose({ reply: () => 1 }, port1);
    for (const message of [null, 5, { id: 1 }, { id: 'e', type: 'APPLY', argumentList: 5 }]) port2.postMessage(message);
    log(`own ${await Comlink.wrap(port2).reply()}`);
    port2.close();
    worker.unref();
  },
  async 'bad answers'() {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       for (const message of [null, 5, 'text', {}, { id: {} }, { id: 'x', type: 'RAW' }]) parentPort.postMessage(message);
       parentPort.on('message', ({ id }) => parentPort.postMessage({ id, type: 'HANDLER', name: 'no such handler' }));`,
      { eval: true },
    );
    const remote = wrap(worker);
    await remote.echo(1).catch((error) => log(`rejected ${error.name}`));
    worker.unref();
  },
  async 'nothing keeps the process alive'() {
    const { worker, remote } = await ready();
    const counter = await remote.counter();
    await counter.add(1);
    tell('never', remote.never());
    worker.unref();
    // Comlink's own ports do keep it, as long as the proxies that they belong to.
    counter[Comlink.releaseProxy]();
    let begun;
    atexit.shutdownSignal.addEventListener('abort', () => {
      begun = process.uptime();
    });
    process.once('exit', () => log(`after ${process.uptime() - begun < 3 ? 'no time' : 'a wait'}`));
  },
};

await situations[situation]();
