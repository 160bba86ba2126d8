// A task that is in native code for longer than any limit of the tests.
import { spawnSync } from 'node:child_process';
import * as atexit from 'worker-atexit';

atexit.register(() => {});

export default (port) => {
  port.postMessage('ready');
  port.close();
  return new Promise((resolve) => setTimeout(() => resolve(spawnSync('sleep', ['10']).status), 50));
};
