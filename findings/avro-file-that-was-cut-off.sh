#!/bin/sh
# avsc 5.7.9: an Avro file of 1000 records whose writer was killed half-way through a block.
# The decoder delivers what is before that block, and ends like one that has read all: 'end', no 'error'. Avro's blocks carry
# their own count and length and a marker behind them, so that the reader has what it needs to tell.
# Guess, before it was run: 'error'.
#
# Output seen:
#   whole.avro: 1000 records, no error
#   cut.avro: 476 records, no error
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund avsc@5.7.9
cat > main.js << 'END'
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import avro from 'avsc';

const type = avro.Type.forValue({ n: 1, text: 'x' });
const encoder = avro.createFileEncoder('whole.avro', type, { blockSize: 1000 });
const written = once(encoder.on('pipe', () => {}), 'finish');
for (let n = 0; n < 1000; n++) encoder.write({ n, text: 'x'.repeat(20) });
encoder.end();
await written;
// The encoder's 'finish' comes before its file's.
for (let size = -1; size !== readFileSync('whole.avro').length; await new Promise((done) => setTimeout(done, 100))) {
  size = readFileSync('whole.avro').length;
}
const whole = readFileSync('whole.avro');
writeFileSync('cut.avro', whole.subarray(0, Math.floor(whole.length / 2)));
for (const file of ['whole.avro', 'cut.avro']) {
  let n = 0;
  const decoder = avro.createFileDecoder(file).on('data', () => n++);
  const how = await finished(decoder, { writable: false }).then(() => 'no error', (error) => error.message);
  console.log(`${file}: ${n} records, ${how}`);
}
END
cat > expected << 'END'
whole.avro: 1000 records, no error
cut.avro: 476 records, no error
END
node main.js > seen
diff expected seen
