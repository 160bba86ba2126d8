// Packages that end by process.exit(): how often the handler finished, and the exit code was theirs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('exits.js', import.meta.url));
const PACKAGES = ['close-with-grace', 'http-graceful-shutdown', 'fastify-graceful-shutdown'];

/** ms. */
const LIMIT = 20_000;

async function isWaitedFor(name) {
  const child = spawn(process.execPath, [program, name], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
    if (String(chunk).includes('listening')) child.kill('SIGTERM');
  });
  const [code] = await once(child, 'close');
  return code === 0 && printed.includes('saved');
}

/** Resolves to how many of these failed. */
export async function checkExits(times = 20) {
  let failed = 0;
  for (const name of PACKAGES) {
    let right = 0;
    for (let n = 0; n < times; n += 4) {
      const results = await Promise.all(Array.from({ length: 4 }, () => isWaitedFor(name)));
      right += results.filter(Boolean).length;
    }
    console.log(`exit: 'graceful', ${name}: handler finished, exit code 0: ${right} of ${times}`);
    failed += times - right;
  }
  return failed;
}
