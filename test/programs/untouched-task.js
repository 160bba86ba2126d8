// The task of a pool that knows nothing of the library.
export default (n) => n * 2;
