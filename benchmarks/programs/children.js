import { registerProcess } from 'worker-atexit/process';
import { startChildren } from './child-processes.js';

for (const child of await startChildren(Number(process.argv[2]))) registerProcess(child);
console.log('ready');
