// Compares what reached the disk: the list of documents that were reported done, and the documents in the segments.
//   node verify.js OUTPUT
// Exit code 3: something is lost, or there twice. The last line says what.
import fs from 'node:fs';
import path from 'node:path';

const [output] = process.argv.slice(2);

// There is no list yet where the program was ended while it started up.
const list = path.join(output, 'done');
const done = new Set(fs.existsSync(list) ? fs.readFileSync(list, 'utf8').split('\n').slice(0, -1) : []);
const segments = fs.readdirSync(output).filter((name) => /^segment-.*\.json$/.test(name));

/** How often each document is in the index. */
const indexed = new Map();
const vocabulary = new Set();
let postings = 0;

for (const name of segments) {
  const { documents, words } = JSON.parse(fs.readFileSync(path.join(output, name), 'utf8'));
  const found = documents.map(() => 0);
  for (const [word, list] of Object.entries(words)) {
    vocabulary.add(word);
    for (let at = 0; at < list.length; at += 2) found[list[at]]++;
  }
  for (const [number, [document, expected]] of documents.entries()) {
    if (found[number] !== expected) throw new Error(`${name} has ${found[number]} of ${expected} words of ${document}`);
    indexed.set(document, (indexed.get(document) ?? 0) + 1);
    postings += expected;
  }
}

const lost = [...done].filter((document) => !indexed.has(document)).length;
const twice = [...indexed.values()].filter((count) => count > 1).length;

console.log(`${segments.length} segments: ${vocabulary.size} different words, ${postings} postings`);
console.log(`documents: ${done.size} reported done, ${indexed.size} in the index, ${lost} lost, ${twice} twice`);
if (lost + twice > 0) process.exitCode = 3;
