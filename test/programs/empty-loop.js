// The event loop runs empty. Prints what happens.   node empty-loop.js SITUATION
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { configure, register, shutdown } from 'worker-atexit';

const print = (text) => fs.writeSync(1, `${text}\n`);
const onReport = ({ ok, exitCode }) => print(`report: ${ok} ${exitCode}`);

const situations = {
  unsettled() {
    configure({ onReport });
    register(() => print('handler'));
    return new Promise(() => {});
  },
  'unsettled, a handler fails'() {
    configure({ onReport, logger: false });
    register(() => {
      throw new Error('failed');
    });
    return new Promise(() => {});
  },
  'unsettled, a handler hangs'() {
    configure({ onReport, failureExitCode: 0, timeout: 500 });
    register(() => new Promise(() => setInterval(() => {}, 1000)));
    return new Promise(() => {});
  },
  'unsettled, another listener'() {
    process.on('beforeExit', () => print('beforeExit'));
    configure({ onReport });
    register(() => print('handler'));
    return new Promise(() => {});
  },
  settled() {
    configure({ onReport });
    register(() => print('handler'));
    return sleep(20);
  },
  listeners() {
    process.on('beforeExit', () => print('first'));
    register(() => print('handler'));
    process.on('beforeExit', () => print('second'));
    process.once('beforeExit', () => print('once'));
  },
  async 'listeners, after shutdown()'() {
    process.on('beforeExit', () => print('beforeExit'));
    register(() => print('handler'));
    await shutdown();
  },
  'listeners, a handler leaves new work'() {
    process.on('beforeExit', () => print('beforeExit'));
    register(() => {
      print('handler');
      setTimeout(() => print('work'), 50);
    });
  },
  'listeners that give new work'() {
    let left = 3;
    process.on('beforeExit', () => {
      print('beforeExit');
      if (left-- > 0) setTimeout(() => print('work'), 20);
    });
    register(() => print('handler'));
  },
};

await situations[process.argv[2]]();
