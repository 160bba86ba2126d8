import { defineConfig } from 'rolldown';

const output = { dir: 'dist', format: 'esm', sourcemap: true, comments: false };

export default defineConfig([
  // The library is one file, so that a worker loads one small module and not a tree of them. The task that is started
  // inside other people's workers imports nothing at all.
  { input: { index: 'src/index.ts', wake: 'workers/wake.ts' }, platform: 'node', output },
  // By itself, so that it does not load the library.
  { input: { guard: 'workers/guard-thread.ts' }, platform: 'node', output },
  // Whatever else is imported is one file, too, and finds the library in the file beside it.
  ...['piscina', 'tinypool', 'workerpool', 'comlink', 'auto'].map((name) => ({
    input: { [name]: `src/${name}.ts` },
    platform: 'node',
    external: [/\/index\.ts$/, name],
    output: { ...output, paths: (id) => (id.endsWith('/index.ts') ? './index.js' : id) },
  })),
]);
