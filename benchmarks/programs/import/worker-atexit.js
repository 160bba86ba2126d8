import 'worker-atexit';
