// A directory, a policy repository, rosters and a host's configuration of a given size, and the way back to how they were before a run.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRepository } from '../test/support/repositories.ts';
import { startSlapd, type Slapd } from '../test/support/slapd.ts';

export interface Size {
  readonly groups: number;
  /** Members that each group should have. */
  readonly members: number;
  /** The groups begin without anybody. */
  readonly empty?: boolean;
}

export interface World {
  readonly slapd: Slapd;
  /** Holds all that follows; the host's state is in `state`. */
  readonly folder: string;
  readonly configuration: string;
  readonly groups: readonly string[];
  /** Who should be in each group, for muster (rosters) and for the native pipeline (DNs). */
  want(uidsOf: (group: number) => readonly string[]): void;
  /** The uids of a group before and after its churn: one in a hundred leaves, as many others join. */
  uids(group: number, churned?: 'churned'): readonly string[];
  /** Keeps directory and state as they are now; `restore` brings them back. */
  keep(): Promise<void>;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

export async function makeWorld({ groups: count, members, empty = false }: Size): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const joiners = Math.max(1, Math.floor(members / 100));
  const everybody = Array.from({ length: count * members + joiners }, (_, number) => uid(number));
  const uids: World['uids'] = (group, churned) => {
    const own = everybody.slice(group * members, (group + 1) * members);
    // Leavers are spread over the list, as they are in life.
    return churned ? [...own.filter((_, at) => at % 100 !== 50), ...everybody.slice(count * members)] : own;
  };
  const groups = Array.from({ length: count }, (_, number) => `group-${number}`);
  const slapd = await startSlapd({
    people: everybody,
    groups: Object.fromEntries(groups.map((name, number) => [name, empty ? [] : uids(number)])),
    durable: true,
    log: 'none',
  });
  const configuration = layOut(folder, slapd, groups);
  const want: World['want'] = (uidsOf) => {
    for (const [number, name] of groups.entries()) {
      const wanted = uidsOf(number);
      writeFileSync(join(folder, `${name}.txt`), wanted.map((one) => `${one}\n`).join(''));
      writeFileSync(join(folder, `${name}.dns`), wanted.map((one) => `${slapd.personDn(one)}\n`).join(''));
    }
  };
  want((group) => uids(group));
  return { slapd, folder, configuration, groups, want, uids, ...keeping(slapd, folder), stop: () => removeAll(slapd, folder) };
}

/** Short, for a roster may have no more than 1 MiB. */
function uid(number: number): string {
  return `u${number.toString(36).padStart(4, '0')}`;
}

function keeping(slapd: Slapd, folder: string): Pick<World, 'keep' | 'restore'> {
  const places = [join(slapd.folder, 'data'), join(folder, 'state')];
  const keptAs = (place: string) => `${place}.kept`;
  const copy = async (from: (place: string) => string, to: (place: string) => string) => {
    await slapd.halt();
    for (const place of places) {
      rmSync(to(place), { recursive: true, force: true });
      // The database is a file of 4 GB and nearly all of it a hole: written out, it would keep the disk busy while something is measured.
      execFileSync('cp', ['--archive', '--sparse=always', from(place), to(place)]);
    }
    await slapd.restart();
  };
  const itself = (place: string) => place;
  return { keep: () => copy(itself, keptAs), restore: () => copy(keptAs, itself) };
}

async function removeAll(slapd: Slapd, folder: string): Promise<void> {
  await slapd.stop();
  rmSync(folder, { recursive: true, force: true });
}

function layOut(folder: string, slapd: Slapd, groups: readonly string[]): string {
  const repository = makeRepository({ path: join(folder, 'policy.git') });
  const start = repository.commit('main', policyFiles(groups), { message: 'Begin' });
  mkdirSync(join(folder, 'state'));
  writeFileSync(join(folder, 'writer-password'), `${slapd.writerPassword}\n`, { mode: 0o600 });
  const configuration = join(folder, 'muster.yaml');
  writeFileSync(configuration, renderConfiguration(slapd, groups, start));
  return configuration;
}

function policyFiles(groups: readonly string[]): Readonly<Record<string, string>> {
  const group = (name: string) =>
    `purpose: To be measured.\nowner: owners\nmembers:\n  roster: ${name}\nlimits:\n  removals: 100%\n  additions: 100%\n`;
  return {
    'policy/policy.yaml':
      'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  owners: [alice, bob]\nrules:\n  approvers: [owners]\n  approvals: 1\n',
    ...Object.fromEntries(groups.map((name) => [`policy/groups/${name}.yaml`, group(name)])),
  };
}

function renderConfiguration(slapd: Slapd, groups: readonly string[], start: string): string {
  return [
    'repository:',
    '  url: policy.git',
    '  branch: main',
    '  path: policy',
    `  start: ${start}`,
    'evidence: none',
    'directory:',
    `  url: ${slapd.url}`,
    `  bind-dn: "${slapd.writerDn}"`,
    '  password-file: writer-password',
    `  people: "${slapd.people}"`,
    '  groups:',
    ...groups.map((name) => `    ${name}: "${slapd.groupDn(name)}"`),
    `  disabled: { attribute: pwdPolicySubentry, value: "cn=disabled,ou=ppolicies,${slapd.suffix}" }`,
    'rosters:',
    ...groups.map((name) => `  ${name}: { from: ${name}.txt, older-than: none }`),
    'state: state',
    '',
  ].join('\n');
}
