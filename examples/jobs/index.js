// The index as far as one sandbox holds it: postings in memory, and a segment file whenever there are many.
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { threadId } from 'node:worker_threads';

/** A segment is written once it holds so many postings (a word in a document). */
const FULL = 10_000;

const emptySegment = () => ({ documents: [], words: new Map(), postings: 0 });

let segment = emptySegment();
let output;
let count = 0;
let written = Promise.resolve();

/** The words, in lower case, and how often each occurs. */
function countWords(text) {
  const words = new Map();
  for (const [found] of text.matchAll(/[\p{L}\p{N}_]+/gu)) {
    const word = found.toLowerCase();
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  return words;
}

/**
 * Adds a batch of documents. None of it is in memory before all of it is read and counted, and the signal has not told
 * meanwhile that the job is to be handed back: somebody else does the whole batch then.
 */
export async function indexBatch({ corpus, documents, output: folder }, signal) {
  output = folder;
  const counted = [];
  for (const document of documents) {
    signal?.throwIfAborted();
    counted.push([document, countWords(await readFile(path.join(corpus, document), 'utf8'))]);
  }
  signal?.throwIfAborted();
  for (const [document, words] of counted) {
    const number = segment.documents.push([document, words.size]) - 1;
    for (const [word, frequency] of words) {
      const postings = segment.words.get(word);
      if (postings) postings.push(number, frequency);
      else segment.words.set(word, [number, frequency]);
    }
    segment.postings += words.size;
  }
  if (segment.postings >= FULL) await writeSegment();
}

/** Writes what is in memory. Settles once that, and what an earlier call was still writing, is on the disk. */
export function writeSegment() {
  if (segment.documents.length > 0) {
    const name = `segment-${process.pid}-${threadId}-${++count}.json`;
    written = Promise.all([written, store(segment, path.join(output, name))]);
    segment = emptySegment();
  }
  return written;
}

/** Under another name at first: there is never a segment that is not whole. */
async function store({ documents, words }, file) {
  await writeFile(`${file}.tmp`, JSON.stringify({ documents, words: Object.fromEntries(words) }));
  await rename(`${file}.tmp`, file);
}
