/** The child processes that this thread has registered, whichever of this library's functions has done it. */
import { instance } from '../adapter.ts';
import { type Children, createChildren } from './children.ts';

let children: Children | undefined;

export function childrenOfThread(): Children {
  if (children) return children;
  const library = instance();
  children = createChildren((message) => library.log(message));
  library.addChildren(children);
  return children;
}
