/** A thread that does nothing but stand guard, for a main thread without workers. */
import { workerData } from 'node:worker_threads';
import { createTable } from '../src/protocol.ts';
import { standGuard } from './guard.ts';

standGuard(createTable(workerData), true);
