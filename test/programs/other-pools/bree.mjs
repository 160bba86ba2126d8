import fs from 'node:fs';
import { register } from 'worker-atexit';
import { handler } from './handler.mjs';

register(handler);
setTimeout(() => fs.appendFileSync(process.env.EVENTS, 'ready\n'), 100);
setInterval(() => {}, 1000);
