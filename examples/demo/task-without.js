// The task file without worker-atexit: there is no moment at which its thread could write what it still holds.
import { index } from './indexing.js';

export default (document) => document && index(document, () => false);
