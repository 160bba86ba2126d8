// `npm run demo:service`: two instances of a service, a balancer, a load, and a restart of one instance after the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { roll } from '../../scripts/services/rolling.js';
import { startBalancer } from './balancer.js';

const REQUESTS = Number(process.env.REQUESTS ?? 10_000);

const folder = mkdtempSync(join(tmpdir(), 'worker-atexit-service-'));
const bar = new SingleBar({
  format: '{bar} {value} requests, {restarted} restarts, {failed} failed',
  barsize: 30,
  hideCursor: true,
});
bar.start(REQUESTS, 0, { restarted: 0, failed: 0 });
try {
  const { sent, answered, failures } = await roll({
    way: 'registerServer, delay',
    balancer: 'demo',
    start: startBalancer,
    folder,
    requests: REQUESTS,
    restarts: 2,
    onProgress({ sent: value, restarted, failed }) {
      if (value % 50 === 0) bar.update(Math.min(value, REQUESTS), { restarted, failed });
    },
  });
  bar.stop();
  // An answer that has begun and does not end is cut; all else that is not answered has failed.
  const cut = [...failures].reduce((sum, [what, times]) => (what.startsWith('in the answer') ? sum + times : sum), 0);
  console.log(`requests: ${sent} sent, ${answered} answered, ${sent - answered - cut} failed, ${cut} cut`);
  if (sent !== answered) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
