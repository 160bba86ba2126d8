// A module that is one function, as entrusted.test.ts has it called.
globalThis.entrusted ??= [];
module.exports = (...args) => globalThis.entrusted.push(args);
module.exports.other = (...args) => globalThis.entrusted.push([...args, 'other']);
