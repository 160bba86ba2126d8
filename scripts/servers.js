// Redis and PostgreSQL for the programs that need one: the machine's own binaries, each started once, in a folder of its
// own, on a port that is free. Where a binary is missing, a program that needs it cannot run, and whoever asks says so.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server accepts connections by then, or is taken for one that does not start: ms. */
const LIMIT = 20_000;
/** PostgreSQL refuses to be started by root: then nobody starts it. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

const running = new Map();

function find(name, folders = []) {
  const found = [...(process.env.PATH ?? '').split(delimiter), ...folders].map((folder) => join(folder, name));
  return found.find((file) => existsSync(file));
}

/** Debian keeps PostgreSQL's own commands, by version, off the PATH. */
const debian = () => {
  const root = '/usr/lib/postgresql';
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
};

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function accepts(port) {
  for (const end = Date.now() + LIMIT; Date.now() < end; await sleep(50)) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
  }
  throw new Error(`nothing accepts connections on port ${port} after ${LIMIT} ms`);
}

const STARTERS = {
  async redis() {
    const file = find('redis-server');
    if (file === undefined) return undefined;
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    const port = await freePort();
    const child = spawn(file, ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
      stdio: 'ignore',
    });
    await accepts(port);
    return { child, folder, env: { REDIS_PORT: String(port) } };
  },
  async postgres() {
    const [initdb, file] = ['initdb', 'postgres'].map((name) => find(name, debian()));
    if (initdb === undefined || file === undefined) return undefined;
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    if (NOBODY.uid !== undefined) await chown(folder, NOBODY.uid, NOBODY.gid);
    const data = join(folder, 'data');
    const settings = { ...NOBODY, cwd: folder, stdio: 'ignore' };
    execFileSync(initdb, ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync'], settings);
    const port = await freePort();
    const child = spawn(file, ['-D', data, '-p', port, '-h', '127.0.0.1', '-k', folder, '-F'], settings);
    await accepts(port);
    return { child, folder, env: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres' } };
  },
};

/** What a program needs in its environment to reach `name`, or nothing where the machine lacks it. */
export async function serverOf(name) {
  if (!running.has(name)) running.set(name, STARTERS[name]());
  return (await running.get(name))?.env;
}

export async function stopServers() {
  for (const starting of running.values()) {
    const server = await starting;
    if (server === undefined) continue;
    const ended = new Promise((resolve) => server.child.once('exit', resolve));
    server.child.kill('SIGINT');
    await ended;
    rmSync(server.folder, { recursive: true, force: true });
  }
  running.clear();
}
