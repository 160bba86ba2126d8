// The topics of docs/endings.md, in their order. A topic is a table. A row is a question with a program that answers it:
//
//   what, instead   the row's first and last column
//   program         an ES module, after the few imports of scripts/endings.js; it runs in a folder of its own
//   files           more files of that folder, by name
//   cell(ended)     what the cell says, by how the program ended; else what it printed
//   options         what comes before the program on the command line, by runtime
//   words           a cell that no program answers, by runtime (`node`: each): what crashes or hangs stands here
//   races           answers of which each run may have another, by runtime: the cell says all of them
//   runs, after     how often it runs (3), and how long after the end its files are looked at, ms
//   server, addon   what it needs besides: a Redis or PostgreSQL, an addon that is compiled
import addons from './addons.js';
import children from './children.js';
import databases from './databases.js';
import descriptors from './descriptors.js';
import exitCodes from './exit-codes.js';
import locks from './locks.js';
import messages from './messages.js';
import nativeCalls from './native-calls.js';
import output from './output.js';
import packagesTopic from './packages.js';
import pools from './pools.js';
import signals from './signals.js';

export const topics = [
  exitCodes,
  nativeCalls,
  signals,
  output,
  descriptors,
  children,
  locks,
  databases,
  addons,
  messages,
  pools,
  packagesTopic,
];

/** What the programs import. */
export const packages = [
  'piscina@5.3.2',
  'tinypool@2.2.0',
  'workerpool@10.0.3',
  'comlink@4.4.2',
  'poolifier@5.3.2',
  'threads@1.7.0',
  'jest-worker@30.5.1',
  'synckit@0.12.3',
  'bullmq@5.81.5',
  '@duckdb/node-api@1.5.6-r.1',
  'zeromq@6.8.0',
  '@parcel/watcher@2.6.0',
  'signal-exit@4.1.0',
  'signal-exit-3@npm:signal-exit@3.0.7',
  'classic-level@3.0.0',
  'lmdb@3.5.6',
  'better-sqlite3@13.2.0',
  'proper-lockfile@4.1.2',
  'tmp@0.2.7',
  'execa@9.6.1',
  'sharp@0.35.5',
  'pg@8.23.1',
  'ioredis@5.11.1',
  '@grpc/grpc-js@1.14.7',
];
