// The worker of workerpool.js.
import workerpool from 'workerpool';
import countWord from './counting-task.js';

workerpool.worker({ countWord });
