import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const note = (line) => fs.appendFileSync(process.env.EVENTS, `${line}\n`);

/** A clean-up that takes a while. */
export async function handler() {
  await sleep(20);
  note('worker');
}
