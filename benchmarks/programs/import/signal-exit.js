import 'signal-exit';
