// A real PM2: stop and reload, with signals and with messages, by its default kill_timeout. No line may be lost.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './balancers.js';
import { resolvePeer } from './peers.js';

const service = fileURLToPath(new URL('lines.js', import.meta.url));

/** PM2 that does not answer by then never will: ms. */
const LIMIT = 30_000;

/** How many lines a program holds when it is stopped. */
const LINES = 200;

function createPm2(home) {
  const bin = join(resolvePeer('pm2'), '..', 'bin', 'pm2');
  return (...args) =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, PM2_HOME: home };
      execFile(
        process.execPath,
        [bin, ...args],
        { env, timeout: LIMIT, killSignal: 'SIGKILL' },
        (error, stdout, stderr) => {
          if (error) reject(new Error(`pm2 ${args.join(' ')}: ${stdout}${stderr}`));
          else resolve(stdout);
        },
      );
    });
}

const linesIn = (folder) =>
  readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));

function ask(agent, port, path) {
  return new Promise((resolve) => {
    get({ agent, port, host: '127.0.0.1', path, timeout: 10_000 }, (response) => {
      response.on('end', () => resolve(response.statusCode === 200)).on('error', () => resolve(false));
      response.resume();
    })
      .on('timeout', () => resolve(false))
      .on('error', () => resolve(false));
  });
}

/** Resolves to how many of these failed. */
export async function checkPm2(folder) {
  const pm2 = createPm2(join(folder, 'home'));
  let failed = 0;
  const judge = (name, isRight, what) => {
    console.log(`PM2, ${name}: ${what}`);
    if (!isRight) failed++;
  };

  async function start(name, app, env) {
    const out = join(folder, name.replaceAll(/\W+/g, '-'));
    mkdirSync(out, { recursive: true });
    const file = `${out}.config.json`;
    const apps = [{ name: 'service', script: service, env: { OUT: out, ...env }, autorestart: true, ...app }];
    writeFileSync(file, JSON.stringify({ apps }));
    await pm2('start', file);
    return out;
  }

  try {
    for (const [name, app] of [
      ['stop', {}],
      ['stop, with messages', { shutdown_with_message: true }],
      ['stop, cluster', { exec_mode: 'cluster', instances: 1 }],
    ]) {
      const out = await start(
        name,
        { ...app, wait_ready: true },
        { LINES: String(LINES), TAKES: '300', DELAY: '5000' },
      );
      await pm2('stop', 'service');
      await pm2('delete', 'service');
      const written = linesIn(out).length;
      judge(name, written === LINES, `${LINES - written} of ${LINES} lines lost`);
    }

    for (const [name, app] of [
      ['reload -i 2', {}],
      ['reload -i 2, with messages', { shutdown_with_message: true }],
    ]) {
      const port = await freePort();
      const env = { PORT: String(port), DELAY: '300' };
      const out = await start(name, { ...app, exec_mode: 'cluster', instances: 2, wait_ready: true }, env);
      let [isLoaded, sent, unanswered] = [true, 0, 0];
      const load = Array.from({ length: 10 }, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        while (isLoaded) if (!(await ask(agent, port, `/${sent++}`))) unanswered++;
        agent.destroy();
      });
      await sleep(500);
      await pm2('reload', 'service');
      await sleep(500);
      isLoaded = false;
      await Promise.all(load);
      await pm2('stop', 'service');
      await pm2('delete', 'service');
      const written = new Set(linesIn(out)).size;
      judge(
        name,
        unanswered === 0 && written === sent,
        `${unanswered} of ${sent} requests failed, ${sent - unanswered - written} lines lost`,
      );
    }
  } finally {
    await pm2('kill');
  }
  return failed;
}
