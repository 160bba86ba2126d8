// A plain worker of early.js.
import './endings-worker.js';

setInterval(() => {}, 1000);
