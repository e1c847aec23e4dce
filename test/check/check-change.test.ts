// In a real clone, as a job of a merge request has it.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { laidOut } from '../../src/terminal.ts';
import { openWorktree } from '../../src/history/worktree.ts';
import { readPolicyFolder } from '../../src/policy/folder.ts';
import { checkChange, type CheckedChange } from '../../src/check/check-change.ts';
import { instant } from '../../src/names.ts';
import { Misuse } from '../../src/errors.ts';
import { renderChange } from '../../src/check/findings.ts';
import { changeJson } from '../../src/review/review-text.ts';
import { inNewFolder } from '../support/new-folder.ts';

const now = instant(Date.UTC(2026, 10, 23, 12));
const sample = fileURLToPath(new URL('../../policy', import.meta.url));
const martin = 'policy/grants/klaxon-users/martin.yaml';
const grant = 'reason: x\ncontact: irc\nuntil: 2026-12-07\nunderstood: 2026-11-01\n';
let clone: string;

beforeEach(() =>
  inNewFolder((made) => {
    clone = made;
    git('init', '--quiet', '--initial-branch=main');
    cpSync(sample, join(clone, 'policy'), { recursive: true });
    commit();
    git('checkout', '--quiet', '-b', 'change');
  }),
);

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=Alice', '-c', 'user.email=alice@example.org'];
  return execFileSync('git', ['-C', clone, ...who, ...args], { encoding: 'utf8' }).trim();
}

function commit(): void {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'a change');
}

function write(path: string, content: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), content);
}

async function checked(revision = 'main', folder = 'policy'): Promise<CheckedChange> {
  const worktree = await openWorktree(join(clone, folder), { path: process.env['PATH'] ?? '/usr/bin:/bin', home: '/nonexistent' });
  const { files, findings } = readPolicyFolder(join(worktree.top, worktree.folder), worktree.top);
  return checkChange(revision, files, worktree, { now, found: findings });
}

async function codes(): Promise<readonly string[]> {
  return (await checked()).result.findings.map(({ code, severity, path }) => `${severity} ${code} ${path}`);
}

describe('given a clone with a change of the policy', () => {
  it('when a grant is added, then it is told who gets what, and whose approval it needs', async () => {
    write(martin, grant);
    commit();
    const change = await checked();
    const { result, effects, needs } = change;
    expect(result.status.code).toBe(0);
    expect(changeJson(effects, needs)).toEqual({
      effects: [{ group: 'klaxon-users', uid: 'martin', effect: 'gains', until: '2026-12-08T00:00:00Z' }],
      needs: [{ paths: [martin], teams: ['sre'], approvals: 1, notCounted: [] }],
    });
    await expect(laidOut(renderChange(change))).toMatchFileSnapshot('../golden/check-against.txt');
  });

  it('when it is not committed yet, then it is told all the same', async () => {
    write(martin, grant);
    expect((await checked()).effects).toMatchObject([{ uid: 'martin', effect: 'gains' }]);
  });

  it.each(['grants/klaxon-users/martin.yaml', 'klaxon-users/martin.yml'])(
    'when the grant is added as %s, beside the policy, then the finding says where it belongs',
    async (path) => {
      write(path, grant);
      commit();
      expect((await checked()).result.findings).toMatchObject([{ code: 'unexpected-file', path, fix: `Move it to ${martin}.` }]);
    },
  );

  it('when other files are added beside the policy, or such a grant is deleted, then there is nothing to say', async () => {
    git('checkout', '--quiet', 'main');
    write('grants/klaxon-users/martin.yaml', grant);
    commit();
    git('checkout', '--quiet', '-b', 'other');
    git('rm', '--quiet', 'grants/klaxon-users/martin.yaml');
    write('grants/nobodys/martin.yaml', grant);
    write('docs/klaxon-users.yaml', grant);
    commit();
    expect(await codes()).toEqual([]);
  });

  it('when an approver is to gain, then hers does not count, nor under another uid', async () => {
    write(martin.replace('martin', 'bob-test'), grant);
    expect((await checked()).needs).toMatchObject([{ notCounted: ['bob'] }]);
  });

  it('when it only takes access away, then it is told that this needs nobody', async () => {
    write(martin, grant);
    commit();
    git('checkout', '--quiet', '-b', 'later');
    rmSync(join(clone, martin));
    commit();
    const change = await checked('change');
    expect(change.effects).toMatchObject([{ uid: 'martin', effect: 'loses' }]);
    expect(laidOut(renderChange(change))).toContain('Merged without that, it takes access away all the same');
  });

  it('when main went on meanwhile, then only this change is told', async () => {
    write(martin, grant);
    commit();
    git('checkout', '--quiet', 'main');
    write(martin.replace('martin', 'dave'), grant);
    commit();
    git('checkout', '--quiet', 'change');
    expect((await checked()).effects.map(({ uid }) => uid)).toEqual(['martin']);
  });

  it('when a grant that it leaves alone has ended, then that is advice', async () => {
    git('checkout', '--quiet', 'main');
    write(martin, grant.replace('2026-12-07', '2026-11-01'));
    commit();
    git('checkout', '--quiet', '-B', 'change');
    write(martin.replace('martin', 'dave'), grant);
    commit();
    expect(await codes()).toEqual([`advice ended ${martin}`]);
  });

  it('when nothing of the policy changes, then nothing is said against it', async () => {
    write('README.md', 'hello');
    commit();
    const change = await checked();
    expect(change.result.findings).toEqual([]);
    expect(laidOut(renderChange(change))).toBe('It changes nothing in the policy.\n');
  });

  it.each<{ readonly given: string; readonly change: () => void; readonly gives: string }>([
    { given: 'another file', change: () => write('src/x.ts', ''), gives: 'error impure src/x.ts' },
    {
      given: 'rules too',
      change: () => write('policy/policy.yaml', `${git('show', 'main:policy/policy.yaml')}\n# more\n`),
      gives: 'error mixed policy/policy.yaml',
    },
    { given: 'an executable', change: () => chmodSync(join(clone, martin), 0o755), gives: `error file-mode ${martin}` },
    {
      given: 'a link',
      change: () => symlinkSync('martin.yaml', join(clone, 'policy/grants/klaxon-users/x.yaml')),
      gives: 'error not-a-file policy/grants/klaxon-users/x.yaml',
    },
    {
      given: 'attributes that hide it',
      change: () => write('.gitattributes', '*.yaml -diff\n'),
      gives: 'error hidden-diff .gitattributes',
    },
    {
      given: 'attributes that make it generated',
      change: () => write('policy/.gitattributes', '* gitlab-generated\n'),
      gives: 'error hidden-diff policy/.gitattributes',
    },
    {
      given: 'a grant too long',
      change: () => write(martin, grant.replace('2026-12-07', '2027-12-07')),
      gives: `error too-long ${martin}`,
    },
    {
      given: 'a grant whose end has passed (case 102)',
      change: () => write(martin, grant.replace('2026-12-07', '2026-11-01')),
      gives: `error ended ${martin}`,
    },
    {
      given: '50 more grants',
      change: () => {
        for (let index = 0; index < 50; index += 1) write(martin.replace('martin', `p${index}`), grant);
      },
      gives: `error too-many-files ${martin}`,
    },
  ])('when there is $given besides a grant, then $gives', async ({ change, gives }) => {
    write(martin, grant);
    change();
    commit();
    expect(await codes()).toContain(gives);
  });

  it('when 50 grants change, then that is not too many', async () => {
    for (let index = 0; index < 50; index += 1) write(martin.replace('martin', `p${index}`), grant);
    expect(await codes()).toEqual([]);
  });

  it('when rules change, then grants that break them are advice: they stay in force', async () => {
    write('policy/groups/klaxon-users.yaml', git('show', 'main:policy/groups/klaxon-users.yaml').replace('90 days', '2 days'));
    const change = await checked();
    const { result, effects, needs } = change;
    expect(result.status.code).toBe(0);
    expect(new Set(result.findings.map(({ code, severity }) => `${severity} ${code}`))).toEqual(new Set(['advice too-long']));
    expect(effects).toMatchObject([{ group: 'klaxon-users', uid: null, effect: 'rules' }]);
    expect(needs).toMatchObject([{ teams: ['access-owners'] }]);
  });

  it('when the policy is the first one, then it cannot be said who approves', async () => {
    git('checkout', '--quiet', '--orphan', 'empty');
    git('rm', '-r', '--quiet', '--cached', '.');
    git('commit', '--quiet', '--allow-empty', '--message', 'nothing');
    const first = git('rev-parse', 'HEAD');
    commit();
    const { result, needs } = await checked(first);
    expect(result.findings.map(({ code }) => code)).toContain('no-rules-before');
    expect(needs).toEqual([]);
  });
});

describe('given a clone that cannot answer', () => {
  it.each(['nope', '--output=/tmp/x', 'main:policy', ''])('when the revision is %j, then that is misuse', async (revision) => {
    await expect(checked(revision)).rejects.toBeInstanceOf(Misuse);
  });

  it('when there is no clone at all, then that is misuse', async () => {
    rmSync(join(clone, '.git'), { recursive: true });
    await expect(checked()).rejects.toBeInstanceOf(Misuse);
  });
});

it('given a clone whose configuration and attributes name programs, then none of them is run', async () => {
  const proof = join(clone, '..', `${clone.split('/').at(-1)}-ran`);
  write(martin, grant);
  write('policy/.gitattributes', '*.yaml filter=evil diff=evil\n');
  commit();
  for (const key of [
    'filter.evil.clean',
    'filter.evil.smudge',
    'diff.evil.command',
    'diff.evil.textconv',
    'diff.external',
    'core.fsmonitor',
    'gpg.program',
    'core.pager',
  ])
    git('config', key, `touch ${proof};`);
  git('config', 'log.showSignature', 'true');
  expect((await checked()).effects).toMatchObject([{ uid: 'martin' }]);
  expect(existsSync(proof)).toBe(false);
});
