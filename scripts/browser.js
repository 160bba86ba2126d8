// Debian's Chromium, or whichever is there. It is never fetched: `.ci/run` installs it.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function find() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...ELSEWHERE];
  const found = process.env.CHROMIUM ?? places.find(isExecutable);
  if (found === undefined) {
    throw new Error('Chromium is needed here: install it (apt-get install chromium), or set CHROMIUM to where it is');
  }
  return found;
}

export const launch = () =>
  // As root, as in a container, it starts only without its sandbox. All that it opens are pages of our own.
  chromium.launch({ executablePath: find(), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
