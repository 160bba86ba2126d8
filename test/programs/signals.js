// Signals, beside all kinds of other listeners. Prints `ready`, then what happens.   node signals.js SITUATION
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as atexit from 'worker-atexit';

const print = (text) => fs.writeSync(1, `${text}\n`);
const slow = (name, ms) =>
  ({
    async [name]() {
      print(`${name} begins`);
      await sleep(ms);
      print(`${name} ends`);
    },
  })[name];
const quick = (name) =>
  ({
    [name]() {
      print(name);
    },
  })[name];

const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const busy = (ms) =>
  function busy() {
    print('busy begins');
    block(ms);
    print('busy ends');
  };

/** A handler that ends once SIGTERM has come. */
const untilSignal = async () => {
  print('handler begins');
  while (process.exitCode !== 143) await sleep(5);
  print('handler ends');
};

const situations = {
  slow() {
    atexit.register(quick('first'));
    atexit.register(slow('slow', 2500));
  },
  hangs() {
    atexit.register(quick('first'));
    atexit.register(slow('hangs', 60_000));
  },
  'busy for 300 ms'() {
    atexit.register(quick('first'));
    atexit.register(busy(300));
  },
  async 'busy for 300 ms, registered late'() {
    await sleep(300);
    atexit.register(quick('first'));
    atexit.register(busy(300));
  },
  // A second signal comes while the first handler blocks.
  'busy for 400 ms, then slow'() {
    atexit.register(slow('slow', 400));
    atexit.register(busy(400));
  },
  emits() {
    atexit.configure({ onReport: ({ signal, reason }) => print(`${signal} ${reason.signal} ${process.exitCode}`) });
    atexit.register(quick('first'));
    process.on('message', () => process.emit('SIGINT'));
  },
  'emits twice'() {
    atexit.register(quick('first'));
    atexit.register(slow('hangs', 60_000));
    process.on('message', () => process.emit('SIGINT'));
  },
  // Blocks in a handler that the second signal's synchronous rest reaches.
  blocks() {
    atexit.register(function blocks() {
      print('blocks');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    });
    atexit.register(slow('hangs', 60_000));
  },
  'host listens'() {
    atexit.register(quick('handler'));
    process.on('SIGTERM', async () => {
      print('host');
      await sleep(50);
      print(atexit.isShuttingDown());
      process.exit(4);
    });
  },
  'host listens once, and before'() {
    process.once('SIGTERM', () => {
      print('host');
      setTimeout(() => process.exit(4), 50);
    });
    atexit.register(quick('handler'));
  },
  'host reloads on SIGHUP'() {
    atexit.register(quick('handler'));
    process.on('SIGHUP', () => print('reloaded'));
  },
  'signals: none'() {
    atexit.configure({ signals: [] });
    atexit.register(quick('handler'));
    process.on('exit', () => print('exit'));
  },
  'signals: SIGUSR2, although the host listens'() {
    atexit.configure({ signals: ['SIGUSR2'] });
    atexit.register(slow('handler', 20));
    process.on('SIGUSR2', () => print('host'));
  },
  async 'signal-exit, loaded before'() {
    const { onExit } = await import('signal-exit');
    onExit((code, signal) => print(`signal-exit ${code} ${signal}`));
    atexit.register(slow('handler', 20));
  },
  async 'signal-exit, loaded after'() {
    atexit.register(slow('handler', 20));
    const { onExit } = await import('signal-exit');
    onExit((code, signal) => print(`signal-exit ${code} ${signal}`));
  },
  async 'signal-exit, unloaded'() {
    const { onExit, unload } = await import('signal-exit');
    onExit(() => print('wrong'));
    atexit.register(slow('handler', 20));
    unload();
  },
  async 'exit-hook'() {
    const { default: exitHook, asyncExitHook } = await import('exit-hook');
    atexit.register(quick('handler'));
    exitHook((code) => print(`exit-hook ${code}`));
    asyncExitHook(() => sleep(20).then(() => print('asyncExitHook')), { wait: 500 });
  },
  async 'close-with-grace'() {
    const { default: closeWithGrace } = await import('close-with-grace');
    closeWithGrace({ delay: 500 }, async ({ signal }) => {
      await sleep(20);
      print(`close-with-grace ${signal}`);
    });
    atexit.register(quick('handler'));
  },
  'again at once'() {
    atexit.register(quick('first'));
    atexit.register(async function slow() {
      print('slow begins');
      process.kill(process.pid, 'SIGINT');
      await sleep(700);
      print('slow ends');
    });
  },
  'during exit()'() {
    atexit.register(untilSignal);
    atexit.exit(3);
  },
  'during shutdown()'() {
    atexit.register(untilSignal);
    atexit.shutdown().then(() => print('settled'));
  },
  ipc() {
    atexit.configure({ ipc: true });
    atexit.register(slow('handler', 20));
  },
  'ipc, slow'() {
    atexit.configure({ ipc: true });
    atexit.register(slow('slow', 2500));
  },
};

await situations[process.argv[2]]();
setInterval(() => {}, 1000);
print('ready');
