// What Maven runs: installs the locked packages and builds the console, each only when its inputs
// changed, so that an incremental build costs a few milliseconds.
//
//   node build.mjs build <outputDirectory>   sources -> <outputDirectory>/console
//   node build.mjs test                      unit tests
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const target = join(root, 'target');
const [task, outputArgument] = process.argv.slice(2);

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

function digest(paths) {
  const hash = createHash('sha256').update(process.version);
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function npm(...args) {
  const ran = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (ran.error) fail(`npm cannot be started (${ran.error.message}): the console's build needs Node 20 or newer, with npm`);
  if (ran.status !== 0) fail(`npm ${args.join(' ')} ended with ${ran.status}`);
}

function fail(message) {
  console.error(`console: ${message}`);
  process.exit(1);
}

function stamped(stamp, value) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === value;
}

function install() {
  const value = digest(['package.json', 'package-lock.json']);
  const stamp = join(root, 'node_modules', '.bascule-stamp');
  if (stamped(stamp, value)) return;
  npm('ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error');
  writeFileSync(stamp, value);
}

const inputs = ['package.json', 'package-lock.json', 'build.mjs', 'vite.config.ts', 'prune-css.ts', 'tsconfig.json', 'index.html', 'public', 'src'];

function build(output) {
  const value = digest(inputs);
  const stamp = join(target, 'console.stamp');
  if (stamped(stamp, value) && existsSync(join(output, 'index.html'))) return;
  install();
  rmSync(stamp, { force: true });
  npm('run', '--silent', 'build', '--', '--outDir', output, '--emptyOutDir', '--logLevel', 'warn');
  mkdirSync(target, { recursive: true });
  writeFileSync(stamp, value);
}

function test() {
  const value = digest([...inputs, 'test', '../core/src/main/java/io/bascule/core/api']);
  const stamp = join(target, 'console-test.stamp');
  if (stamped(stamp, value)) return;
  install();
  npm('run', '--silent', 'test');
  mkdirSync(target, { recursive: true });
  writeFileSync(stamp, value);
}

if (task === 'build' && outputArgument) build(resolve(outputArgument, 'console'));
else if (task === 'test') test();
else fail('usage: node build.mjs build DIRECTORY | test');
