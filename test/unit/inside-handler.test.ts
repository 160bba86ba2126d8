import { afterEach, describe, expect, it } from 'vitest';
import { awaitHandler, callHandler, isInsideHandler } from '../../src/handlers/inside-handler.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

const { stackTraceLimit, prepareStackTrace } = Error;
afterEach(() => {
  Error.stackTraceLimit = stackTraceLimit;
  if (prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
  else Reflect.deleteProperty(Error, 'prepareStackTrace');
});

describe('code is inside a handler', () => {
  it('while the handler is called, and not after', () => {
    expect(isInsideHandler()).toBe(false);
    expect(callHandler(() => isInsideHandler())).toBe(true);
    expect(isInsideHandler()).toBe(false);
  });

  it('in a handler inside a handler, and then in the outer one still', () => {
    const seen = callHandler(() => [callHandler(() => isInsideHandler()), isInsideHandler()]);
    expect(seen).toEqual([true, true]);
    expect(isInsideHandler()).toBe(false);
  });

  it('no more once the handler has thrown', () => {
    const fail = (): never => {
      throw new Error('no');
    };
    expect(() => callHandler(fail)).toThrow('no');
    expect(isInsideHandler()).toBe(false);
  });

  it('after each await of it', async () => {
    let seen: boolean[] = [];
    const handler = async (): Promise<string> => {
      await turn();
      seen = [isInsideHandler()];
      await turn();
      const deeper = async (): Promise<boolean> => {
        await turn();
        return isInsideHandler();
      };
      seen.push(await deeper());
      return 'done';
    };
    const returned = callHandler(handler);
    const awaited = awaitHandler(Promise.resolve(returned));
    // What runs meanwhile is not inside.
    expect(isInsideHandler()).toBe(false);
    await turn();
    expect(isInsideHandler()).toBe(false);
    expect(await awaited).toBe('done');
    expect(seen).toEqual([true, true]);
  });

  it('however little of the stack the program wants to see, which is not changed', async () => {
    const prepare = () => 'the program’s own';
    Error.stackTraceLimit = 0;
    Error.prepareStackTrace = prepare;
    const handler = async (): Promise<boolean> => {
      await turn();
      return isInsideHandler();
    };
    const inside = awaitHandler(Promise.resolve(callHandler(handler)));
    await inside.then((isInside) => expect(isInside).toBe(true));
    expect(Error.stackTraceLimit).toBe(0);
    expect(Error.prepareStackTrace).toBe(prepare);
  });

  it('and asking leaves no trace', () => {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
    isInsideHandler();
    expect(Object.hasOwn(Error, 'prepareStackTrace')).toBe(false);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });
});

it('a handler’s promise is passed on as it settles', async () => {
  await expect(awaitHandler(Promise.resolve(5))).resolves.toBe(5);
  await expect(awaitHandler(Promise.reject(new Error('no')))).rejects.toThrow('no');
});
