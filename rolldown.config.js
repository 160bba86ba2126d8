import { defineConfig } from 'rolldown';

const output = { dir: 'dist', format: 'esm', sourcemap: true, comments: false };

export default defineConfig([
  // The library is one file, so that a worker loads one small module and not a tree of them.
  { input: { index: 'src/index.ts' }, platform: 'node', output },
  // An adapter is one file, too, and finds the library in the file beside it.
  ...['piscina', 'tinypool', 'workerpool', 'comlink'].map((name) => ({
    input: { [name]: `src/${name}.ts` },
    platform: 'node',
    external: [/\/index\.ts$/, name],
    output: { ...output, paths: (id) => (id.endsWith('/index.ts') ? './index.js' : id) },
  })),
]);
