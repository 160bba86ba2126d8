// A parent that registers its children in one of several ways, and is ended in one of several more.
//   node processes.js JSON
import { fork, spawn } from 'node:child_process';
import cluster from 'node:cluster';
import { appendFileSync, readdirSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { configure, exit, onDrain, register } from 'worker-atexit';
import { registerCluster, registerProcess } from 'worker-atexit/process';

const {
  folder,
  how,
  end,
  count = 3,
  child = {},
  extra,
  options = {},
  library: settings = {},
  forwardAfter,
  late,
} = JSON.parse(process.argv[2]);
const file = fileURLToPath(new URL('processes-child.js', import.meta.url));
const args = [JSON.stringify({ folder, ...child })];
const note = (line) => appendFileSync(join(folder, 'order'), `${line}\n`);

configure({
  syncTimeout: 5000,
  ...settings,
  logger: { error: (message) => note(message) },
  onReport(report) {
    writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
    writeFileSync(join(folder, 'report.txt'), `${report}\n`);
    onReported();
  },
});
register(() => note('the parent is done'));

const starts = {
  fork: (extra) => fork(file, args, extra),
  spawn: (extra) => spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'inherit', 'inherit'], ...extra }),
  execa: (extra) =>
    execa(process.execPath, [file, ...args], { stdio: ['ignore', 'inherit', 'inherit'], reject: false, ...extra }),
};

const started = [];
const links = [];
let onReported = () => {};
function startOne() {
  if (how === 'cluster') {
    started.push(cluster.fork().process);
    return;
  }
  const made = starts[how](extra);
  started.push(made);
  links.push(registerProcess(made, { name: how, ...options }));
}

if (how === 'cluster') {
  cluster.setupPrimary({ exec: file, args });
  // Half of them before, half of them after.
  cluster.fork();
  registerCluster(options);
}
for (let number = how === 'cluster' ? 1 : 0; number < count; number++) startOne();

// All have registered what they have.
const isReady = () => readdirSync(folder).filter((name) => name.startsWith('ready-')).length >= count;
await new Promise((resolve) => {
  const watcher = watch(folder, () => {
    if (!isReady()) return;
    watcher.close();
    resolve();
  });
  watcher.emit('change');
});

if (forwardAfter !== undefined) {
  // As many supervisors do, which know nothing of a group.
  process.on('SIGTERM', () => {
    setTimeout(() => {
      for (const { pid } of started) {
        try {
          process.kill(pid, 'SIGTERM');
        } catch {}
      }
    }, forwardAfter);
  });
}
if (late) onDrain(() => startOne());
if (late === 'again and again') cluster.on('exit', () => cluster.fork());

const ends = {
  exit: () => process.exit(0),
  crash() {
    throw new Error('on purpose');
  },
  async one() {
    const [link, taken] = links;
    const [{ name, status, handlers }] = await link.shutdown();
    console.log(name, status, handlers.length);
    console.log((await link.shutdown()).length === 0 ? 'none' : 'twice');
    taken.unregister();
    console.log('still here');
    onReported = () => started[1].kill('SIGKILL');
    await exit(0);
  },
};
if (end) process.stdin.once('data', ends[end]);
console.log('ready');
setInterval(() => {}, 1000);
