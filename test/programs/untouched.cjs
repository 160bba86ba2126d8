// As untouched.js, in CommonJS.
const { Worker } = require('node:worker_threads');

console.log(require.main === module);
process.on('exit', (code) => console.log('exit', code));
new Worker('require("node:assert").ok(true)', { eval: true }).on('exit', (code) => {
  console.log('worker', code);
  process.exitCode = 3;
});
