// What systemd is told, as it comes in at a real datagram socket: by systemd-notify, and by unix-dgram where that is built.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { resolvePeer } from './peers.js';

const service = fileURLToPath(new URL('lines.js', import.meta.url));

/** A service that is not gone by then never will be: ms. */
const LIMIT = 20_000;

/** The library's own, of which 2.5 s are used: ms. */
const DEADLINE = 8000;

/** Node has no datagram sockets of this kind. */
const RECEIVE = `
import json, socket, sys
path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + path[1:] if path[0] == '@' else path)
print('"bound"', flush=True)
if sys.argv[2] == 'silent':
    # Nobody reads, and there is no room for another message.
    full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    full.setblocking(False)
    try:
        while True: full.sendto(b'x', receiver.getsockname())
    except BlockingIOError:
        pass
    print('"full"', flush=True)
    import time
    time.sleep(60)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

/** The folder where unix-dgram can be required from, if its binary was built. */
function unixDgram() {
  try {
    const file = resolvePeer('unix-dgram');
    return dirname(dirname(dirname(file)));
  } catch {
    return undefined;
  }
}

async function play({ path, env = {}, receive = 'all' }) {
  const messages = [];
  let receiver;
  if (receive) {
    receiver = spawn('python3', ['-c', RECEIVE, path, receive], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: receiver.stdout });
    await once(lines, 'line');
    if (receive === 'silent') await once(lines, 'line');
    lines.on('line', (line) => messages.push(JSON.parse(line)));
  }
  const child = spawn(process.execPath, [service], {
    env: { ...process.env, TAKES: '2500', NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  try {
    await once(child.stdout, 'data');
    child.stdout.resume();
    child.stderr.resume();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const ended = once(child, 'exit');
    const told = performance.now();
    child.kill('SIGTERM');
    const [code, signal] = await ended;
    const took = performance.now() - told;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { code, signal, messages, took };
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
    receiver?.kill('SIGKILL');
  }
}

/** What is wrong with the messages, in order; undefined if nothing is. */
function faultOf(messages, status) {
  const own = messages.filter((message) => message !== 'WATCHDOG=1');
  if (own.length === messages.length) return 'no WATCHDOG=1';
  const [ready, stopping, ...rest] = own;
  if (ready !== 'READY=1') return `first ${ready}`;
  if (!/^STOPPING=1\nSTATUS=shutting down\nEXTEND_TIMEOUT_USEC=\d+$/.test(stopping)) return `then ${stopping}`;
  const last = rest.pop();
  if (rest.length < 2 || !rest.every((message) => /^EXTEND_TIMEOUT_USEC=\d+$/.test(message))) return `then ${rest}`;
  return last?.startsWith(`STATUS=worker-atexit: ${status} shutdown by signal`) ? undefined : `last ${last}`;
}

/** Resolves to how many of these failed. */
export async function checkSystemd(folder) {
  mkdirSync(folder, { recursive: true });
  const dgram = unixDgram();
  if (!dgram) console.log('systemd, unix-dgram: not built here, so not tried');
  const socket = join(folder, 'notify');
  const cases = [
    { name: 'systemd-notify', path: socket, signal: 'SIGTERM', status: 'clean' },
    { name: 'systemd-notify, abstract socket', path: `@${socket}-abstract`, signal: 'SIGTERM', status: 'clean' },
    ...(dgram
      ? [
          {
            name: 'unix-dgram',
            path: `${socket}-dgram`,
            signal: 'SIGTERM',
            status: 'clean',
            env: { NODE_PATH: dgram, PATH: '' },
          },
        ]
      : []),
    { name: 'not clean', path: `${socket}-failed`, code: 1, status: 'not clean', env: { FAIL: '1' } },
    { name: 'nobody there', path: `${socket}-gone`, signal: 'SIGTERM', receive: false },
    { name: 'nobody reads', path: `${socket}-silent`, signal: 'SIGTERM', receive: 'silent' },
    ...(dgram
      ? [
          {
            name: 'nobody there, unix-dgram',
            path: `${socket}-gone`,
            signal: 'SIGTERM',
            receive: false,
            env: { NODE_PATH: dgram },
          },
          {
            name: 'nobody reads, unix-dgram',
            path: `${socket}-silent-dgram`,
            signal: 'SIGTERM',
            receive: 'silent',
            env: { NODE_PATH: dgram },
          },
        ]
      : []),
  ];
  let failed = 0;
  for (const { name, status, code = null, signal = null, ...how } of cases) {
    const ended = await play(how);
    const isEnd = ended.code === code && ended.signal === signal && ended.took < DEADLINE;
    const fault = isEnd
      ? status && faultOf(ended.messages, status)
      : `ended with ${ended.code} ${ended.signal} after ${Math.round(ended.took)} ms`;
    console.log(`systemd, ${name}: ${fault ?? `${ended.messages.length} messages, in order`}`);
    if (fault !== undefined) failed++;
  }
  return failed;
}
