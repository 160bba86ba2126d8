import { measureLatency } from './shutdown-latency.js';

export default async function latency(isSmallest) {
  return {
    about: 'shutdown() of idle workers, from the call to its promise, beside bare ports',
    unit: 'ms',
    rows: await measureLatency('latency.js', isSmallest, { one: 2.5, many: 2 }),
  };
}
