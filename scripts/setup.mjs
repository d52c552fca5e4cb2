// Runs before the other scripts, on whatever Node the machine has and perhaps without node_modules: built-ins only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
const stamp = path.join(modules, '.storage-credentials-lock');

installDependencies();
checkNode();

function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  if (!installedFromLock()) {
    console.log('Installing dependencies: npm ci');
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0) stop('npm ci failed. Its message stands above; run it again once the cause is gone.');
  }
  writeFileSync(stamp, lock);
}

/** npm keeps a copy of the lock file it installed, without the root package, inside node_modules. */
function installedFromLock() {
  const installed = path.join(modules, '.package-lock.json');
  if (!existsSync(installed)) return false;
  const has = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const wants = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wants).every(
    ([name, entry]) => name === '' || entry.optional || has[name]?.version === entry.version,
  );
}

/** The `node` package brings the Node that everything else runs on; its binary arrives by an install script. */
function checkNode() {
  const node = path.join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const version = spawnSync(node, ['-v'], { encoding: 'utf8', shell: process.platform === 'win32' });
  const major = Number(/^v(\d+)\./.exec(version.stdout ?? '')?.[1]);
  if (major >= 22) return;
  stop(
    `The project needs Node 22 or later from its own 'node' package, and ${node} ${major ? `is ${version.stdout.trim()}` : 'does not run'}.\n` +
      "Its binary is fetched by an install script: allow those (npm config get ignore-scripts must be 'false'), " +
      'then remove node_modules and run npm ci.',
  );
}

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}
