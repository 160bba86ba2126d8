/**
 * Whether the program's own module still waits in a top-level await when nothing is left that could end it. Node ends such
 * a process with 13, and a warning; it tells nobody before that.
 */
import { isCallable } from '../handlers/handler.ts';
import { nextTick, process, queueMicrotask } from '../platform.ts';
import type { QuietLook } from './quiet-look.ts';

/** The exit code for it. */
export const UNSETTLED = 13;

/** So often is looked again while something else makes the loop turn. */
const MOST_LOOKS = 10;

/** Up to Node 22 this listener of Node's own sets that code, and is there as long as the module is not through. */
const isListenerThere = (): boolean => process.listeners('exit').some(({ name }) => name === 'handleProcessExit');

/** The URL of the module that the program began with, where it may be one with a top-level await. */
function findEntry(): string | undefined {
  const [, path] = process.argv;
  // A CommonJS module has none; and what is no file cannot be asked for.
  if (path === undefined || process.mainModule !== undefined) return undefined;
  try {
    const file = process.getBuiltinModule('node:fs').realpathSync(path);
    return process.getBuiltinModule('node:url').pathToFileURL(file).href;
  } catch {
    return undefined;
  }
}

type RefuseToLoad = (entry: string) => { deregister(): void } | undefined;

/** To import a module that is there gives the promise of its evaluation; one that is not there must not be run by that. */
const refuseToLoad: RefuseToLoad = (entry) => {
  const registerHooks: unknown = Reflect.get(process.getBuiltinModule('node:module'), 'registerHooks');
  if (!isCallable(registerHooks)) return undefined;
  const load = (url: unknown, context: unknown, next: (url: unknown, context: unknown) => unknown): unknown => {
    if (url === entry) throw new Error(`${entry} is not what the program began with`);
    return next(url, context);
  };
  const hooks: unknown = registerHooks({ load });
  return typeof hooks === 'object' && hooks !== null && 'deregister' in hooks && isCallable(hooks.deregister)
    ? { deregister: hooks.deregister.bind(hooks) }
    : undefined;
};

/** Calls `then`, at once where that can be known at once. */
export function whetherUnsettled(look: QuietLook, then: (isUnsettled: boolean) => void): void {
  const isThere = process.exitCode === undefined && isListenerThere();
  const entry = process.exitCode === undefined && !isThere ? findEntry() : undefined;
  const hooks = entry === undefined ? undefined : refuseToLoad(entry);
  if (entry === undefined || hooks === undefined) {
    then(isThere);
    return;
  }
  let isKnown = false;
  const know = (isUnsettled: boolean): void => {
    if (isKnown) return;
    isKnown = true;
    hooks.deregister();
    then(isUnsettled);
  };
  const settled = (): void => know(false);
  import(entry).then(settled, settled);
  let looks = 0;
  const lookOn = (isEmpty: boolean): void => {
    if (isKnown) return;
    if (isEmpty || ++looks > MOST_LOOKS) know(isEmpty);
    else look.begin(lookOn);
  };
  nextTick(queueMicrotask, () =>
    nextTick(() => {
      if (!isKnown) look.begin(lookOn);
    }),
  );
}
