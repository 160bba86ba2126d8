import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaults } from '../../src/options.ts';
import type { ShutdownReport } from '../../src/report/report.ts';
import { createSupervisorRoute } from '../../src/routes/supervisor.ts';
import { fitInto, type Supervision } from '../../src/thread/supervision.ts';
import { createProcess, createThread } from './stand-ins.ts';

let order: () => void;
beforeEach(() => {
  order = vi.fn();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function scene(env: Record<string, string>, { settings = defaults, more = {} } = {}) {
  const counted: string[] = [];
  const channel = { refCounted: () => counted.push('ref'), unrefCounted: () => counted.push('unref') };
  const send = vi.fn();
  const stub = createProcess({ env, channel, send, ...more });
  vi.stubGlobal('process', stub);
  const told: ((report: ShutdownReport) => void)[] = [];
  const { thread, log } = createThread({ settings, onEnd: (listener: () => void) => told.push(listener) });
  return {
    stub,
    send,
    counted,
    log,
    route: createSupervisorRoute(thread, order),
    tell: (report: object) => told[0]?.(report as ShutdownReport),
  };
}

describe('PM2', () => {
  it('orders by message, and holds no process by that', () => {
    const { stub, counted, route } = scene({ pm_id: '0' });
    route.install();
    route.install();
    expect(stub.listenerCount('message')).toBe(1);
    stub.emit('message', 'anything');
    expect(order).not.toHaveBeenCalled();
    stub.emit('message', 'shutdown');
    expect(order).toHaveBeenCalledTimes(1);
    route.uninstall();
    route.uninstall();
    expect(stub.listenerCount('message')).toBe(0);
    expect(counted).toEqual(['unref', 'ref']);
  });

  it.each([
    { env: {} as Record<string, string>, limit: 1400 },
    { env: { kill_timeout: '10000' }, limit: 9800 },
    { env: { PM2_KILL_TIMEOUT: '500' }, limit: 400 },
    { env: { kill_timeout: 'soon' }, limit: 1400 },
    { env: { kill_timeout: '-1' }, limit: 1400 },
  ])('leaves $limit ms with $env, and that is said once', ({ env, limit }) => {
    const { route, log } = scene({ pm_id: '0', ...env });
    expect(route.limit(limit)).toBe(limit);
    expect(log).toEqual([]);
    expect(route.limit(20_000)).toBe(limit);
    expect(route.limit(20_000)).toBe(limit);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain(`PM2 kills this process ${limit} ms into a shutdown`);
  });

  it('is told that the program is ready', () => {
    const { send, route } = scene({ pm_id: '0' });
    route.ready();
    expect(send).toHaveBeenCalledWith('ready');
  });

  it('that has no channel is listened to in vain', () => {
    const { stub, route } = scene({ pm_id: '0' }, { more: { channel: undefined } });
    route.install();
    expect(stub.listenerCount('message')).toBe(0);
  });
});

describe('systemd', () => {
  const supervision = () => ({ begin: vi.fn(), end: vi.fn(), ready: vi.fn() }) satisfies Supervision;

  it('is told of the beginning, the end and readiness', () => {
    const { route, tell } = scene({ NOTIFY_SOCKET: '/run/notify' });
    const told = supervision();
    route.know(told);
    route.install();
    route.ready();
    route.begin(() => 1);
    tell({});
    expect([told.ready, told.begin, told.end].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);
    expect(route.trustsSignals).toBe(true);
    expect(route.limit(1e6)).toBeUndefined();
  });

  it('that cannot be spoken to costs a line', () => {
    const getBuiltinModule = () => ({
      createRequire: () => () => {
        throw new Error('not found');
      },
    });
    const { route, log } = scene({ NOTIFY_SOCKET: '/run/notify' }, { more: { getBuiltinModule } });
    route.install();
    route.begin(() => 1);
    expect(log).toEqual(['systemd is told nothing: worker-atexit/systemd cannot be loaded: Error: not found']);
  });
});

it.each([
  { env: {}, settings: defaults },
  { env: { pm_id: '0', NOTIFY_SOCKET: '/run' }, settings: { ...defaults, supervisor: 'none' as const } },
])('nobody is heeded where nobody is, or is to be: $env', ({ env, settings }) => {
  const { stub, send, route, tell } = scene(env as Record<string, string>, { settings });
  const told = { begin: vi.fn(), end: vi.fn(), ready: vi.fn() };
  route.know(told);
  route.install();
  route.ready();
  route.begin(() => 1);
  tell({});
  expect(route.limit(1e6)).toBeUndefined();
  expect(route.trustsSignals).toBe(false);
  expect(stub.listenerCount('message')).toBe(0);
  expect([send, told.begin, told.end, told.ready].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0, 0]);
});

it('a shutdown is fitted into what its supervisor leaves', () => {
  expect(fitInto(undefined, 8000, 5000)).toEqual({ timeout: 8000, delay: 5000 });
  expect(fitInto(20_000, 8000, 5000)).toEqual({ timeout: 8000, delay: 5000 });
  expect(fitInto(1400, 8000, 0)).toEqual({ timeout: 1400, delay: 0 });
  expect(fitInto(1400, 8000, 300)).toEqual({ timeout: 1100, delay: 300 });
  expect(fitInto(1400, 8000, 5000)).toEqual({ timeout: 700, delay: 700 });
});
