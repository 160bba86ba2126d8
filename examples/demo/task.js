// The task file of the pool: indexes a document. At exit, whichever way that comes, its thread writes what it still holds.
import * as atexit from 'worker-atexit';
import { index, writeSegment } from './indexing.js';

atexit.register(writeSegment);

export default (document) => document && index(document, atexit.isShuttingDown);
