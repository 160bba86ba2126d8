import { ThreadWorker } from 'poolifier';
import { register } from 'worker-atexit';
import { handler } from './handler.mjs';

register(handler);
export default new ThreadWorker(async () => new Promise((resolve) => setTimeout(resolve, 100)));
