// The index as far as one worker holds it: postings in memory, and a segment file whenever there are many.
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';

/** A segment is written once it holds so many postings (a word in a document). */
const FULL = 10_000;

/** Pieces of a line, not cut inside a word: the segmenter takes quadratic time, and minified files are all one line. */
const PIECE = /.{1,500}(?!\w)|.{1,500}/g;

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
const { corpus, output } = workerData;

const emptySegment = () => ({ documents: [], words: new Map(), postings: 0 });

let segment = emptySegment();
let count = 0;
let written = Promise.resolve();

/**
 * Adds a document to the index. Returns false where it was given up: none of it is in the index then.
 *
 * A document goes from nowhere into memory in one go, after the last look at `isGivenUp` and with no `await` between, so
 * that whoever writes what is in memory writes all of it or nothing.
 */
export async function index(document, isGivenUp) {
  if (isGivenUp()) return false;
  const text = await readFile(path.join(corpus, document), 'utf8');
  const words = countWords(text, isGivenUp);
  if (isGivenUp()) return false;
  add(document, words);
  if (segment.postings >= FULL) await writeSegment();
  return true;
}

/** The words by the rules of Unicode, in lower case, and how often each occurs. */
function countWords(text, isGivenUp) {
  const words = new Map();
  for (const [piece] of text.matchAll(PIECE)) {
    // The largest documents take longer than the one second that a synchronous exit waits.
    if (isGivenUp()) break;
    for (const { segment: found, isWordLike } of segmenter.segment(piece)) {
      if (!isWordLike) continue;
      const word = found.toLowerCase();
      words.set(word, (words.get(word) ?? 0) + 1);
    }
  }
  return words;
}

function add(document, words) {
  const number = segment.documents.push([document, words.size]) - 1;
  for (const [word, frequency] of words) {
    const postings = segment.words.get(word);
    if (postings) postings.push(number, frequency);
    else segment.words.set(word, [number, frequency]);
  }
  segment.postings += words.size;
}

/**
 * Writes what is in memory. Settles once that, and what an earlier call was still writing, is on the disk: a segment
 * leaves the memory for the file system at once, so no second call writes it again, but no call returns without it.
 */
export function writeSegment() {
  if (segment.documents.length > 0) {
    written = Promise.all([written, store(segment, path.join(output, `segment-${threadId}-${++count}.json`))]);
    segment = emptySegment();
  }
  return written;
}

/** Under another name at first: there is never a segment that is not whole. */
async function store({ documents, words }, file) {
  await writeFile(`${file}.tmp`, JSON.stringify({ documents, words: Object.fromEntries(words) }));
  await rename(`${file}.tmp`, file);
}
