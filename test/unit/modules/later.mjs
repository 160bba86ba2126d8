// What is entrusted to the main thread in entrusted.test.ts, and cannot be required.
await undefined;
export const record = (...args) => globalThis.entrusted.push(args);
