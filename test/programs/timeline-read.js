// A report is copied and compared without its timeline being made; then it is read.
import { register, shutdown } from 'worker-atexit';

const isMade = () => Symbol.for('worker-atexit:timeline:1') in globalThis;

register(function close() {});
const report = await shutdown();
const { ok, ...copy } = report;
const [keys, copied] = [Object.keys(copy), isMade()];
const spans = report.timeline.spans.map(({ name }) => name);
console.log(JSON.stringify({ keys, copied, spans, made: isMade() }));
