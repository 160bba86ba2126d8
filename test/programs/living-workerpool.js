// The worker of living.js's workerpool.
import workerpool from 'workerpool';
import work from './living-task.js';

workerpool.worker({ work });
