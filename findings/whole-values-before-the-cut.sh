#!/bin/sh
# msgpackr 2.1.4 and cbor-x 1.6.9: a stream of ten values, the last one cut off, as a process leaves it that was killed.
# How many of the nine whole ones are read depends on who reads, and on how the bytes were cut into chunks. `for await` gets
# none, since the error throws away what was decoded before the loop has taken it. A 'data' listener gets all nine from
# msgpackr; from cbor-x all nine where each value is a chunk, and none where they come in one, as from a small file.
# Guess, before it was run: nine, then an error.
#
# Output seen:
#   msgpackr, a chunk each, for await: 0 of 9, Unexpected end of MessagePack data
#   msgpackr, a chunk each, data: 9 of 9, Unexpected end of MessagePack data
#   msgpackr, one chunk, for await: 0 of 9, Unexpected end of MessagePack data
#   msgpackr, one chunk, data: 9 of 9, Unexpected end of MessagePack data
#   cbor-x, a chunk each, for await: 0 of 9, Unexpected end of CBOR data
#   cbor-x, a chunk each, data: 9 of 9, Unexpected end of CBOR data
#   cbor-x, one chunk, for await: 0 of 9, Unexpected end of CBOR data
#   cbor-x, one chunk, data: 0 of 9, Unexpected end of CBOR data
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund msgpackr@2.1.4 cbor-x@1.6.9
cat > main.js << 'END'
import { Readable } from 'node:stream';
import { DecoderStream, encode } from 'cbor-x';
import { pack, UnpackrStream } from 'msgpackr';

const values = Array.from({ length: 10 }, (_, n) => ({ n, text: 'x'.repeat(50) }));
const readers = {
  async 'for await'(stream, took) {
    for await (const _ of stream) took();
  },
  data: (stream, took) => new Promise((done, fail) => stream.on('data', took).on('end', done).on('error', fail)),
};
for (const [name, Stream, write] of [['msgpackr', UnpackrStream, pack], ['cbor-x', DecoderStream, encode]]) {
  const parts = values.map((value) => Buffer.from(write(value)));
  parts.push(parts.pop().subarray(0, -20));
  for (const [how, chunks] of [['a chunk each', parts], ['one chunk', [Buffer.concat(parts)]]]) {
    for (const [reader, read] of Object.entries(readers)) {
      let n = 0;
      const end = await read(Readable.from(chunks).pipe(new Stream()), () => n++).then(() => 'no error', (error) => error.message);
      console.log(`${name}, ${how}, ${reader}: ${n} of 9, ${end}`);
    }
  }
}
END
cat > expected << 'END'
msgpackr, a chunk each, for await: 0 of 9, Unexpected end of MessagePack data
msgpackr, a chunk each, data: 9 of 9, Unexpected end of MessagePack data
msgpackr, one chunk, for await: 0 of 9, Unexpected end of MessagePack data
msgpackr, one chunk, data: 9 of 9, Unexpected end of MessagePack data
cbor-x, a chunk each, for await: 0 of 9, Unexpected end of CBOR data
cbor-x, a chunk each, data: 9 of 9, Unexpected end of CBOR data
cbor-x, one chunk, for await: 0 of 9, Unexpected end of CBOR data
cbor-x, one chunk, data: 0 of 9, Unexpected end of CBOR data
END
node main.js > seen
diff expected seen
