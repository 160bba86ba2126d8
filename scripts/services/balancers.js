// Real balancers in front of two instances of a service, each with its own folder for its configuration.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A balancer that does not listen by then never will: ms. */
const START = 5000;

const haproxy = (mode) => ({
  command: 'haproxy',
  args: (file) => ['-db', '-f', file],
  // Checks every 200 ms; two that fail, and it sends nothing more. On a busy machine an answer may take longer.
  config: ({ port, instances, folder }) => `
global
  stats socket ${folder}/haproxy.sock
defaults
  mode ${mode}
  timeout connect 1s
  timeout check 1s
  timeout client 30s
  timeout server 30s
  retries 3
  option redispatch
frontend in
  bind 127.0.0.1:${port}
  default_backend services
backend services
  balance roundrobin
  option httpchk GET /ready
${instances.map((one, n) => `  server s${n} 127.0.0.1:${one} check inter 200ms fall 2 rise 1`).join('\n')}
`,
  areUp: async (folder) => {
    const states = await sayTo(join(folder, 'haproxy.sock'), 'show stat');
    return states.match(/^services,s\d,.*,UP,/gm)?.length === 2;
  },
});

export const balancers = {
  'haproxy, L4': haproxy('tcp'),
  'haproxy, http': haproxy('http'),
  nginx: {
    command: 'nginx',
    args: (file, folder) => ['-p', folder, '-c', file, '-e', join(folder, 'error.log')],
    // What is to be had without a licence: it learns from a failed request that an instance is gone.
    config: ({ port, instances, folder }) => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream services {
${instances.map((one) => `    server 127.0.0.1:${one} max_fails=1 fail_timeout=1s;`).join('\n')}
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / {
      proxy_pass http://services;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`,
  },
};

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await once(server.close(), 'close');
  return port;
}

async function isListening(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Asks a balancer by its own socket. */
async function sayTo(path, command) {
  const socket = connect(path);
  socket.on('error', () => {});
  socket.end(`${command}\n`);
  let said = '';
  for await (const chunk of socket) said += chunk;
  return said;
}

/** Starts one. Returns its port, whether it sends requests to both instances, as far as it tells that, and what stops it. */
export async function startBalancer(name, instances, folder) {
  const { command, args, config, areUp = () => true } = balancers[name];
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'balancer.conf');
  writeFileSync(file, config({ port, instances, folder }));
  let said = '';
  const child = spawn(command, args(file, folder), { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = once(child, 'exit');
  for (const until = Date.now() + START; !(await isListening(port)); await sleep(50)) {
    if (Date.now() > until || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`${name} does not listen: ${said}`);
    }
  }
  return {
    port,
    areUp: () => areUp(folder),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
