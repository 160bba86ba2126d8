// The sandboxed processor: a job is a batch of documents. At its end, whichever way that comes, it writes what it still holds.
import { register } from 'worker-atexit';
import { indexBatch, writeSegment } from './index.js';

register(writeSegment);

export default (job, _token, signal) => indexBatch(job.data, signal);
