// `npm run test:services`: real balancers, rolling restarts under load, and real supervisors. Needs haproxy and nginx, which it
// installs where apt-get is, and PM2, from npm.
//
//   npm run test:services                  this library: no request may fail
//   npm run test:services -- --peers       others as well, in one table
//   npm run test:services -- --runs=5
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkClients } from './services/clients.js';
import { checkExits } from './services/exiting.js';
import { installPeers } from './services/peers.js';
import { checkPm2 } from './services/pm2.js';
import { roll } from './services/rolling.js';
import { names } from './services/service.js';
import { checkSystemd } from './services/systemd.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const { values } = parseArgs({ options: { peers: { type: 'boolean' }, runs: { type: 'string', default: '1' } } });

const isThere = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

/** Packages, by the command that each is for. */
function installDebian(packages) {
  const missing = Object.entries(packages).flatMap(([command, name]) => (isThere(command) ? [] : [name]));
  if (missing.length === 0) return;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args) => {
    const [command, ...rest] = [...asRoot, 'apt-get', ...args];
    return spawnSync(command, rest, { stdio: 'inherit' }).status === 0;
  };
  const install = () => apt('install', '-y', '--no-install-recommends', ...missing);
  if (!install() && !(apt('update') && install())) throw new Error(`cannot install ${missing.join(', ')}`);
}

installDebian({ haproxy: 'haproxy', nginx: 'nginx-light', 'systemd-notify': 'systemd' });

/** Behind nginx without a licence a POST that is lost is not sent again; see docs/services.md. */
const settings = [
  { balancer: 'haproxy, L4', method: 'GET' },
  { balancer: 'haproxy, http', method: 'GET' },
  { balancer: 'nginx', method: 'GET' },
  { balancer: 'nginx', method: 'POST' },
];

const OURS = 'registerServer, delay';
const ways = values.peers ? names : [OURS];
installPeers('pm2', 'unix-dgram', 'http-graceful-shutdown', 'fastify-graceful-shutdown', 'close-with-grace', 'fastify');
if (values.peers) installPeers('@godaddy/terminus', 'http-terminator', 'lightship');

const folder = mkdtempSync(join(tmpdir(), 'worker-atexit-services-'));
const rows = new Map(ways.map((way) => [way, []]));
try {
  for (let run = 0; run < Number(values.runs); run++) {
    for (const setting of settings) {
      for (const way of ways) {
        const { sent, failed, restarted, killed, failures } = await roll({ way, folder, ...setting });
        const what = [...failures].map(([failure, times]) => `${failure} x ${times}`).join(', ');
        console.log(
          `${setting.balancer}, ${setting.method}: ${way}: ${failed} of ${sent} failed, ${restarted} restarts` +
            `${killed > 0 ? `, ${killed} killed after 6 s` : ''}${what && `: ${what}`}`,
        );
        rows.get(way).push({ ...setting, sent, failed });
        const isKnown = setting.balancer === 'nginx' && setting.method === 'POST';
        if (way === OURS && ((failed > 0 && !isKnown) || killed > 0)) process.exitCode = 1;
      }
    }
  }
  if (!values.peers) {
    for (let run = 0; run < Number(values.runs); run++) {
      const failed =
        (await checkPm2(join(folder, `pm2-${run}`))) +
        (await checkSystemd(join(folder, `systemd-${run}`))) +
        (await checkClients(join(folder, `clients-${run}`)));
      if (failed + (await checkExits()) > 0) process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const heads = settings.map(({ balancer, method }) => `${balancer}, ${method}`);
console.log(`\n| failed of 10,000 | ${heads.join(' | ')} |\n| --- |${' ---: |'.repeat(heads.length)}`);
for (const [way, results] of rows) {
  const cells = settings.map(({ balancer, method }) => {
    const own = results.filter((one) => one.balancer === balancer && one.method === method);
    const shares = own.map(({ sent, failed }) => Math.round((failed / sent) * 1e5) / 10);
    const [least, most] = [Math.min(...shares), Math.max(...shares)];
    return least === most ? least : `${least} to ${most}`;
  });
  console.log(`| ${way} | ${cells.join(' | ')} |`);
}
