import { build, defineConfig } from 'rolldown';

/**
 * Every thread that loads the library parses it: with short names that takes a quarter less. Lines are kept, and there is a
 * source map, for whoever reads a stack trace.
 */
const minify = {
  compress: true,
  mangle: { keepNames: { class: true, function: false } },
  codegen: { removeWhitespace: false },
};

const output = { dir: 'dist', format: 'esm', sourcemap: true, comments: false, minify };

/** The thread that stands guard is started from its text: it is there however a program was bundled. */
const guard = await build({
  input: 'workers/guard-thread.ts',
  platform: 'node',
  write: false,
  output: { format: 'cjs', minify: true },
});

/** A build for tests checks how the cells of the shared table change: see src/table/moves.ts. */
const CHECK_CELLS = String(process.env.CHECK_CELLS === '1');

export default defineConfig([
  // The library is one file, so that a worker loads one small module and not a tree of them.
  {
    input: { index: 'src/index.ts' },
    platform: 'node',
    transform: { define: { GUARD_SOURCE: JSON.stringify(guard.output[0].code), CHECK_CELLS } },
    output,
  },
  // Whatever else is imported is one file, too, and finds the library in the file beside it.
  ...['piscina', 'tinypool', 'workerpool', 'comlink', 'http', 'systemd', 'auto', 'process', 'bullmq'].map((name) => ({
    input: { [name]: `src/${name}.ts` },
    platform: 'node',
    external: [/\/index\.ts$/, name],
    output: { ...output, paths: (id) => (id.endsWith('/index.ts') ? './index.js' : id) },
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
