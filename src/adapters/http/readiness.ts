/** How whoever sends requests learns whether more of them are wanted: a path that is asked for, or a function that is called. */
import type { Response, ServerHttp2Stream } from './kinds.ts';

const TYPE = 'text/plain; charset=utf-8';

const answerOf = (isReady: boolean) =>
  isReady ? { status: 200, body: 'ready\n' } : { status: 503, body: 'shutting down\n' };

/** Whether this asks for `path`. Anything but a GET or a HEAD is the program's. */
export function asksFor(path: string | undefined, method: unknown, url: unknown): boolean {
  if (path === undefined || typeof url !== 'string') return false;
  return (method === 'GET' || method === 'HEAD') && (url === path || url.startsWith(`${path}?`));
}

export function answer(response: Response, isReady: boolean): void {
  const { status, body } = answerOf(isReady);
  response.writeHead(status, {
    'content-type': TYPE,
    'content-length': String(body.length),
    'cache-control': 'no-store',
  });
  response.end(body);
}

export function answerStream(stream: ServerHttp2Stream, isReady: boolean, method: unknown): void {
  const { status, body } = answerOf(isReady);
  stream.respond(
    { ':status': status, 'content-type': TYPE, 'cache-control': 'no-store' },
    { endStream: method === 'HEAD' },
  );
  if (method !== 'HEAD') stream.end(body);
}

/** Nobody waits for what it returns, and nobody is to hear of a rejection as an unhandled one. */
export function tellNotReady(ready: (isReady: false) => unknown, failed: (error: unknown) => void): void {
  try {
    Promise.resolve(ready(false)).catch(failed);
  } catch (error) {
    failed(error);
  }
}
