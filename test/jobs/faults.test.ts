import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../../scripts/redis.js';
import { createScene } from './scene.ts';

const kinds = ['threads', 'processes'] as const;

it.each(kinds)('a job that does not heed its signal is handed back once its sandbox has ended: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  await scene.add(3);
  const service = await scene.start({ kind, concurrency: 1, library: { timeout: 4000 } });
  await scene.done(3);
  await scene.add(1, { takes: 20_000, heeds: false });
  await expect.poll(() => scene.queue.getActiveCount()).toBe(1);
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ signal: 'SIGTERM' });
  // What was done before is on disk all the same.
  expect(await scene.account()).toEqual({ done: 3, failed: 0, lost: 0, twice: 0 });
  expect(await scene.queue.getWaitingCount()).toBe(1);
  expect(scene.report(service.pid)).toContain('index: job 4 (line) had not finished in time, and was handed back');
});

it.each(kinds)('a job may be left to run until its sandbox ends, and is handed back then: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  const options = { onOverrun: 'leave' };
  const service = await scene.start({ kind, concurrency: 1, options, library: { timeout: 3000 } });
  await scene.add(1, { takes: 20_000 });
  await expect.poll(() => scene.queue.getActiveCount()).toBe(1);
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ signal: 'SIGTERM' });
  expect(await scene.queue.getWaitingCount()).toBe(1);
  expect(await scene.account()).toEqual({ done: 0, failed: 0, lost: 0, twice: 0 });
});

it.each([...kinds, 'here'] as const)('close(true) hands back what runs: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  await scene.add(3);
  const service = await scene.start({ kind, concurrency: 1 });
  await scene.done(3);
  await scene.add(1, { takes: 20_000 });
  await expect.poll(() => scene.queue.getActiveCount()).toBe(1);
  service.type('close by force');
  await service.printed('closed');
  expect(await scene.queue.getWaitingCount()).toBe(1);
  expect(await service.ended).toMatchObject({ code: 0 });
  expect(await scene.account()).toEqual({ done: 3, failed: 0, lost: 0, twice: 0 });
});

it('without Redis the shutdown ends by its deadline, and says what it has waited for', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const scene = await createScene(onTestFinished, redis);
  await scene.add(3);
  const service = await scene.start({ kind: 'threads', library: { timeout: 2000 } });
  await scene.done(3);
  redis.kill();
  await service.errors();
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ signal: 'SIGTERM' });
  const report = scene.report(service.pid);
  expect(report).toMatch(/not clean shutdown by signal/);
  expect(report).toMatch(/close index .* unfinished/);
  // The sandboxes know nothing of Redis.
  expect(scene.lines()).toHaveLength(3);
});

it.each(kinds)('a sandbox that is just being started is awaited: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  const service = await scene.start({ kind, concurrency: 2, slow: 700 });
  await scene.add(2);
  await expect.poll(() => scene.queue.getActiveCount()).toBe(2);
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ signal: 'SIGTERM' });
  expect(await scene.account()).toEqual({ done: 2, failed: 0, lost: 0, twice: 0 });
});

it.each(kinds)('two workers of one file have sandboxes of their own: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  await scene.add(40);
  const service = await scene.start({ kind, concurrency: 2, workers: 2 });
  await scene.done(40);
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ signal: 'SIGTERM' });
  expect(await scene.account()).toEqual({ done: 40, failed: 0, lost: 0, twice: 0 });
  expect(scene.report(service.pid)).toMatch(/finish the jobs of index2 /);
});

it.each(kinds)('process.exit() waits for the sandboxes, and says which jobs it cannot wait for: %s', async (kind) => {
  const scene = await createScene(onTestFinished);
  await scene.add(3);
  const service = await scene.start({ kind, concurrency: 1 });
  await scene.done(3);
  await scene.add(1, { takes: 20_000 });
  await expect.poll(() => scene.queue.getActiveCount()).toBe(1);
  service.type('exit');
  await service.ended;
  expect(await scene.account()).toEqual({ done: 3, failed: 0, lost: 0, twice: 0 });
  expect(scene.report(service.pid)).toContain('note: index: job 4 (line) did not finish; taken again once');
});

describe('with one handler in the processor, and nothing else', () => {
  it('loses what was reported done where the Worker is not registered', async () => {
    const scene = await createScene(onTestFinished);
    await scene.add(60);
    const service = await scene.start({ kind: 'processes', concurrency: 1, unregistered: true });
    await scene.done(60);
    service.type('close');
    await service.printed('closed');
    const { done, lost } = await scene.account();
    expect(done).toBe(60);
    expect(lost).toBeGreaterThan(0);
  });
});
