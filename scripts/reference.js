// Prints the API reference: each entry of the package's exports, its declarations, and their comments in the sources.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'rolldown/utils';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What one declaration file exports: by name, in order, what it declares and what it hands on from another file. */
function read(file) {
  const text = readFileSync(file, 'utf8');
  const { program, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const isDoc = ({ value }) => value.startsWith('*');
  const declared = new Map();
  const handedOn = [];
  for (const node of program.body) {
    if (node.type !== 'ExportNamedDeclaration') continue;
    for (const { local, exported } of node.specifiers) {
      handedOn.push({ name: exported.name, local: local.name, from: join(dirname(file), toTypes(node.source.value)) });
    }
    if (!node.declaration) continue;
    const { id = node.declaration.declarations?.[0].id } = node.declaration;
    const code = text.slice(node.start, node.end).replace(/^export (declare )?/, '');
    // The comment that nothing but white space parts from the declaration.
    const comment = comments.find(({ end }) => end <= node.start && text.slice(end, node.start).trim() === '');
    const doc = comment && isDoc(comment) ? proseOf(comment.value) : '';
    const before = declared.get(id.name);
    if (before) before.code.push(code);
    else declared.set(id.name, { code: [code], doc });
  }
  return { declared, handedOn };
}

const toTypes = (path) => path.replace(/\.ts$/, '.d.ts');

/** What a module says of itself. Declaration files lose it where the import that follows is left out. */
function moduleDoc(types) {
  const source = join(root, types.replace('dist/types/', '').replace(/\.d\.ts$/, '.ts'));
  const { comments } = parseSync(source, readFileSync(source, 'utf8'));
  const comment = comments.find(({ value }) => value.includes('@module'));
  return comment ? proseOf(comment.value) : '';
}

function proseOf(comment) {
  return comment
    .split('\n')
    .map((line) => line.replace(/^ *\*+ ?/, '').trimEnd())
    .join('\n')
    .replace(/^@module$/m, '')
    .replace(/^@returns /gm, '\nReturns ')
    .replace(/^@throws /gm, '\nThrows ')
    .replace(/\{@link (\w+)\}/g, (_, target) => `[\`${target}\`](#${target.toLowerCase()})`)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** A declaration with the constants that it is made from: of no use without them, and often documented there. */
function whole({ doc, code }, declared) {
  const constants = [...code.join('\n').matchAll(/typeof (\w+)/g)].flatMap(
    ([, constant]) => declared.get(constant) ?? [],
  );
  return {
    doc: doc || constants.map((constant) => constant.doc).join('\n'),
    code: [...constants.flatMap((constant) => constant.code), ...code].join('\n').replace(/\{@link (\w+)\}/g, '`$1`'),
  };
}

const seen = new Map();
const lines = [
  '# API reference',
  '',
  '<!-- Written by `npm run docs` from the comments in src/. -->',
  '',
  'What each entry of the package exports. The [README](../README.md#interface) has the functions at a glance.',
];
const entries = Object.entries(exports).filter(([, target]) => target.types);
for (const [path, { types }] of entries) {
  const entry = read(join(root, types));
  lines.push('', `## ${name}${path.slice(1)}`);
  const about = moduleDoc(types);
  if (about) lines.push('', about);
  const own = [...entry.declared.keys()].map((local) => ({ name: local, local, from: join(root, types) }));
  // Functions first, and what they take and return after them.
  const all = [...own, ...entry.handedOn].map((item) => ({ ...item, file: read(item.from) }));
  const isType = ({ local, file }) => /^(interface|type) /.test(file.declared.get(local).code[0]);
  for (const item of [...all.filter((item) => !isType(item)), ...all.filter(isType)]) {
    const { doc, code } = whole(item.file.declared.get(item.local), item.file.declared);
    const key = `${item.from} ${item.local}`;
    if (seen.has(key)) {
      lines.push('', `[\`${item.name}\`](#${item.name.toLowerCase()}) is that of ${seen.get(key)}.`);
      continue;
    }
    seen.set(key, `\`${name}${path.slice(1)}\``);
    lines.push('', `### ${item.name}`);
    if (doc) lines.push('', doc);
    lines.push('', '```ts', code, '```');
  }
}
console.log(lines.join('\n'));
