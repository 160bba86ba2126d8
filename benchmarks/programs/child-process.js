import { writeSync } from 'node:fs';
import { register } from 'worker-atexit';

register(() => writeSync(1, 'cleaned up\n'));
setInterval(() => {}, 2 ** 30);
process.send('ready');
