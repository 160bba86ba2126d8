import { js } from './program.js';

const load = js`
  if (!fs.existsSync(process.env.ADDON)) { say('no compiler'); process.exit(); }
  const addon = { exports: {} };
  const open = () => process.dlopen(addon, process.env.ADDON);`;
const inWorker = (end, live = 'setInterval(() => {}, 1000);') => js`${load}
  if (isMainThread) {
    const worker = thread();
    await once(worker, 'message');
    ${end}
  } else {
    open();
    parentPort.postMessage('open');
    ${live}
  }`;
const hooks = ({ lines }) => {
  const ran = ['plain', 'asynchronous', 'instance'].filter((hook) => lines.includes(hook));
  return ran.length === 0 ? 'none' : ran.length === 3 ? 'all' : ran.join(', ');
};
const addon = 'hooks';

export default {
  name: 'addons',
  title: 'Clean-up hooks of native addons',
  intro:
    'An addon that has added a clean-up hook, an asynchronous one, and data whose finalizer is called at the end of the environment ("instance"): which of them run.',
  rows: [
    {
      what: 'an addon that is loaded by a worker whose event loop runs empty',
      addon,
      program: inWorker('', ''),
      cell: hooks,
      instead: 'good for memory',
    },
    {
      what: 'an addon that is loaded by a worker that is terminated',
      addon,
      program: inWorker('await worker.terminate(); process.exit();'),
      cell: hooks,
      words: { deno: 'asynchronous, or none' },
      instead: 'likewise',
    },
    {
      what: 'an addon that is loaded by a worker, when the main thread calls `process.exit()`',
      addon,
      program: inWorker('process.exit();'),
      cell: hooks,
      instead: 'likewise',
    },
    {
      what: 'an addon that is loaded by the main thread, whose event loop runs empty',
      addon,
      program: `${load} open();`,
      cell: hooks,
      instead: 'likewise',
    },
    {
      what: 'an addon that is loaded by the main thread, which calls `process.exit()`',
      addon,
      program: `${load} open(); process.exit();`,
      cell: hooks,
      instead: 'likewise',
    },
    {
      what: 'an addon that is loaded by the main thread, after an uncaught error',
      addon,
      program: `${load} open(); throw new Error('mine');`,
      cell: hooks,
      instead: 'close what you can close in a handler',
    },
    {
      what: 'an addon that is loaded by the main thread, SIGTERM',
      addon,
      program: `${load} open(); process.kill(process.pid, 'SIGTERM'); await sleep(1000);`,
      cell: hooks,
      instead: '`register()` makes a signal an orderly end, with these hooks',
    },
  ],
};
