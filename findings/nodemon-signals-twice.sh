#!/bin/sh
# nodemon 3.1.14: whatever it is told, its program hears more than that. To restart it, nodemon sends the signal to each process that
# `ps` lists below it and then to its child once more: the program hears SIGUSR2 twice. One SIGTERM to nodemon arrives as SIGTERM
# and then, one run of `ps` later, as SIGINT, twice. A program that takes a second signal for impatience cuts its clean-up
# short, though nobody was impatient.
# Guess, before it was run: SIGUSR2 once; SIGTERM, and nothing else.
#
# Output seen:
#   restart: SIGUSR2 SIGUSR2
#   one SIGTERM: SIGTERM SIGINT SIGINT
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --silent --no-audit --no-fund nodemon@3.1.14
cat > app.js << 'END'
const { appendFileSync } = require('node:fs');
const say = (word) => appendFileSync('heard.txt', `${word} `);
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR2']) {
  process.on(signal, () => {
    say(signal);
    // What cleans up takes a while.
    if (!isEnding) setTimeout(() => process.exit(), 2000);
    isEnding = true;
  });
}
setInterval(() => {}, 1000);
say('started');
END
cat > main.js << 'END'
const { spawn } = require('node:child_process');
const { appendFileSync, existsSync, readFileSync, rmSync } = require('node:fs');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const heard = () => (existsSync('heard.txt') ? readFileSync('heard.txt', 'utf8').trim().split(' ') : []);

async function hear(act) {
  rmSync('heard.txt', { force: true });
  const bin = 'node_modules/nodemon/bin/nodemon.js';
  const nodemon = spawn(process.execPath, [bin, '-q', '--watch', 'app.js', 'app.js'], { stdio: 'ignore' });
  const gone = new Promise((resolve) => nodemon.once('exit', resolve));
  const limit = setTimeout(() => nodemon.kill('SIGKILL'), 30_000);
  while (!heard().includes('started')) await sleep(50);
  await sleep(1000);
  act(nodemon);
  while (heard().length < 2) await sleep(50);
  await sleep(1500);
  const signals = heard().slice(1);
  if (nodemon.exitCode === null) nodemon.kill('SIGTERM');
  await gone;
  clearTimeout(limit);
  return signals.join(' ');
}

(async () => {
  console.log(`restart: ${await hear(() => appendFileSync('app.js', '\n'))}`);
  console.log(`one SIGTERM: ${await hear((nodemon) => nodemon.kill('SIGTERM'))}`);
})();
END
expected='restart: SIGUSR2 SIGUSR2
one SIGTERM: SIGTERM SIGINT SIGINT'
seen=$(node main.js)
echo "$seen"
[ "$seen" = "$expected" ]
