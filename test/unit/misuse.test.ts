import { describe, expect, it } from 'vitest';
import { behind, checkOptions, misuse, seenFrom } from '../../src/misuse.ts';

const firstFrame = (error: unknown): string =>
  (error instanceof Error && error.stack?.split('\n').find((line) => /^\s*at /.test(line))) || '';

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A public function. */
function door(act: () => unknown): unknown {
  return behind(door, act);
}

describe('what is thrown behind a door', () => {
  it('is told where the door was called, if it is a misuse', () => {
    function caller(): void {
      door(function deeper() {
        checkOptions('options', null, []);
      });
    }
    const thrown = thrownBy(caller);
    expect(thrown).toMatchObject({ code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT' });
    expect(firstFrame(thrown)).toContain('at caller ');
  });

  it.each([
    ['another error', new TypeError('no')],
    ['an error with a code of its own', Object.assign(new TypeError('no'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['an error of another class', Object.assign(new Error('no'), { code: 'ERR_WORKER_ATEXIT_SHUTDOWN' })],
    ['no error', 'no'],
  ])('stays as it is, if it is %s', (_, thrown) => {
    const stack = Reflect.get(Object(thrown), 'stack');
    const caught = thrownBy(() =>
      door(() => {
        throw thrown;
      }),
    );
    expect(caught).toBe(thrown);
    expect(Reflect.get(Object(thrown), 'stack')).toBe(stack);
  });

  it('is none, and the door returns what it is for', () => {
    expect(door(() => 5)).toBe(5);
  });
});

it('a misuse has a code, and says what is wrong', () => {
  const error = misuse('UNKNOWN_OPTION', 'of no use');
  expect(seenFrom(door, error)).toBe(error);
  expect(error).toMatchObject({ code: 'ERR_WORKER_ATEXIT_UNKNOWN_OPTION', message: 'of no use' });
});
