import { fileURLToPath } from 'node:url';
import { build, defineConfig } from 'rolldown';

/**
 * Every thread that loads the library parses it: with short names that takes a quarter less. Lines are kept, and there is a
 * source map, for whoever reads a stack trace. The sources are in the package, and need not be in the maps once more.
 */
const minify = {
  compress: true,
  mangle: { keepNames: { class: true, function: false } },
  codegen: { removeWhitespace: false },
};

const output = { dir: 'dist', format: 'esm', sourcemap: true, sourcemapExcludeSources: true, comments: false, minify };

/** The thread that stands guard is started from its text: it is there however a program was bundled. */
const guard = await build({
  input: 'workers/guard-thread.ts',
  platform: 'node',
  write: false,
  output: { format: 'cjs', minify: true },
});

const GUARD_SOURCE = JSON.stringify(guard.output[0].code);

/** A build for tests checks how the cells of the shared table change: see src/table/moves.ts. */
const CHECK_CELLS = String(process.env.CHECK_CELLS === '1');

/** In a process that shares no memory these globals are not there. */
const sharedMemory = fileURLToPath(new URL('./src/shared-memory.ts', import.meta.url));

const inject = { Atomics: [sharedMemory, 'atomics'], SharedArrayBuffer: [sharedMemory, 'sharedArrayBuffer'] };

/**
 * The number of a cell is written where its name stands: a property that is looked up is parsed, too, in every thread. What is
 * put in the place of a name is as long as that, so that source maps hold.
 */
const cellNumbers = await build({
  input: 'src/table/cells.ts',
  platform: 'node',
  write: false,
  output: { format: 'esm' },
});
const cells = await import(`data:text/javascript,${encodeURIComponent(cellNumbers.output[0].code)}`);

const cellsByNumber = {
  name: 'cells-by-number',
  transform: {
    filter: { id: /\.ts$/ },
    handler: (code) => ({
      code: code.replace(/(?<!typeof )\b(Phase|Header|Cell|Linked|Ordered|State)\.(\w+)\b/g, (text, name, cell) => {
        if (!(cell in cells[name])) throw new Error(`there is no ${text}`);
        return String(cells[name][cell]).padEnd(text.length);
      }),
      map: null,
    }),
  },
};

const throughTheDoor = {
  name: 'through-the-door',
  resolveId: (id) => (id.endsWith('/index.ts') ? { id: 'worker-atexit', external: true } : undefined),
};

export default defineConfig([
  // What every thread loads is one small file, so that a worker loads that and not a tree of modules. The rest is loaded by
  // whoever needs it, also inside `'exit'`, where only CommonJS can be.
  {
    input: { index: 'src/index.ts' },
    platform: 'node',
    transform: { define: { CHECK_CELLS }, inject },
    plugins: [cellsByNumber],
    output,
  },
  {
    input: { rest: 'src/rest.ts' },
    platform: 'node',
    transform: { define: { GUARD_SOURCE, CHECK_CELLS }, inject },
    plugins: [cellsByNumber],
    output: { ...output, format: 'cjs', entryFileNames: '[name].cjs' },
  },
  // A bundler cannot follow that: for it the library is one file.
  {
    input: { 'one-file': 'src/index.ts' },
    platform: 'node',
    resolve: { alias: { './on-demand.ts': fileURLToPath(new URL('./src/at-once.ts', import.meta.url)) } },
    transform: { define: { GUARD_SOURCE, CHECK_CELLS }, inject },
    plugins: [cellsByNumber],
    output,
  },
  // Whatever else is imported is one file, too, and finds the library by its name: a bundler takes the one that it can follow.
  ...['piscina', 'tinypool', 'workerpool', 'comlink', 'http', 'systemd', 'auto', 'process', 'bullmq'].map((name) => ({
    input: { [name]: `src/${name}.ts` },
    platform: 'node',
    external: [name],
    transform: { inject },
    plugins: [throughTheDoor],
    output,
  })),
  // What a slow shutdown shows: loaded by it alone.
  { input: { live: 'src/timeline/live.ts' }, platform: 'node', output },
  // The pictures of a report, and the command that draws them: nobody else loads these.
  {
    input: { timeline: 'src/timeline.ts', bin: 'src/bin.ts', 'trace-file': 'src/timeline/trace-file.ts' },
    platform: 'node',
    output: { ...output, chunkFileNames: 'pictures.js' },
  },
]);
