// Two instances of a service behind a balancer, a load, and restarts of one instance after the other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, startBalancer } from './balancers.js';

const service = fileURLToPath(new URL('service.js', import.meta.url));

/** An instance that is not gone by then is killed: ms. */
const GONE = 6000;

/**
 * How long a balancer that does not tell may take to see that an instance is there again, and one that tells: ms. nginx asks
 * one that has failed again after its fail_timeout, 1 s.
 */
const SEEN = 1500;
const SEEN_AT_MOST = 10_000;

async function startInstance(way, port, env) {
  const child = spawn(process.execPath, [service, way, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`${way} did not start: ${code}`);
    }),
  ]);
  child.stdout.resume();
  return child;
}

async function end(child, signal) {
  const ended = once(child, 'exit');
  const limit = setTimeout(() => child.kill('SIGKILL'), GONE);
  child.kill(signal);
  const [, by] = await ended;
  clearTimeout(limit);
  return by !== 'SIGKILL' || signal === 'SIGKILL';
}

/** One request. Resolves to undefined, or to what went wrong. */
function ask(agent, port, method) {
  return new Promise((resolve) => {
    const asked = request({ agent, port, host: '127.0.0.1', method, timeout: 10_000 }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(body === 'answered' ? undefined : `status ${response.statusCode}`));
      response.on('error', ({ code }) => resolve(`in the answer: ${code}`));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'no answer' })));
    asked.on('error', ({ code }) => resolve(code));
    asked.end(method === 'POST' ? 'question' : undefined);
  });
}

/**
 * Resolves to how many requests were sent, and how many of them failed in which way.
 *
 * `restarts`: how many of them at least, in turn; `requests`: at least as many.
 */
export async function roll({
  way,
  balancer,
  folder,
  method = 'GET',
  clients = 10,
  requests = 10_000,
  restarts = 4,
  env,
  start = startBalancer,
  onProgress,
}) {
  const ports = [await freePort(), await freePort()];
  const instances = await Promise.all(ports.map((port) => startInstance(way, port, env)));
  const {
    port,
    stop,
    areUp = () => true,
  } = await start(balancer, ports, join(folder, balancer.replaceAll(/\W+/g, '-')));
  const failures = new Map();
  const result = { sent: 0, answered: 0, failed: 0, restarted: 0, killed: 0, failures };
  let isRolling = true;

  async function seen() {
    await sleep(SEEN);
    for (const until = Date.now() + SEEN_AT_MOST; !(await areUp()); await sleep(50)) {
      if (Date.now() > until) throw new Error(`${balancer} has not seen both instances within ${SEEN_AT_MOST} ms`);
    }
  }

  try {
    await seen();
    const load = Array.from({ length: clients }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (isRolling || result.sent < requests) {
        result.sent++;
        const failure = await ask(agent, port, method);
        if (failure === undefined) result.answered++;
        else {
          result.failed++;
          failures.set(failure, (failures.get(failure) ?? 0) + 1);
        }
        onProgress?.(result);
      }
      agent.destroy();
    });
    for (let n = 0; n < restarts || result.sent < requests; n++) {
      await sleep(300);
      const which = n % instances.length;
      if (!(await end(instances[which], 'SIGTERM'))) result.killed++;
      instances[which] = await startInstance(way, ports[which], env);
      result.restarted++;
      await seen();
    }
    isRolling = false;
    await Promise.all(load);
  } finally {
    await Promise.all(instances.map((child) => end(child, 'SIGKILL')));
    await stop();
  }
  return result;
}
