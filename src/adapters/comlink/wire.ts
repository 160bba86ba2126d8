/** What the two sides of Comlink have to know of its messages, and how a message is given to it. */
import { toError, toErrorText } from '../../report/errors.ts';

/** A request, as far as it matters here. `type`: a call, or one of the other things that Comlink asks for. */
export interface Request {
  readonly id: string;
  readonly type: string;
}

/** What Comlink listens with. */
export type Listener = (event: { readonly data: unknown }) => void;

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

export const read = (value: unknown, key: string): unknown => (isObject(value) ? Reflect.get(value, key) : undefined);

/** A request that Comlink cannot read would be an uncaught error, and never be answered. */
export function hear(listener: Listener, data: unknown, answer: (message: object) => void): void {
  try {
    listener({ data });
  } catch (thrown) {
    const id = read(data, 'id');
    if (typeof id !== 'string') return;
    answer({ id, type: 'HANDLER', name: 'throw', value: { isError: true, value: toErrorText(toError(thrown)) } });
  }
}
