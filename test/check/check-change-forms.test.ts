// What the reconciler refuses by its form, `check --against` fails for before the merge: whoever has a green job is not refused for that afterwards.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorktree } from '../../src/history/worktree.ts';
import { readPolicyFolder } from '../../src/policy/folder.ts';
import { checkChange } from '../../src/check/check-change.ts';
import { refusalCodes, type RefusalCode } from '../../src/record/policy-state.ts';
import { instant } from '../../src/names.ts';
import { landings, ofRules, startingPolicy, tooMany, type Landing } from '../journeys/evidence/forms.ts';
import { grantFile, grantPath } from '../journeys/evidence/policy-files.ts';
import { Repository } from '../support/gitlab/repository.ts';
import { environment } from '../support/repositories.ts';

const now = instant(Date.UTC(2026, 10, 23, 12));
const path = grantPath('urbanecm');
const proper = grantFile('2026-12-07');

// What is wrong with a change as such is told before the merge; these are told of what stands there already, and of evidence.
const ofSomethingElse: readonly RefusalCode[] = [
  'dirty',
  'rules-dirty',
  'off-chain',
  'no-merge-request',
  'not-bound',
  'no-approval',
  'not-signed',
  'unanswered',
  'refused-by-hand',
];
const forms = refusalCodes.filter((code) => !ofSomethingElse.includes(code));

describe('given a clone of a branch whose policy is in order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-forms-'));
  const clone = join(folder, 'clone');
  let server: Repository;
  let base: string;

  beforeAll(async () => {
    server = Repository.create(join(folder, 'server.git'));
    base = await server.commit({ parents: [], changes: startingPolicy });
    await server.setRef('refs/heads/main', base);
    git('clone', '--quiet', server.path, clone);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const git = (...args: readonly string[]) => execFileSync('git', args, { env: environment({}), stdio: 'pipe' });

  async function errorsAfter(changes: ReturnType<Landing['files']>): Promise<readonly string[]> {
    const commit = await server.commit({ parents: [base], changes });
    git('-C', clone, 'fetch', '--quiet', 'origin', commit);
    git('-C', clone, '-c', 'advice.detachedHead=false', 'checkout', '--quiet', '--force', commit);
    git('-C', clone, 'clean', '--quiet', '-ffdx');
    const worktree = await openWorktree(join(clone, 'policy'), { path: process.env['PATH'] ?? '/usr/bin:/bin', home: '/nonexistent' });
    const { files, findings } = readPolicyFolder(join(worktree.top, worktree.folder), worktree.top);
    const { result } = await checkChange(base, files, worktree, { now, found: findings });
    return result.findings.filter(({ severity }) => severity === 'error').map(({ code, path: of, fix }) => `${code} ${of} ${fix}`);
  }

  it('when the change is in order, then nothing is said against it', async () => {
    expect(await errorsAfter({ [path]: proper })).toEqual([]);
  });

  it.each([...landings, tooMany, ...ofRules])(
    'when there is $what, which is refused as $code, then check fails and says what to do',
    async ({ files }) => {
      const errors = await errorsAfter(files(proper, path));
      expect(errors).not.toEqual([]);
      for (const error of errors) expect(error).toMatch(/^[a-z-]+ .* [A-Z].{8}/s);
    },
  );

  it('when all of them were tried, then every code was among them', () => {
    const tried = new Set([...landings, tooMany, ...ofRules].map(({ code }) => code));
    expect(forms.filter((code) => !tried.has(code))).toEqual([]);
  });
});
