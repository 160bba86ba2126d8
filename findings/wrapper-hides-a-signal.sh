#!/bin/sh
# cross-env 10.1.0, dotenv-cli 11.0.0, env-cmd 11.0.0, tsx 4.23.15: a program dies by a signal, and what starts it is one of these.
# What a supervisor or a script's && sees is four different things. dotenv-cli ends with 0, a success, where the program
# died by SIGTERM or SIGINT; cross-env does by SIGINT, and makes 1 of each other signal. tsx says 128 and the number, and
# only env-cmd dies by the same signal.
# Guess, before it was run: all four end with 143 and 130, or die by the same signal.
#
# Output seen:
#   cross-env: SIGTERM is 1, SIGINT is 0, SIGKILL is 1
#   dotenv: SIGTERM is 0, SIGINT is 0, SIGKILL is SIGKILL
#   env-cmd: SIGTERM is SIGTERM, SIGINT is SIGINT, SIGKILL is SIGKILL
#   tsx: SIGTERM is 143, SIGINT is 130, SIGKILL is 137
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund cross-env@10.1.0 dotenv-cli@11.0.0 env-cmd@11.0.0 tsx@4.23.15
cat > main.js << 'END'
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

writeFileSync('.env', 'A=1\n');
writeFileSync('dies.js', 'process.kill(process.pid, process.argv[2]); setTimeout(() => {}, 5000);\n');
const wrappers = {
  'cross-env': ['A=1', 'node'],
  dotenv: ['--', 'node'],
  'env-cmd': ['-f', '.env', '--', 'node'],
  tsx: [],
};
for (const [wrapper, before] of Object.entries(wrappers)) {
  const seen = ['SIGTERM', 'SIGINT', 'SIGKILL'].map((signal) => {
    const ended = spawnSync(`node_modules/.bin/${wrapper}`, [...before, 'dies.js', signal], { timeout: 20_000 });
    return `${signal} is ${ended.signal ?? ended.status}`;
  });
  console.log(`${wrapper}: ${seen.join(', ')}`);
}
END
cat > expected << 'END'
cross-env: SIGTERM is 1, SIGINT is 0, SIGKILL is 1
dotenv: SIGTERM is 0, SIGINT is 0, SIGKILL is SIGKILL
env-cmd: SIGTERM is SIGTERM, SIGINT is SIGINT, SIGKILL is SIGKILL
tsx: SIGTERM is 143, SIGINT is 130, SIGKILL is 137
END
node main.js > seen
diff expected seen
