// What signal-exit promises, as its own tests have it. Each program is a child process.

import { deepEqual } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

const file = createRequire(join(process.env.GUESTS, 'x')).resolve('signal-exit');

function play(body) {
  const program = `const { onExit, load, unload } = require(${JSON.stringify(file)}); const said = (...words) => require('node:fs').writeSync(1, words.join(' ') + '\\n'); ${body}`;
  const { status, signal, stdout } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return [status, signal, stdout.trim()];
}

const listen = 'onExit((code, signal) => said(code, signal));';
const kill = (name) => `setInterval(() => {}, 1000); process.kill(process.pid, '${name}');`;

const programs = [
  ['an empty event loop', listen, [0, null, '0 ']],
  ['process.exitCode', `${listen} process.exitCode = 5;`, [5, null, '5']],
  ['process.exit()', `${listen} process.exit(32);`, [32, null, '32']],
  ['an uncaught error', `${listen} throw new Error();`, [1, null, '1']],
  ...['SIGTERM', 'SIGINT', 'SIGHUP'].map((name) => [name, listen + kill(name), [null, name, ` ${name}`]]),
  [
    'a listener that returns true keeps it alive',
    `onExit((_, signal) => { said(signal); setTimeout(() => process.exit(3)); return true; }); ${kill('SIGTERM')}`,
    [3, null, 'SIGTERM'],
  ],
  [
    'another listener of the signal',
    `${listen} process.on('SIGTERM', () => { said('heard'); process.exit(7); }); ${kill('SIGTERM')}`,
    [7, null, 'heard\n7'],
  ],
  [
    'alwaysLast',
    `onExit(() => said('last'), { alwaysLast: true }); onExit(() => said('first')); ${kill('SIGTERM')}`,
    [null, 'SIGTERM', 'first\nlast'],
  ],
  ['a removed listener', `onExit(() => said('wrong'))(); ${kill('SIGTERM')}`, [null, 'SIGTERM', '']],
  ['unload()', `${listen} unload(); ${kill('SIGTERM')}`, [null, 'SIGTERM', '']],
  [
    'an exit listener that sets the code',
    `${listen} process.on('exit', () => { process.exitCode = 9; });`,
    [9, null, '0'],
  ],
];

for (const [name, body, [status, signal, said]] of programs) {
  test(name, () => {
    const [foundStatus, foundSignal, found] = play(body);
    deepEqual([foundStatus, foundSignal, found.split('\n').length], [status, signal, said.split('\n').length], found);
  });
}
