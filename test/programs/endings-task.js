// The task file of endings.js for Piscina and Tinypool.
import { run, started } from './endings-worker.js';

await started;
export default run;
