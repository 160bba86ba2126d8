/** A queue and a service on it, for the tests of jobs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { expect } from 'vitest';
import { linesOf, temporaryFolder } from '../programs.ts';

/** A service that hangs is killed by then: ms. */
export const LIMIT = 30_000;

export const kinds = ['threads', 'processes'] as const;
export const versions = ['bullmq', 'bullmq5'] as const;

/** Where Redis listens: `test/jobs/redis.ts` has started it for all of these tests. */
const shared = { port: Number(process.env.REDIS_PORT) };

interface Situation {
  readonly kind?: (typeof kinds)[number] | 'here';
  readonly bullmq?: (typeof versions)[number];
  readonly concurrency?: number;
  readonly options?: object;
  readonly library?: object;
  /** ms that its processor takes to load. */
  readonly slow?: number;
  readonly workers?: number;
  readonly unregistered?: true;
}

interface Service {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  type(text: string): void;
  printed(text: string): Promise<void>;
  /** Resolves once it has lost its connection. */
  errors(): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly output: string }>;
}

const program = fileURLToPath(new URL('service.js', import.meta.url));
let queues = 0;

/** A queue of its own, and a folder for what its jobs leave. */
export async function createScene(finished: (end: () => void | Promise<void>) => void, redis = shared) {
  const folder = temporaryFolder(finished);
  const name = `queue-${process.pid}-${Date.now()}-${queues++}`;
  const queue = new Queue(name, { connection: { host: '127.0.0.1', port: redis.port } });
  queue.on('error', () => {});
  const services: ChildProcess[] = [];
  finished(async () => {
    for (const service of services) if (service.exitCode === null) service.kill('SIGKILL');
    await Promise.race([queue.close(), once(AbortSignal.timeout(1000), 'abort')]);
  });

  return {
    queue,
    folder,

    async add(count: number, data: object = {}): Promise<void> {
      const jobs = Array.from({ length: count }, () => ({ name: 'line', data: { folder, ...data } }));
      await queue.addBulk(jobs);
    },

    async start(situation: Situation = {}): Promise<Service> {
      const settings = JSON.stringify({ folder, queue: name, port: redis.port, ...situation });
      const child = spawn(process.execPath, [program, settings], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
      services.push(child);
      const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT);
      let output = '';
      const listeners = new Set<() => void>();
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          output += chunk;
          for (const listener of listeners) listener();
        });
      }
      const ended = once(child, 'close').then(([code, signal]) => {
        clearTimeout(limit);
        return { code, signal, output };
      });
      const service: Service = {
        pid: child.pid ?? 0,
        kill: (signal) => void child.kill(signal),
        type: (text) => void child.stdin.write(`${text}\n`),
        ended,
        errors: async () => void (await expect.poll(() => linesOf(folder, 'events').join()).toContain('error:')),
        printed: (text) =>
          Promise.race([
            new Promise<void>((resolve) => {
              const check = (): void => {
                if (output.includes(text)) resolve();
              };
              listeners.add(check);
              check();
            }),
            ended.then(() => {
              if (!output.includes(text)) throw new Error(`the service ended and never printed ${text}\n${output}`);
            }),
          ]),
      };
      await service.printed('ready');
      return service;
    },

    /** Resolves once so many jobs are done. */
    async done(count: number): Promise<void> {
      await expect.poll(() => queue.getCompletedCount(), { timeout: LIMIT, interval: 5 }).toBeGreaterThanOrEqual(count);
    },

    /** What is reported done, against what is on disk. */
    lines: () => linesOf(folder, 'index'),

    async account() {
      const completed = (await queue.getCompleted(0, -1)).map(({ id }) => String(id));
      const lines = linesOf(folder, 'index');
      const written = new Set(lines);
      return {
        done: completed.length,
        failed: await queue.getFailedCount(),
        lost: completed.filter((id) => !written.has(id)).length,
        twice: lines.length - written.size,
      };
    },

    report: (pid: number): string => readFileSync(join(folder, `report-${pid}`), 'utf8'),
    events: (): string[] => linesOf(folder, 'events'),
  };
}
