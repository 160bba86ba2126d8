import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { now } from '../../src/clock.ts';
import { createDriver, type Driver } from '../../src/sequence/drivers.ts';
import type { Step } from '../../src/sequence/step.ts';

/** What came to pass, in order. */
let log: string[] = [];
let driver: Driver;

beforeEach(() => {
  vi.useFakeTimers();
  // The clock of a process does not begin with it.
  vi.advanceTimersByTime(5000);
  log = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** A step that says what becomes of it. `start` is what it does. */
function step(name: string, start: () => unknown, more: Partial<Step> = {}): Step {
  return {
    until: now() + 1000,
    start(sync) {
      log.push(`${name}${sync ? ' sync' : ''}`);
      const waiting = start();
      return waiting instanceof Promise ? waiting : undefined;
    },
    cut: (sync) => log.push(`cut ${name}${sync ? ' sync' : ''}`),
    ...more,
  };
}

function create(...steps: Step[]): Driver {
  function* all(): Generator<Step, void, void> {
    yield* steps;
  }
  driver = createDriver(all(), {
    onError: (error) => log.push(`error ${error instanceof Error ? error.message : error}`),
    onEnd: () => log.push('end'),
  });
  return driver;
}

const never = () => new Promise<never>(() => {});
const sleep = (ms: number) => () => new Promise((resolve) => setTimeout(resolve, ms));

describe('the asynchronous driver', () => {
  it('goes through what is not to be waited for at once', () => {
    create(
      step('a', () => {}),
      step('b', () => {}),
    ).drive();
    expect(log).toEqual(['a', 'b', 'end']);
  });

  it('ends at once where there is nothing to do', () => {
    create().drive();
    expect(log).toEqual(['end']);
  });

  it('awaits one step before the next', async () => {
    create(
      step('a', sleep(100)),
      step('b', sleep(100)),
      step('c', () => {}),
    ).drive();
    expect(log).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(99);
    expect(log).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(100);
    expect(log).toEqual(['a', 'b', 'c', 'end']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on when a step rejects: what failed has a report of its own', async () => {
    create(
      step('a', () => Promise.reject(new Error('no'))),
      step('b', () => {}),
    ).drive();
    await vi.advanceTimersByTimeAsync(0);
    expect(log).toEqual(['a', 'b', 'end']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells of a step that throws, and goes on', () => {
    const fail = (): never => {
      throw new Error('no');
    };
    create(
      step('a', fail),
      step('b', () => {}),
    ).drive();
    expect(log).toEqual(['a', 'error no', 'b', 'end']);
  });

  it.each([20, 500])('gives up a step whose time of %d ms is up', async (ms) => {
    create(
      step('a', never, { until: now() + ms }),
      step('b', () => {}),
    ).drive();
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(log).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['a', 'cut a', 'b', 'end']);
  });

  it('gives up without a word where a step has none', async () => {
    const { until, start } = step('a', never);
    create({ until, start }).drive();
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['a', 'end']);
  });

  it.each([-5000, Number.NEGATIVE_INFINITY])(
    'gives up at the next turn where the time was up %d ms ago',
    async (ms) => {
      create(step('a', never, { until: now() + ms })).drive();
      expect(log).toEqual(['a']);
      await vi.advanceTimersByTimeAsync(1);
      expect(log).toEqual(['a', 'cut a', 'end']);
    },
  );

  it('looks again and again whether the time of a step has come nearer', async () => {
    let until = now() + 60_000;
    const waiting = {
      get until() {
        return until;
      },
      start: never,
      cut: () => void log.push('cut'),
    };
    create(waiting).drive();
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual([]);
    until = now();
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['cut', 'end']);
  });
});

describe('the synchronous driver', () => {
  it('goes through every step, and waits for none', () => {
    create(
      step('a', () => {}),
      step('b', never),
      step('c', () => {}),
    ).takeOver();
    expect(log).toEqual(['a sync', 'b sync', 'cut b sync', 'c sync', 'end']);
  });

  it('blocks where a step can be waited for, and then does not give it up', () => {
    create(step('a', never, { block: () => void log.push('block a') })).takeOver();
    expect(log).toEqual(['a sync', 'block a', 'end']);
  });

  it('blocks also where there is nothing to wait for: what comes meanwhile is seen', () => {
    create(step('a', () => {}, { block: () => void log.push('block a') })).takeOver();
    expect(log).toEqual(['a sync', 'block a', 'end']);
  });

  it('tells of a step that throws, and goes on', () => {
    const fail = (): never => {
      throw new Error('no');
    };
    create(
      step('a', fail),
      step('b', () => {}),
    ).takeOver();
    expect(log).toEqual(['a sync', 'error no', 'b sync', 'end']);
  });

  it.each(['block', 'cut'])('tells of a step whose %s throws, and goes on', (what) => {
    const fail = (): never => {
      throw new Error('no');
    };
    create(
      step('a', never, { [what]: fail }),
      step('b', () => {}),
    ).takeOver();
    expect(log).toEqual(['a sync', 'error no', 'b sync', 'end']);
  });

  it('needs no cut', () => {
    const { until, start } = step('a', never);
    create({ until, start }).takeOver();
    expect(log).toEqual(['a sync', 'end']);
  });
});

describe('taking over', () => {
  it('gives up the step that is waited for, and goes on with the next one', async () => {
    create(
      step('a', () => {}),
      step('b', sleep(100)),
      step('c', never),
    ).drive();
    driver.takeOver();
    expect(log).toEqual(['a', 'b', 'cut b sync', 'c sync', 'cut c sync', 'end']);
    // What was waited for settles later, and nothing comes of it.
    await vi.advanceTimersByTimeAsync(5000);
    expect(log).toHaveLength(6);
  });

  it('gives up the step that is waited for once, though its time is up later', async () => {
    create(step('a', never)).drive();
    driver.takeOver();
    await vi.advanceTimersByTimeAsync(5000);
    expect(log).toEqual(['a', 'cut a sync', 'end']);
  });

  it('blocks for the step that is waited for', () => {
    create(step('a', never, { block: () => void log.push('block a') })).drive();
    driver.takeOver();
    expect(log).toEqual(['a', 'block a', 'end']);
  });

  it('from within a step goes on with the next one, and does not give up its own', async () => {
    create(
      step('a', () => {
        driver.takeOver();
        return never();
      }),
      step('b', () => {}),
    ).drive();
    expect(log).toEqual(['a', 'b sync', 'end']);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(log).toHaveLength(3);
  });

  it('from within a step, and again from within the next', () => {
    const again = () => driver.takeOver();
    create(
      step('a', again),
      step('b', again),
      step('c', () => never()),
      step('d', again),
    ).drive();
    expect(log).toEqual(['a', 'b sync', 'c sync', 'cut c sync', 'd sync', 'end']);
  });

  it('from within a step that the synchronous driver has started', () => {
    create(
      step('a', () => {
        driver.takeOver();
        return never();
      }),
      step('b', () => {}),
    ).takeOver();
    expect(log).toEqual(['a sync', 'b sync', 'end']);
  });

  it('from a step that then throws: all the same', () => {
    create(
      step('a', () => {
        driver.takeOver();
        throw new Error('no');
      }),
      step('b', () => {}),
    ).drive();
    expect(log).toEqual(['a', 'b sync', 'end', 'error no']);
  });

  it('after the end does nothing', () => {
    create(step('a', () => {})).drive();
    driver.takeOver();
    driver.takeOver();
    expect(log).toEqual(['a', 'end']);
  });

  it('before the beginning does all of it', () => {
    create(step('a', () => {})).takeOver();
    expect(log).toEqual(['a sync', 'end']);
  });

  it('while a step is given up, by what is told of that, leaves nothing out', async () => {
    let told = false;
    create(
      step('a', never, {
        cut: (sync) => {
          log.push(`cut a${sync ? ' sync' : ''}`);
          if (!told) {
            told = true;
            driver.takeOver();
          }
        },
      }),
      step('b', () => {}),
    ).drive();
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['a', 'cut a', 'cut a sync', 'b sync', 'end']);
  });
});
