/** Registers, unregisters and runs handlers, beside others that do; ns a handler. */
import { medians, programPath, sample, sampleOf } from './sample.js';

const PEERS = ['worker-atexit', 'signal-exit', 'exit-hook', 'async-exit-hook', 'on-exit-leak-free'];
const COUNTS = [10, 1000, 100_000];
const SAMPLES = 7;
const TARGET = { register: 0.5, unregister: 2 };

/** Its figures are samples of {@link programs/register.js}: register, unregister (where it can be done) and run. */
async function measure(peer, count) {
  return peer === 'CPython'
    ? sampleOf('python3', [programPath('register.py'), count])
    : sample('register.js', [peer, count]);
}

export default async function register(isSmallest) {
  const peers = [...PEERS, ...('finalization' in process ? ['process.finalization'] : []), 'CPython'];
  const figuresOf = {};
  for (const count of isSmallest ? [10] : COUNTS) {
    const samples = Object.fromEntries(peers.map((peer) => [peer, []]));
    for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
      for (const peer of peers) samples[peer].push(await measure(peer, count));
    }
    figuresOf[count] = Object.fromEntries(peers.map((peer) => [peer, medians(samples[peer])]));
  }
  const rows = [];
  for (const what of ['register', 'unregister', 'run']) {
    for (const [count, figures] of Object.entries(figuresOf)) {
      const own = Object.fromEntries(
        peers.flatMap((peer) => (what in figures[peer] ? [[peer, figures[peer][what]]] : [])),
      );
      rows.push({ row: `${what} ${count}`, figures: own, ...targetOf(what, count, own, figuresOf) });
    }
  }
  return { about: 'handlers registered, unregistered and run, one after the other', unit: 'ns a handler', rows };
}

function targetOf(what, count, own, figuresOf) {
  if (what === 'register') {
    const fastest = Math.min(...PEERS.slice(1).map((peer) => own[peer]));
    const value = own['worker-atexit'] / fastest;
    return { target: { what: 'of the fastest from npm', value, most: TARGET.register } };
  }
  if (what !== 'unregister' || count !== '100000') return {};
  const value = own['worker-atexit'] / figuresOf[1000]['worker-atexit'].unregister;
  return { target: { what: 'of that at 1,000', value, most: TARGET.unregister } };
}
