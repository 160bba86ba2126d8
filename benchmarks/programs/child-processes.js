import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Children that are idle, and have something to clean up. */
export async function startChildren(count) {
  const file = new URL('./child-process.js', import.meta.url);
  const children = Array.from({ length: count }, () => fork(file));
  await Promise.all(children.map((child) => once(child, 'message')));
  return children;
}
