// What is entrusted to the main thread in entrusted.test.ts.
globalThis.entrusted ??= [];
exports.record = (...args) => globalThis.entrusted.push(args);
exports.notCallable = 5;
