// The processor without worker-atexit: BullMQ has no moment at which it could write what it still holds.
import { indexBatch } from './index.js';

export default (job, _token, signal) => indexBatch(job.data, signal);
