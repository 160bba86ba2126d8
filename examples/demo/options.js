// What the demo can be told; `demo.js` and `index.js` read it alike.
import { parseArgs } from 'node:util';

const options = {
  interrupt: { type: 'string' },
  exit: { type: 'string' },
  crash: { type: 'string' },
  without: { type: 'boolean' },
  documents: { type: 'string' },
  help: { type: 'boolean' },
};

export const HELP = `Indexes the text files under node_modules in a pool of worker threads. Press Ctrl+C at any moment:
no document that was reported done is lost, none is in the index twice.

  npm run demo -- [options]

  --interrupt MS   sends itself SIGINT
  --exit MS        calls process.exit()
  --crash MS       throws an error that nobody catches
  --without        the same work without worker-atexit, to see what is lost today
  --documents N    the first N documents; 2000 unless told
  --help           this text

MS counts from the first document that is done, so that starting up, be it slow or fast, does not matter.`;

const isNumber = (text) => /^\d+$/.test(text) && Number(text) < 2 ** 31;

/** The options, numbers as numbers, and what is wrong with them: every mistake, not just the first. */
export function readOptions(args) {
  const { values, tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const unknown = tokens.flatMap((token) => {
    if (token.kind === 'positional') return [token.value];
    return token.kind === 'option' && !(token.name in options) ? [token.rawName] : [];
  });
  const mistakes = unknown.length > 0 ? [`unknown: ${unknown.join(', ')}`] : [];
  const read = {};
  for (const [name, { type }] of Object.entries(options)) {
    const value = values[name];
    if (value === undefined) continue;
    if (type === 'boolean' ? value === true : isNumber(value)) read[name] = type === 'boolean' ? true : Number(value);
    else mistakes.push(type === 'boolean' ? `--${name} takes no value` : `--${name} needs a whole number`);
  }
  return { options: read, mistakes };
}
