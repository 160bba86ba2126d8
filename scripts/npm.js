import { execFileSync } from 'node:child_process';

/** Runs npm. Under npm, npm itself is a script that this Node runs: Windows needs no shell then to find it. */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  execFileSync(script ? process.execPath : 'npm', script ? [script, ...args] : args, { stdio: 'inherit', ...options });
}
