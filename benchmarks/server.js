/**
 * From SIGTERM to the process being gone, for a server whose clients keep their connections and are idle: without a delay,
 * beside what Node has for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import { LIMIT, medians, programPath } from './sample.js';

const CONNECTIONS = 200;
const SAMPLES = 15;
const TARGET = 1.1;

/** Every connection is idle by then: ms. */
const SETTLED = 300;

/** One request, whose connection is kept. */
async function connect(agent, port) {
  const [response] = await once(get({ agent, port, host: '127.0.0.1' }), 'response');
  await once(response.resume(), 'end');
}

async function timeToGone(way, connections) {
  const child = spawn(process.execPath, [programPath('server.js'), way], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  const agent = new Agent({ keepAlive: true });
  await Promise.all(Array.from({ length: connections }, () => connect(agent, port)));
  await new Promise((resolve) => setTimeout(resolve, SETTLED));
  const startedAt = performance.now();
  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'exit');
  const ms = performance.now() - startedAt;
  agent.destroy();
  if (code !== 0 && signal !== 'SIGTERM') throw new Error(`${way} ended with ${code} ${signal}`);
  return ms;
}

export default async function server(isSmallest) {
  const connections = isSmallest ? 2 : CONNECTIONS;
  const samples = [];
  for (let index = 0; index < (isSmallest ? 1 : SAMPLES); index++) {
    samples.push({
      'worker-atexit': await timeToGone('registerServer', connections),
      'server.close()': await timeToGone('close', connections),
    });
  }
  const figures = medians(samples);
  const value = figures['worker-atexit'] / figures['server.close()'];
  return {
    about:
      'SIGTERM to the process being gone: idle keep-alive connections, beside server.close(); server.closeIdleConnections()',
    unit: 'ms',
    rows: [{ row: `${connections} connections`, figures, target: { what: 'ratio', value, most: TARGET }, samples }],
  };
}
