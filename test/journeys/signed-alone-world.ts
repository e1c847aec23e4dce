// People who sign where there is no forge: their keys, a policy that names them, and what they type.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeKey } from '../signing/keys.ts';
import { grantPath, noon, type Host, type HostOptions, type World } from './world.ts';

const run = promisify(execFile);
// Test files of one process share this module, so the keys stay as long as the process.
export const keys = mkdtempSync(join(tmpdir(), 'muster-keys-'));
process.once('exit', () => rmSync(keys, { recursive: true, force: true }));
const names = ['alice', 'bob', 'carol', 'mallory'] as const;
const homeOf = (name: string) => join(keys, name);
export const keyOf = (name: string) => join(homeOf(name), '.ssh', 'muster');
const lineOf = new Map(
  names.map((name) => {
    mkdirSync(join(homeOf(name), '.ssh'), { recursive: true });
    return [name, makeKey(join(homeOf(name), '.ssh'), 'muster').line];
  }),
);

export const policyOf = (approvals: number) => `version: 1
people:
${names
  .slice(0, 3)
  .map((name) => `  ${name}: { keys: ["${lineOf.get(name)}"] }\n`)
  .join('')}teams:
  sre: [alice, bob, carol]
rules:
  approvers: [sre]
  approvals: ${approvals}
`;

const groupOf = (approvals: number) =>
  `purpose: Individuals.\nowner: sre\nmembers: grants\napprovals: ${approvals}\nlongest: 90 days\nrequires: [contact]\n`;

export const grant = (until = '2026-12-07') => `reason: Handling an abuse wave.\ncontact: irc on libera.chat\nuntil: ${until}\n`;
export const urbanecm = grantPath('urbanecm');
export const notesRef = 'refs/notes/muster-approvals';

/** The commands of its section, one a line. */
export function readmeJourney(): readonly string[] {
  const section = /^## Without GitLab\n[^]*?```sh\n([^]*?)```/m.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
  return section.split('\n').filter((line) => line !== '');
}

mkdirSync(join(keys, 'bin'));
writeFileSync(
  join(keys, 'bin', 'muster'),
  `#!/bin/sh\nexec ${process.execPath} --require ${resolve('test/support/clock.cjs')} ${resolve('dist/main.js')} "$@"\n`,
  { mode: 0o755 },
);
writeFileSync(join(keys, 'editor'), `#!/bin/sh\nmkdir -p "$(dirname "$1")"\ncat >"$1" <<'.'\n${grant()}.\n`, { mode: 0o755 });

export type SignedOptions = HostOptions & { readonly approvals?: number };

/** Its rules are pinned as "muster plan" prints them. */
export async function newSignedHost(world: World, { approvals = 2, ...options }: SignedOptions = {}): Promise<Host> {
  const host = await world.newHost({
    ...options,
    files: {
      'policy/policy.yaml': policyOf(approvals),
      'policy/groups/klaxon-users.yaml': groupOf(approvals),
      'policy/groups/stewards.yaml': 'purpose: Stewards may page SRE.\nowner: sre\nmembers:\n  roster: steward\n',
      ...options.files,
    },
  });
  const { policy } = (await host.plan()).document;
  const start = host.repository.resolve('main');
  const url = world.git.url(`${basename(host.folder)}/access.git`);
  host.configure({ evidence: 'signed', repository: { url, start, rules: policy.rules } });
  return host;
}

export const propose = (host: Host, branch: string, files: Readonly<Record<string, string | null>>) => {
  host.repository.branch(branch, 'main');
  return host.repository.commit(branch, files);
};

/** On the machine of a person: their key, and git as it is. */
export const approve = (host: Host, branch: string, name: string, at = noon, ...more: readonly string[]) =>
  host.run(['approve', branch, '--key', keyOf(name), ...more], { at, env: { HOME: homeOf(name) } });

/** A line of README, in a clone, with the built command: by whom its comment names. The git server runs in this process. */
export async function type(world: World, host: Host, line: string): Promise<string> {
  const clone = join(host.folder, 'clone');
  const name = names.find((one) => line.includes(`# ${one}`)) ?? 'carol';
  if (!existsSync(clone)) await run('git', ['clone', '--quiet', world.git.url(`${basename(host.folder)}/access.git`), clone]);
  const as = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: name, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: name };
  const known = { MUSTER_CONFIG: host.config, MUSTER_TEST_NOW: noon, EDITOR: join(keys, 'editor') };
  const env = { ...as, ...known, HOME: homeOf(name), PATH: `${join(keys, 'bin')}:${process.env['PATH']}` };
  return (await run('sh', ['-c', line], { cwd: clone, env, timeout: 100_000 })).stdout;
}

export function repositoryOf(host: Host): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(host.config, 'utf8')).repository;
}

/** By somebody who has copies, and no network. */
export async function audit(host: Host, at: string): Promise<string> {
  const config = join(host.folder, 'audit.yaml');
  const { repository, ...rest } = JSON.parse(readFileSync(host.config, 'utf8'));
  writeFileSync(config, JSON.stringify({ ...rest, repository: { ...repository, url: host.repository.path } }));
  return (await host.run(['verify', '--config', config], { at })).stdout;
}
