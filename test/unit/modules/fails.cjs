// Cannot be loaded, and counts how often that is tried, in entrusted.test.ts.
globalThis.entrusted.push(['loaded']);
throw new RangeError('not loaded');
