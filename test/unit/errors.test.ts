import { describe, expect, it } from 'vitest';
import { checkOptions, checkTerms, checkTimeout, misuse, shown } from '../../src/misuse.ts';
import { FRAME, fromErrorText, ShutdownError, toError, toErrorText } from '../../src/report/errors.ts';

const code = (name: string) => expect.objectContaining({ code: `ERR_WORKER_ATEXIT_${name}` });

describe('a ShutdownError', () => {
  it('looks like what an AbortSignal aborts with, and says why', () => {
    const error = new ShutdownError({ route: 'signal', signal: 'SIGTERM', exitCode: 143 }, 'because');
    expect(error).toBeInstanceOf(Error);
    expect({ ...error, message: error.message, cause: error.cause }).toEqual({
      name: 'AbortError',
      code: 'ERR_WORKER_ATEXIT_SHUTDOWN',
      message: 'this thread is shutting down (SIGTERM)',
      route: 'signal',
      signal: 'SIGTERM',
      exitCode: 143,
      cause: 'because',
    });
  });

  it('has no property for what it does not know', () => {
    const error = new ShutdownError({ route: 'exit' });
    expect(error.message).toBe('this thread is shutting down (exit)');
    for (const property of ['signal', 'exitCode', 'cause']) expect(Object.hasOwn(error, property)).toBe(false);
  });

  it('keeps an exit code of 0, and a cause that is null', () => {
    const error = new ShutdownError({ route: 'exit', exitCode: 0 }, null);
    expect(error.exitCode).toBe(0);
    expect(error.cause).toBeNull();
  });
});

it('misuse is a TypeError with a code', () => {
  const error = misuse('INSIDE_HANDLER', 'do not');
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ message: 'do not', code: 'ERR_WORKER_ATEXIT_INSIDE_HANDLER' });
});

const withoutName = (): void => {};
Reflect.deleteProperty(withoutName, 'name');
const everyProperty = new Proxy(() => {}, {
  get() {
    throw new Error('read');
  },
});
it.each<[unknown, string]>([
  ['a "text"', '"a \\"text\\""'],
  [5, '5'],
  [undefined, 'undefined'],
  [null, 'null'],
  [10n, '10'],
  [Symbol('s'), 'Symbol(s)'],
  [{ toString: () => 'called' }, 'an object'],
  [[1], 'an object'],
  [function close() {}, 'function close'],
  [() => {}, 'a function'],
  [Object.defineProperty(() => {}, 'name', { value: 5 }), 'a function'],
  [withoutName, 'a function'],
  [everyProperty, 'a function'],
])('in a message a value is shown without calling any code of it', (value, text) => {
  expect(shown(value)).toBe(text);
});

it.each([0, 0.5, 2 ** 31 - 1])('a timeout can be %d ms', (value) => {
  expect(checkTimeout('options.timeout', value)).toBeUndefined();
});

it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5', undefined, null, 5n])(
  'a timeout cannot be %s',
  (value) => {
    expect(() => checkTimeout('options.timeout', value)).toThrow(code('INVALID_ARGUMENT'));
    expect(() => checkTimeout('options.timeout', value)).toThrow(
      `options.timeout must be a number of milliseconds from 0 to 2147483647, some 24 days; it is ${shown(value)}`,
    );
  },
);

describe('options', () => {
  it('may be any of those that are known', () => {
    expect(checkOptions('options', { a: 1 }, ['a', 'b'])).toBeUndefined();
    expect(checkOptions('options', {}, [])).toBeUndefined();
  });

  it.each([undefined, null, 'a', 5, () => {}])('are an object, and not %s', (options) => {
    expect(() => checkOptions('options', options, ['a'])).toThrow(code('INVALID_ARGUMENT'));
    expect(() => checkOptions('options', options, ['a'])).toThrow(`options must be an object; it is ${shown(options)}`);
  });

  it('are known, or it is said which are', () => {
    expect(() => checkOptions('options', { a: 1, tiemout: 5 }, ['a', 'b'])).toThrow(code('UNKNOWN_OPTION'));
    expect(() => checkOptions('options', { tiemout: 5 }, ['a', 'b'])).toThrow(
      'options has no option "tiemout"; it has a, b',
    );
  });
});

describe('the terms of a worker', () => {
  it('are a name, a limit, and what is there besides', () => {
    expect(checkTerms({})).toBeUndefined();
    expect(checkTerms({ name: 'renderer', timeout: 5 })).toBeUndefined();
    expect(checkTerms({ name: undefined, timeout: undefined, ...{ force: true } }, ['force'])).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['UNKNOWN_OPTION', { force: true }, 'options has no option "force"; it has name, timeout'],
    ['INVALID_ARGUMENT', { name: 5 }, 'options.name must be a string; it is 5'],
    ['INVALID_ARGUMENT', { name: null }, 'options.name must be a string; it is null'],
    [
      'INVALID_ARGUMENT',
      { timeout: '5' },
      'options.timeout must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "5"',
    ],
  ])('otherwise: %s for %j', (name, terms, message) => {
    expect(() => checkTerms(terms)).toThrow(expect.objectContaining({ code: `ERR_WORKER_ATEXIT_${name}`, message }));
  });
});

describe('what was thrown', () => {
  it('is itself where it is an error', () => {
    const error = new RangeError('no');
    expect(toError(error)).toBe(error);
  });

  it('is the cause of an error where it is none, which has no stack of ours', () => {
    const error = toError('no');
    expect(error).toMatchObject({ message: 'thrown, and not an Error: no', cause: 'no' });
    expect(error.stack).toBe(error.message);
  });

  it('may be something of which no text can be made', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const thrown of [Object.create(null), proxy]) {
      expect(toError(thrown).message).toBe('thrown, and not an Error: a value that cannot be shown');
    }
  });
});

describe('an error on its way to another thread', () => {
  it('is the same on the other side, as far as text goes', () => {
    const { name, message, stack } = new RangeError('too far');
    const error = fromErrorText(toErrorText(Object.assign(new Error(message), { name, stack })));
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.stack]).toEqual([name, message, stack]);
    expect(Object.getOwnPropertyDescriptor(error, 'name')).toEqual({
      value: name,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  });

  it('may have properties that cannot be read', () => {
    const error = new Error('no');
    const get = (): never => {
      throw new Error('read');
    };
    for (const property of ['stack', 'message', 'name']) Object.defineProperty(error, property, { get });
    expect(toErrorText(error)).toEqual({
      name: '(its name cannot be read)',
      message: '(its message cannot be read)',
      stack: '(its stack cannot be read)',
    });
  });

  it.each(['', undefined])('has the rest of its text where its stack is %j', (stack) => {
    const error = new RangeError('no');
    Object.defineProperty(error, 'stack', { value: stack });
    expect(toErrorText(error).stack).toBe('RangeError: no');
  });

  it.each([
    ['Error: no\n    at mine (a.js:1:1)', 'Error: no\n    at mine (a.js:1:1)'],
    [
      `Error: no\n    at mine (a.js:1:1)\n    at Object.${FRAME} (b.js:1:1)\n    at other (a.js:1:1)`,
      'Error: no\n    at mine (a.js:1:1)',
    ],
    [`Error: no\nat mine\nat async ${FRAME}\nat other\nat ${FRAME}`, 'Error: no\nat mine'],
    [
      `Error: nothing that looks at ${FRAME}\n    at mine (a.js:1:1)`,
      `Error: nothing that looks at ${FRAME}\n    at mine (a.js:1:1)`,
    ],
  ])('has the frames of a handler alone: %j', (stack, expected) => {
    expect(toErrorText(Object.assign(new Error('no'), { stack })).stack).toBe(expected);
  });

  it('may have anything for a name, or nothing', () => {
    expect(toErrorText(Object.assign(new Error('no'), { name: 5 })).name).toBe('5');
    const bare = new Error('no');
    for (const property of ['stack', 'message', 'name']) Object.defineProperty(bare, property, { value: undefined });
    expect(toErrorText(bare)).toEqual({ name: 'Error', message: '', stack: 'Error: ' });
  });
});
