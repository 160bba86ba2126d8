// What comlink.js wraps. How it is disposed of is its clean-up handler, however the worker or the program ends.
import { expose } from 'worker-atexit/comlink';

expose({
  count: (text) => text.split(' ').length,
  readForEver: () => new Promise(() => {}),
  async [Symbol.asyncDispose]() {
    console.log('parser: temporary files are gone');
  },
});
