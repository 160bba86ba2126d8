// The worker of endings.js for workerpool.
import workerpool from 'workerpool';
import { run, started } from './endings-worker.js';

await started;
workerpool.worker({ run });
