// A pool's task. A Piscina requires its file, and Node may crash where a thread is terminated while it requires an ES module
// ("IsGraphAsync must be used on an instantiated module"): so that is imported.
exports.__esModule = true;
exports.default = import('./program.js').then(({ default: work }) => work);
