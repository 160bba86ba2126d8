import { describe, expect, it, onTestFinished } from 'vitest';
import { createScene, kinds, versions } from './scene.ts';

const RUNS = Number(process.env.JOB_RUNS ?? 20);
const TWO_SERVICES = Number(process.env.JOB_RUNS ?? 10);
const JOBS = 500;

describe.each(kinds)('a service with sandboxes that are %s, and gets a SIGTERM among its jobs', (kind) => {
  it.for(Array.from({ length: RUNS }, (_, run) => [run, versions[run % versions.length]] as const))(
    'loses nothing: %i, %s',
    async ([, bullmq = 'bullmq'], { onTestFinished }) => {
      const scene = await createScene(onTestFinished);
      await scene.add(JOBS);
      const service = await scene.start({ kind, bullmq });
      await scene.done(150 + Math.floor(Math.random() * 100));
      service.kill('SIGTERM');
      const { signal, output } = await service.ended;
      const { done, ...rest } = await scene.account();
      // On a busy machine it may say who is waited for.
      const told = output.replace(/^worker-atexit: still shutting down: .*\n/gm, '');
      expect({ ...rest, signal, told, events: scene.events() }).toEqual({
        failed: 0,
        lost: 0,
        twice: 0,
        signal: 'SIGTERM',
        told: 'ready\n',
        events: ['the service is done'],
      });
      expect(done).toBeLessThan(JOBS);
      expect(scene.report(service.pid)).toContain('clean shutdown by signal (SIGTERM)');
      expect(scene.report(service.pid).match(/index \d+ +acked .* 1 of 1 done/g)).toHaveLength(4);
    },
  );
});

it.each(kinds)('nothing is lost by Ctrl+C, which the sandboxes get as well: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  await scene.add(JOBS);
  const service = await scene.start({ kind });
  await scene.done(150);
  process.kill(-service.pid, 'SIGINT');
  expect(await service.ended).toMatchObject({ signal: 'SIGINT' });
  expect(await scene.account()).toMatchObject({ failed: 0, lost: 0, twice: 0 });
  expect(scene.events()).toEqual(['the service is done']);
});

describe('two services, one of which gets a SIGTERM', () => {
  it.for(Array.from({ length: TWO_SERVICES }, (_, run) => [run, kinds[run % 2], versions[(run >> 1) % 2]] as const))(
    'do all jobs, once: %i, %s, %s',
    async ([, kind = 'threads', bullmq = 'bullmq'], { onTestFinished }) => {
      const scene = await createScene(onTestFinished);
      await scene.add(JOBS);
      const [first, second] = await Promise.all([scene.start({ kind, bullmq }), scene.start({ kind, bullmq })]);
      await scene.done(150);
      first.kill('SIGTERM');
      await first.ended;
      await scene.done(JOBS);
      second.kill('SIGTERM');
      await second.ended;
      expect(await scene.account()).toEqual({ done: JOBS, failed: 0, lost: 0, twice: 0 });
    },
  );
});

describe.each(versions)('%s', (bullmq) => {
  it.each(kinds)('one worker that is closed in a service that lives on has lost nothing: %s', async (kind) => {
    const scene = await createScene(onTestFinished);
    await scene.add(60);
    const service = await scene.start({ kind, bullmq, concurrency: 2 });
    await scene.done(60);
    service.type('close');
    await service.printed('closed');
    // Before the process ends: it is the worker's own end that has waited.
    expect(await scene.account()).toEqual({ done: 60, failed: 0, lost: 0, twice: 0 });
    expect(await service.ended).toMatchObject({ code: 0 });
  });

  it.each([...kinds, 'here'] as const)(
    'a job that takes longer than the drain stage is done by another service: %s',
    async (kind) => {
      const scene = await createScene(onTestFinished);
      await scene.add(3);
      const services = [
        await scene.start({ kind, bullmq, concurrency: 1 }),
        await scene.start({ kind, bullmq, concurrency: 1 }),
      ];
      await scene.done(3);
      await scene.add(1, { takes: 6000 });
      await expect.poll(() => scene.queue.getActiveCount()).toBe(1);
      const taken = await scene.queue.getJob('4');
      const [first, second] = services.sort(({ pid }) => (String(pid) === taken?.processedBy ? -1 : 1));
      if (!first || !second) throw new Error('two services were started');
      first.kill('SIGTERM');
      const told = Date.now();
      await first.ended;
      await scene.done(4);
      second.kill('SIGTERM');
      await second.ended;
      expect(await scene.account()).toEqual({ done: 4, failed: 0, lost: 0, twice: 0 });
      expect(scene.report(first.pid)).toMatch(
        /note: index: job 4 \(line\) had not finished in time, and was handed back/,
      );
      // Half of the 8 s are the drain stage's; a lock expires after 30 s.
      const { processedOn = 0 } = (await scene.queue.getJob('4')) ?? {};
      expect(processedOn - told).toBeGreaterThan(0);
      expect(processedOn - told).toBeLessThan(4000 + 2000);
    },
  );
});
