// A shutdown as OpenTelemetry spans: one of the whole, one of each handler, and an event for each worker.
import { subscribe, tracingChannel } from 'node:diagnostics_channel';
import { Worker } from 'node:worker_threads';
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { exit, register } from 'worker-atexit';

// A processor that exports each span as it ends: a batch would still be waiting when the process is gone.
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('worker-atexit');

let shutdown;

function fail(span, error) {
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

// By `end` all is done on a synchronous route; on an asynchronous one, by `asyncEnd`.
function finish({ report }) {
  if (report === undefined) return;
  shutdown.setAttribute('shutdown.ok', report.ok);
  shutdown.end();
  print();
}

tracingChannel('worker-atexit:shutdown').subscribe({
  start({ route, signal }) {
    shutdown = tracer.startSpan('shutdown', { attributes: { 'shutdown.route': route, 'shutdown.signal': signal } });
  },
  error: ({ error }) => fail(shutdown, error),
  end: finish,
  asyncEnd: finish,
});

subscribe('worker-atexit:handler', ({ name, durationMs, stage, error }) => {
  const options = { startTime: Date.now() - durationMs, attributes: { 'shutdown.stage': stage } };
  const span = tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, shutdown));
  if (error) fail(span, error);
  span.end();
});

subscribe('worker-atexit:worker', ({ name, status, ackMs, handlers }) => {
  // One that ends alone, while the program lives on, belongs to no shutdown of this thread.
  shutdown?.addEvent(name, { status, ackMs, handlers: handlers.length });
});

function print() {
  for (const { name, attributes, events } of exporter.getFinishedSpans().reverse()) {
    console.log(`${name}: ${Object.values(attributes).join(', ')}`);
    for (const event of events) console.log(`${event.name}: ${event.attributes.status}`);
  }
}

const worker = new Worker(new URL('./ticker.js', import.meta.url));
await new Promise((resolve) => worker.once('message', resolve));

register(async function closeDatabase() {});
register(function removeLock() {});
await exit();
