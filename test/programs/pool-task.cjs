// A task file in CommonJS.
const fs = require('node:fs');
const path = require('node:path');
const { threadId } = require('node:worker_threads');
const { register } = require('worker-atexit');

const touch = (name) => fs.appendFileSync(path.join(process.env.DIR, name), '.');
register(async () => {
  await new Promise((resolve) => setTimeout(resolve, 15));
  touch(`done-${threadId}`);
});
touch('registered');
module.exports = (value) => value;
