import { expect, it } from 'vitest';
import { hear, isObject, read } from '../../src/adapters/comlink/wire.ts';

it('tells objects from all else', () => {
  expect([{}, [], new Map()].map(isObject)).toEqual([true, true, true]);
  expect([undefined, null, 'text', 5, () => {}].map(isObject)).toEqual([false, false, false, false, false]);
});

it('reads a property of an object, and undefined of all else', () => {
  expect(read({ id: '5' }, 'id')).toBe('5');
  expect([{}, null, undefined, 'text'].map((value) => read(value, 'length'))).toEqual(Array(4).fill(undefined));
});

it('gives a message to Comlink, and answers nothing in its stead', () => {
  const heard: unknown[] = [];
  const answers: object[] = [];
  hear(
    (event) => heard.push(event),
    { id: '5' },
    (message) => answers.push(message),
  );
  expect(heard).toEqual([{ data: { id: '5' } }]);
  expect(answers).toEqual([]);
});

const unreadable = (): never => {
  throw new RangeError('cannot be read');
};

it('answers a request that Comlink cannot read with the error', () => {
  const answers: object[] = [];
  hear(unreadable, { id: '5' }, (message) => answers.push(message));
  expect(answers).toEqual([
    {
      id: '5',
      type: 'HANDLER',
      name: 'throw',
      value: {
        isError: true,
        value: { name: 'RangeError', message: 'cannot be read', stack: expect.stringContaining('unreadable') },
      },
    },
  ]);
});

it.each([{}, { id: 5 }, null, 'text'])('does not answer %j, which is no request', (message) => {
  const answers: object[] = [];
  hear(unreadable, message, (answer) => answers.push(answer));
  expect(answers).toEqual([]);
});
