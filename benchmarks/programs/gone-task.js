import { register } from 'worker-atexit';

let seen;
register(async () => void Atomics.add(seen, 1, 1));

export default ({ arrived, count }) => {
  seen = arrived;
  Atomics.add(arrived, 0, 1);
  Atomics.notify(arrived, 0);
  for (let here = 0; here < count; here = Atomics.load(arrived, 0)) Atomics.wait(arrived, 0, here, 1000);
};
