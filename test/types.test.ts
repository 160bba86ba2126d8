import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Remote } from 'comlink';
import { Piscina } from 'piscina';
import Tinypool from 'tinypool';
import { expectTypeOf, it } from 'vitest';
import { onDrain, register, type ShutdownReport, shutdown, unregister } from 'worker-atexit';
import { wrap } from 'worker-atexit/comlink';
import { registerPool as registerPiscina } from 'worker-atexit/piscina';
import { registerPool as registerTinypool } from 'worker-atexit/tinypool';
import { registerPool as registerWorkerpool } from 'worker-atexit/workerpool';
import workerpool, { type Pool } from 'workerpool';

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

it('checks arguments that may be left out, and those of a function of many', () => {
  const close = (name: string, port?: number) => `${name}:${port}`;
  const log = (...lines: readonly string[]) => lines.length;
  const typed = () => {
    register(close, 'http');
    register(close, 'http', 80);
    // @ts-expect-error: a port is a number
    register(close, 'http', '80');
    // @ts-expect-error: one too many
    register(close, 'http', 80, true);
    expectTypeOf(register(log, 'one', 'two')).toEqualTypeOf(log);
    // @ts-expect-error: a line is a string
    register(log, 'one', 2);
  };
  expectTypeOf(typed).toBeFunction();
});

it('takes a function that can be called without arguments, whatever else it takes', () => {
  const stream = new PassThrough();
  const server = createServer();
  const close = (port = 80) => port;
  const closeAll = (name: string, { force } = { force: false }) => name.repeat(Number(force));
  const typed = () => {
    const end = stream.end.bind(stream);
    expectTypeOf(register(end)).toEqualTypeOf(end);
    expectTypeOf(onDrain(end)).toEqualTypeOf(end);
    register(server.close.bind(server));
    expectTypeOf(register(close)).toEqualTypeOf(close);
    register(close, 8080);
    register(closeAll, 'one');
    register(async (code = 0) => code);
    // @ts-expect-error: a port is a number
    register(close, 'http');
    // @ts-expect-error: a name is missing
    register(closeAll);
    // @ts-expect-error: what an asynchronous function returns is none
    register(Promise.resolve());
  };
  expectTypeOf(typed).toBeFunction();
});

it("leaves a pool's type, and that of its tasks, as it is", () => {
  const typed = () => {
    const pool = registerPiscina(new Piscina<{ line: string }, number>());
    expectTypeOf(pool).toEqualTypeOf<Piscina<{ line: string }, number>>();
    expectTypeOf(pool.run({ line: 'one' })).resolves.toEqualTypeOf<number>();
    // @ts-expect-error: a task has a line
    pool.run({ text: 'one' });
    expectTypeOf(registerTinypool(new Tinypool({ filename: 'task.js' }))).toEqualTypeOf<Tinypool>();
    expectTypeOf(registerWorkerpool(workerpool.pool())).toEqualTypeOf<Pool>();
    // @ts-expect-error: no pool
    registerPiscina(new Map());
  };
  expectTypeOf(typed).toBeFunction();
});

it('knows what a wrapped worker exposes', () => {
  interface Parser {
    count(text: string): number;
    readonly version: string;
  }
  const typed = (...[worker]: Parameters<typeof wrap>) => {
    const parser = wrap<Parser>(worker);
    expectTypeOf(parser).toEqualTypeOf<Remote<Parser>>();
    expectTypeOf(parser.count('one two')).toEqualTypeOf<Promise<number>>();
    expectTypeOf(parser.version).toEqualTypeOf<Promise<string>>();
    // @ts-expect-error: a text is a string
    parser.count(2);
  };
  expectTypeOf(typed).toBeFunction();
});
