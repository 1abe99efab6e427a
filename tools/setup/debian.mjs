// Debian's packages: what we need installed, and what we only unpack from a newer release.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, which } from './places.mjs';
import { output, run, SetupError, step } from './report.mjs';

export const hasApt = Boolean(which('apt-get') && which('dpkg'));

/** The release whose Emscripten and XNNPACK we use. */
const release = 'trixie';

export function installedVersions(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const format = '--showformat=${Package} ${db:Status-Status} ${Version}\n';
  // dpkg-query fails as a whole when it does not know one of the names, but still prints the rest.
  const list = output('sh', [
    '-c',
    'dpkg-query -W "$@" 2>/dev/null; true',
    'sh',
    format,
    ...packages,
  ]);
  const lines = (list ?? '').split('\n').map((line) => line.split(' '));
  return new Map(
    lines
      .filter(([, status]) => status === 'installed')
      .map(([name, , version]) => [name, version]),
  );
}

export function missingPackages(packages) {
  const installed = installedVersions(packages);
  return packages.filter((name) => !installed.has(name));
}

/** Asks apt for the packages that are missing, and only for those. */
export function install(packages) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  const root = process.getuid() === 0;
  if (!root && !which('sudo')) {
    throw new SetupError(
      'Packages are missing, and only root may install them.',
      { missing: missing.join(' '), user: `uid ${process.getuid()}, without sudo` },
      `as root: apt-get install ${missing.join(' ')}`,
    );
  }
  const apt = (...args) => {
    const all = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args];
    run(root ? 'env' : 'sudo', ['DEBIAN_FRONTEND=noninteractive', ...all]);
  };
  step(`Installing ${missing.join(' ')}`, () => {
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...missing);
  });
}

/** The version of a package that the host's own apt would install, or undefined. */
export function candidate(name) {
  return /Candidate: (?!\(none\))(\S+)/.exec(output('apt-cache', ['policy', name]) ?? '')?.[1];
}

/** The host's sources of Debian's main archive, rewritten to the release we want. */
function releaseSources() {
  const os = readFileSync('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(os)?.[1];
  const suites = new Set([codename, 'oldstable', 'stable', 'testing', 'unstable', 'sid']);
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list'].concat(
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  const texts = (end) =>
    files
      .filter((file) => file.endsWith(end) && existsSync(file))
      .map((f) => readFileSync(f, 'utf8'));

  const stanzas = texts('.sources')
    .flatMap((text) => text.replace(/^#.*\n/gm, '').split(/\n\s*\n/))
    .filter((stanza) => {
      const words = (field) =>
        new RegExp(`^${field}:(.*)$`, 'm').exec(stanza)?.[1].trim().split(/\s+/);
      return (
        words('Suites')?.some((suite) => suites.has(suite)) && words('Components')?.includes('main')
      );
    })
    .map((stanza) =>
      stanza
        .replace(/^Types:.*$/m, 'Types: deb deb-src')
        .replace(/^Suites:.*$/m, `Suites: ${release}`)
        .replace(/^Components:.*$/m, 'Components: main'),
    );
  const lines = texts('.list')
    .flatMap((text) => text.split('\n'))
    .map((line) => /^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*\bmain\b.*)$/.exec(line.trim()))
    .filter((match) => match && suites.has(match[3]))
    .flatMap(([, options = '', address]) =>
      ['deb', 'deb-src'].map((type) => `${type} ${options}${address} ${release} main`),
    );
  return { stanzas: [...new Set(stanzas)], lines: [...new Set(lines)] };
}

let privateOptions;

/** apt's options for a state of its own, in the cache, that knows the newer release. */
function privateApt() {
  if (privateOptions) return privateOptions;
  const state = join(cache, 'apt');
  const { stanzas, lines } = releaseSources();
  if (stanzas.length + lines.length === 0) {
    throw new SetupError(
      "Found no entry for Debian's main archive among apt's sources.",
      { 'looked in': '/etc/apt/sources.list, /etc/apt/sources.list.d' },
      'an entry there for this machine’s own Debian release, with component main',
    );
  }
  step(`Reading the package lists of Debian ${release}`, () => {
    rmSync(state, { recursive: true, force: true });
    for (const folder of ['lists/partial', 'cache/archives/partial', 'sources']) {
      mkdirSync(join(state, folder), { recursive: true });
    }
    if (stanzas.length)
      writeFileSync(join(state, 'sources/a.sources'), `${stanzas.join('\n\n')}\n`);
    if (lines.length) writeFileSync(join(state, 'sources/b.list'), `${lines.join('\n')}\n`);
    const options = {
      'Dir::State': state,
      'Dir::State::status': '/var/lib/dpkg/status',
      'Dir::Cache': join(state, 'cache'),
      'Dir::Etc::sourcelist': '/dev/null',
      'Dir::Etc::sourceparts': join(state, 'sources'),
      'APT::Sandbox::User': '',
    };
    const flags = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    run('apt-get', [...flags, 'update']);
    privateOptions = flags;
  });
  return privateOptions;
}

/** Downloads binary packages of the newer release into a folder and does not install them. */
export function downloadPackages(names, folder) {
  const options = privateApt();
  run('apt-get', [...options, 'download', ...names.map((name) => `${name}/${release}`)], {
    cwd: folder,
  });
}

/** Downloads upstream tarballs of source packages of the newer release into a folder. */
export function downloadSources(names, folder) {
  const options = privateApt();
  run('apt-get', [...options, 'source', '--download-only', '--tar-only', ...names], {
    cwd: folder,
  });
}

/** The private state is 100 MB of lists: not worth keeping. */
export function forgetPrivateApt() {
  if (privateOptions) rmSync(join(cache, 'apt'), { recursive: true, force: true });
  privateOptions = undefined;
}
