import 'exit-hook';
