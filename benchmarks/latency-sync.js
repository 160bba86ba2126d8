import { measureLatency } from './shutdown-latency.js';

export default async function latencySync(isSmallest) {
  return {
    about: "shutdown of idle workers inside 'exit', beside bare ports and Atomics.wait",
    unit: 'ms',
    rows: await measureLatency('latency-sync.js', isSmallest, { many: 2.2 }),
  };
}
