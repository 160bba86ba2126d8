import { threadId } from 'node:worker_threads';

export default ({ a, b }) => a + b;
export const multiply = ({ a, b }) => a * b;
export const identity = () => `${process.pid} ${threadId}`;
export const never = () => new Promise(() => {});
export const exits = () => process.exit(1);
export function fails() {
  throw new Error('on purpose');
}
