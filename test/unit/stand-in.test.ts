import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isReplaceable, standIn } from '../../src/stand-in.ts';

class Greeter {
  name = 'one';
  greet(...whom: unknown[]): string {
    return `${this.name} greets ${whom.join(' and ')}`;
  }
}

let greeter: Greeter;
beforeEach(() => {
  greeter = new Greeter();
});

describe('a stand-in', () => {
  it('is called in place of the method, with its arguments', () => {
    const stand = vi.fn(() => 'nobody');
    const there = standIn(greeter, 'greet', stand);
    expect(greeter.greet('two', 'three')).toBe('nobody');
    expect(stand).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 'two', 'three');
    expect(there.isOnTop()).toBe(true);
  });

  it('calls what was there before, as its owner’s', () => {
    standIn(greeter, 'greet', (next, ...whom) => `${next(...whom)}, ${next('others')}`);
    expect(greeter.greet('two', 'three')).toBe('one greets two and three, one greets others');
    expect(Reflect.apply(greeter.greet, undefined, ['two'])).toBe('one greets two, one greets others');
  });

  it('calls it as that of a copy, where a copy was called', () => {
    standIn(greeter, 'greet', (next, ...whom) => next(...whom));
    const copy = { greet: greeter.greet, name: 'copy' };
    expect(copy.greet('two')).toBe('copy greets two');
  });

  it('lets itself be listed, replaced and taken away as the method did', () => {
    standIn(greeter, 'greet', () => 'nobody');
    expect(Object.keys(greeter)).toEqual(['name']);
    expect(Object.getOwnPropertyDescriptor(greeter, 'greet')).toMatchObject({ configurable: true, writable: true });
    const own = { greet: () => 'own' };
    standIn(own, 'greet', () => 'nobody');
    expect(Object.keys(own)).toEqual(['greet']);
  });

  it('is not put where there is no method', () => {
    const owner = { greet: undefined };
    const there = standIn(owner, 'greet', () => 'nobody');
    expect(owner).toEqual({ greet: undefined });
    expect(there.isOnTop()).toBe(false);
    there.takeAway();
    expect(owner).toEqual({ greet: undefined });
  });
});

describe('what is taken away', () => {
  it('leaves a method of the class as it was', () => {
    const there = standIn(greeter, 'greet', () => 'nobody');
    there.takeAway();
    expect(Object.hasOwn(greeter, 'greet')).toBe(false);
    expect(there.isOnTop()).toBe(false);
  });

  it.each([
    ['a function', { value: () => 'own', configurable: true, writable: false, enumerable: true }],
    ['a getter', { get: () => () => 'own', configurable: true, enumerable: false }],
  ])('leaves %s that the program had put there as it was', (_, own) => {
    Object.defineProperty(greeter, 'greet', own);
    const there = standIn(greeter, 'greet', (next) => `not ${next()}`);
    expect(greeter.greet()).toBe('not own');
    there.takeAway();
    expect(Object.getOwnPropertyDescriptor(greeter, 'greet')).toEqual(own);
  });

  it('leaves what has wrapped it since then, and passes every call on', () => {
    const there = standIn(greeter, 'greet', () => 'nobody');
    const inner = greeter.greet;
    const wrapper = (...whom: unknown[]): string => `${inner.apply(greeter, whom)}!`;
    greeter.greet = wrapper;
    expect(greeter.greet('two')).toBe('nobody!');
    expect(there.isOnTop()).toBe(false);
    there.takeAway();
    expect(greeter.greet).toBe(wrapper);
    expect(greeter.greet('two')).toBe('one greets two!');
  });

  it('is out of the way once whoever has wrapped it puts it back', () => {
    const there = standIn(greeter, 'greet', () => 'nobody');
    const inner = greeter.greet;
    greeter.greet = () => 'wrapper';
    there.takeAway();
    greeter.greet = inner;
    there.takeAway();
    expect(greeter.greet).toBe(inner);
    expect(greeter.greet('two')).toBe('one greets two');
  });

  it('takes away only itself where there are several', () => {
    const first = standIn(greeter, 'greet', (next) => `first, ${next()}`);
    const second = standIn(greeter, 'greet', (next, ...whom) => `second, ${next(...whom)}`);
    expect(greeter.greet('two')).toBe('second, first, one greets ');
    first.takeAway();
    expect(greeter.greet('two')).toBe('second, one greets two');
    second.takeAway();
    expect(greeter.greet('two')).toBe('one greets two');
  });
});

describe('a method that is there for good', () => {
  it.each([
    ['is not configurable', () => Object.defineProperty(greeter, 'greet', { value: () => 'own', writable: true })],
    ['belongs to a frozen object', () => Object.freeze(greeter)],
    ['belongs to an object that takes no property', () => Object.preventExtensions(greeter)],
  ])('%s, and is not replaceable', (_, close) => {
    expect(isReplaceable(greeter, 'greet')).toBe(true);
    close();
    expect(isReplaceable(greeter, 'greet')).toBe(false);
    expect(() => standIn(greeter, 'greet', () => 'nobody')).toThrow(TypeError);
  });

  it('is replaceable where it is the program’s own', () => {
    Object.defineProperty(greeter, 'greet', { value: () => 'own', configurable: true });
    expect(isReplaceable(Object.preventExtensions(greeter), 'greet')).toBe(true);
  });
});
