/** One Redis for all tests of jobs. */
import { startRedis } from '../../scripts/redis.js';

export async function setup(): Promise<() => Promise<void>> {
  const redis = await startRedis();
  process.env.REDIS_PORT = String(redis.port);
  return redis.stop;
}
