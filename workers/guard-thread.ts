/** A thread that does nothing but stand guard, for a main thread without workers. */
import { workerData } from 'node:worker_threads';
import { createTable } from '../src/table/cells.ts';
import { standGuard } from './guard.ts';

standGuard(createTable(workerData), true);
