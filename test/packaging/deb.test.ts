// What is in the package, and what installing it does: nothing is enabled, and the record outlives it.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { toJsonSchema } from '@valibot/to-json-schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderCompletions } from '../../scripts/deb/completion.ts';
import { commandTree } from '../../src/cli.ts';
import { configurationSchema } from '../../src/config/configuration-schema.ts';
import { buildPackage, installed, type BuiltPackage } from './package.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built.remove());

const program = commandTree(() => () => undefined);
const text = (path: string) => readFileSync(join(built.root, path), 'utf8');
const script = (name: string) => readFileSync(join(built.control, name), 'utf8');

describe('given the package', () => {
  it('when it is built twice, then the bytes are the same', () => {
    const again = buildPackage();
    expect(readFileSync(again.file).equals(readFileSync(built.file))).toBe(true);
    again.remove();
  });

  it('when its contents are listed, then all belong to root, nobody else may write, and only the program is executable', () => {
    const lines = execFileSync('dpkg-deb', ['--contents', built.file], { encoding: 'utf8' }).trim().split('\n');
    const entries = lines.map((line) => line.split(/\s+/)).map(([mode = '', owner, , , , path = '']) => ({ mode, owner, path }));
    expect(new Set(entries.map(({ owner }) => owner))).toEqual(new Set(['root/root']));
    expect(entries.filter(({ mode }) => mode.startsWith('d')).map(({ mode }) => mode)).toContain('drwxr-xr-x');
    const odd = entries.filter(({ mode }) => !['drwxr-xr-x', '-rw-r--r--', 'lrwxrwxrwx'].includes(mode));
    expect(odd.map(({ mode, path }) => `${mode} ${path}`)).toEqual([
      '-rwxr-xr-x ./usr/lib/muster/main.js',
      // What `muster init` writes into a policy project, for its pipeline.
      '-rwxr-xr-x ./usr/lib/muster/project/.muster/note',
      '-rwxr-xr-x ./usr/lib/muster/project/.muster/page',
      '-rwxr-xr-x ./usr/lib/muster/tell-failure',
    ]);
    expect(readlinkSync(join(built.root, 'usr/bin/muster'))).toBe('../lib/muster/main.js');
    expect(text('usr/lib/muster/main.js').split('\n')[0]).toBe('#!/usr/bin/node');
  });

  it('when it is installed, then nothing is enabled or started', () => {
    const all = readdirSync(built.root, { recursive: true, encoding: 'utf8' });
    expect(all.filter((path) => /\.wants|\.requires|-preset/.test(path))).toEqual([]);
    for (const name of ['postinst', 'prerm', 'postrm']) {
      expect(spawnSync('sh', ['-n', join(built.control, name)]).status, name).toBe(0);
      expect(script(name)).not.toMatch(/\b(?:enable|start|restart|unmask)\b/);
    }
  });

  it('when it is purged, then the record stays', () => {
    expect(script('postrm')).toContain('purge');
    const removed = [...script('postrm').matchAll(/\brm (.*?)(?:;|$)/gm)].flatMap(([, what = '']) => what.split(' ').slice(1));
    expect(removed).toEqual([
      '/etc/systemd/system/timers.target.wants/muster.timer',
      '/etc/systemd/system/timers.target.wants/muster-judge.timer',
      '/etc/systemd/system/timers.target.wants/muster-standby@*.timer',
      '/var/lib/muster-failure',
      '"$metrics"',
    ]);
    expect(script('conffiles')).toBe('/etc/muster/muster.yaml.example\n');
  });

  it('when its documents are read, then every link leads to a file that is there', () => {
    const folder = join(built.root, 'usr/share/doc/muster');
    const elsewhere = ['/etc/muster/muster.yaml.example', '/usr/share/common-licenses/Apache-2.0'];
    const documents = readdirSync(folder).filter((name) => name.endsWith('.md'));
    const targets = documents.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/\]\(([^)#\s]+)/g)].map(([, target = '']) => target),
    );
    const links = targets.filter((target) => !URL.canParse(target) && !elsewhere.includes(target));
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((target) => !existsSync(join(folder, target)))).toEqual([]);
  });

  it('when it is depended on, then Debian’s own node is new enough, and npm is not needed', () => {
    expect(script('control')).toMatch(/^Depends: nodejs \(>= 20\.19\), git, openssh-client, rsync, systemd \|/m);
    expect(readdirSync(join(built.root, 'usr/lib/muster')).sort()).toEqual([
      'chunks',
      'compile.mjs',
      'compiled',
      'converging.mjs',
      'judging.mjs',
      'looking.mjs',
      'main.js',
      'package.json',
      'project',
      'tell-failure',
      'verifying.mjs',
    ]);
  });

  it('when it is installed, then the host’s own node compiles the program, again with every other node; removed, nothing of that stays', () => {
    const compiled = join(built.root, 'usr/lib/muster/compiled');
    const shipped = ['converging.js', 'judging.js'];
    expect(readdirSync(compiled).sort()).toEqual(shipped);
    execFileSync(process.execPath, [join(built.root, 'usr/lib/muster/compile.mjs')]);
    const made = readdirSync(compiled).filter((name) => !shipped.includes(name));
    expect(made.sort()).toEqual(['SHA256SUMS', 'converging.cache', 'judging.cache']);
    expect(script('postinst')).toContain('/usr/bin/node /usr/lib/muster/compile.mjs');
    expect(script('triggers')).toBe('interest-noawait /usr/bin/node\n');
    for (const name of made) {
      expect(script('prerm')).toContain(`/usr/lib/muster/compiled/${name}`);
      rmSync(join(compiled, name));
    }
  });

  it.skipIf(!installed('lintian'))('when lintian looks at it, then it has nothing to say (skipped where lintian is not installed)', () => {
    const { stdout } = spawnSync('lintian', ['--fail-on', 'error,warning', built.file], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

/** Every key that the schema of a file knows, at whatever depth; not the names that people choose. */
function keysOf(schema: Parameters<typeof toJsonSchema>[0]): readonly string[] {
  const within = (value: unknown): readonly string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const properties = 'properties' in value && typeof value.properties === 'object' ? Object.keys(value.properties ?? {}) : [];
    return [...properties, ...Object.values(value).flatMap(within)];
  };
  return [...new Set(within(toJsonSchema(schema, { errorMode: 'ignore' })))];
}

describe('given the manual', () => {
  const manual = (path: string) =>
    gunzipSync(readFileSync(join(built.root, path)))
      .toString('utf8')
      .replaceAll('\\-', '-');

  it.each(program.commands.map((command) => command.name()))(
    'when somebody looks for %s, then its description and options are there',
    (name) => {
      const command = program.commands.find((one) => one.name() === name) ?? program;
      const page = manual('usr/share/man/man1/muster.1.gz');
      expect(page).toContain(`.SS ${name}`);
      expect(page).toContain(command.description());
      for (const { flags } of command.options) expect(page).toContain(`.B ${flags}\n`);
    },
  );

  it('when somebody looks for a key of the configuration, then muster.yaml(5) has it', () => {
    const page = manual('usr/share/man/man5/muster.yaml.5.gz');
    const keys = keysOf(configurationSchema);
    expect(keys).toContain('concurrency');
    expect(keys.filter((key) => !new RegExp(`(?:^|[ #{])${key}:`, 'm').test(page))).toEqual([]);
  });

  it.each(['man1/muster.1.gz', 'man5/muster.yaml.5.gz'])('when %s is set, then groff warns of nothing', (path) => {
    if (!installed('man')) return;
    const file = join(built.root, 'usr/share/man', path);
    const { stdout, stderr } = spawnSync('man', ['--warnings', '--encoding=UTF-8', '--local-file', file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain('NAME');
  });
});

it.each([
  ['bash', 'usr/share/bash-completion/completions/muster'],
  ['zsh', 'usr/share/zsh/vendor-completions/_muster'],
  ['fish', 'usr/share/fish/vendor_completions.d/muster.fish'],
] as const)('given the package, then completion for %s is where Debian has it', (shell, path) => {
  expect(text(path)).toBe(renderCompletions(program)[shell]);
});
