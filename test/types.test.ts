import { expectTypeOf, it } from 'vitest';
import { onDrain, register, type ShutdownReport, shutdown, unregister } from 'worker-atexit';

it('checks the arguments of a handler against it, and returns what was registered', () => {
  const close = (name: string, port: number) => `${name}:${port}`;
  const typed = () => {
    expectTypeOf(register(close, 'http', 80)).toEqualTypeOf(close);
    expectTypeOf(onDrain(close, 'http', 80)).toEqualTypeOf(close);
    // @ts-expect-error: a port is a number
    register(close, 'http', '80');
    // @ts-expect-error: an argument is missing
    register(close, 'http');
    // @ts-expect-error: not a function, and not disposable
    register({});
    const resource = { async [Symbol.asyncDispose]() {}, name: 'db' };
    expectTypeOf(register(resource)).toEqualTypeOf(resource);
    unregister(close);
    unregister(resource);
    expectTypeOf(shutdown()).toEqualTypeOf<Promise<ShutdownReport>>();
  };
  expectTypeOf(typed).toBeFunction();
});
