// What `doctor` asks of GitLab, over HTTP from the stand-in.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSettings, type Settings } from '../../src/gitlab/settings.ts';
import { instant } from '../../src/names.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';

let cast: Cast;
beforeAll(async () => {
  cast = await startWithPeople();
});
afterAll(() => cast.gitlab.stop());
beforeEach(() => {
  cast.gitlab.faults.clear();
  cast.gitlab.forge.showsProtection = true;
  cast.project.protectedBranches = [{ name: 'main', push: 0, merge: 40, allowForcePush: false }];
});

function asked(token: string | undefined = cast.token): Settings {
  const url = cast.gitlab.url;
  return openSettings({ url, project: cast.project.path, now: () => instant(0), attempts: 1, ...(token === undefined ? {} : { token }) });
}

describe('given a project with a small token', () => {
  it('when its settings are asked for, then what the role may not see is not known', async () => {
    expect(await asked().mergeSettings()).toEqual({
      method: 'merge',
      pipelineMustSucceed: true,
      skippedPipelineCounts: false,
      discussionsMustBeResolved: true,
      forkPipelinesRunHere: undefined,
      automaticRebase: false,
    });
    const maintainers = cast.gitlab.forge.createToken(cast.alice).value;
    expect(await asked(maintainers).mergeSettings()).toMatchObject({ forkPipelinesRunHere: true });
  });

  it('when the token asks about itself, then scopes and the end are told', async () => {
    const reader = cast.gitlab.forge.createToken(cast.carol, ['read_api', 'read_repository']);
    reader.expiresAt = '2026-12-01';
    expect(await asked(reader.value).token()).toEqual({
      scopes: ['read_api', 'read_repository'],
      expiresAt: Date.parse('2026-12-01T00:00:00Z'),
    });
    reader.expiresAt = null;
    expect(await asked(reader.value).token()).toMatchObject({ expiresAt: undefined });
    expect(await asked().version()).toBe('18.6.2');
  });

  it('when accounts are asked for, then members have a role, others none, and nobody is not there', async () => {
    const stranger = cast.gitlab.forge.createUser('stranger', { id: 77, state: 'blocked' });
    const accounts = await asked().accounts([42, 57, stranger.id, 4711]);
    expect([...accounts]).toEqual([
      [42, { username: 'alice', state: 'active', role: 40 }],
      [57, { username: 'carol', state: 'active', role: 30 }],
      [77, { username: 'stranger', state: 'blocked', role: undefined }],
    ]);
  });
});

describe('given rules of protected branches', () => {
  it.each([
    { rules: [], gives: { kind: 'none' } },
    { rules: [{ name: 'release/*', push: 0, merge: 40, allowForcePush: false }], gives: { kind: 'none' } },
    {
      rules: [{ name: 'main', push: 0, merge: 40, allowForcePush: false }],
      gives: { kind: 'rule', push: [0], merge: [40], deployKeys: 0, forcePush: false },
    },
    {
      rules: [
        { name: 'main', push: 0, merge: 40, allowForcePush: false },
        { name: '*', push: 30, merge: 30, allowForcePush: true },
      ],
      gives: { kind: 'rule', push: [0, 30], merge: [40, 30], deployKeys: 0, forcePush: true },
    },
    { rules: [{ name: 'm.in', push: 0, merge: 40, allowForcePush: false }], gives: { kind: 'none' } },
  ] as const)('when they are $rules, then main has $gives', async ({ rules, gives }) => {
    cast.project.protectedBranches = rules.map((rule) => ({ ...rule }));
    expect(await asked().protection('main')).toEqual(gives);
  });

  it('when a deploy key may push, then it is counted and is no role', async () => {
    const key = [{ access_level: null, deploy_key_id: 3 }];
    cast.gitlab.faults.add(/protected_branches/, {
      kind: 'rewrite',
      change: (body) => (body as { push_access_levels: unknown }[]).map((rule) => ({ ...rule, push_access_levels: key })),
    });
    expect(await asked().protection('main')).toMatchObject({ push: [], deployKeys: 1 });
  });

  it('when a server shows them to maintainers only, then what everybody sees of the branch has to do', async () => {
    cast.gitlab.forge.showsProtection = false;
    expect(await asked().protection('main')).toEqual({ kind: 'summary', developersPush: false, developersMerge: false });
    cast.project.protectedBranches = [];
    expect(await asked().protection('main')).toEqual({ kind: 'none' });
  });
});

describe('given a server that does not tell', () => {
  it.each(['version', 'token', 'mergeSettings'] as const)('when it is down, then %s is not known', async (question) => {
    cast.gitlab.faults.add(/./, { kind: 'answer', status: 502 });
    await expect(asked()[question]()).rejects.toThrow(Unavailable);
  });

  it.each([
    { harm: { kind: 'html' }, error: Unavailable },
    { harm: { kind: 'rewrite', change: () => ({ scopes: 'all' }) }, error: Unavailable },
    { harm: { kind: 'answer', status: 403 }, error: Unusable },
    { harm: { kind: 'answer', status: 401 }, error: Unusable },
  ] as const)('when it answers with $harm, then that is $error.name', async ({ harm, error }) => {
    cast.gitlab.faults.add(/self/, harm);
    await expect(asked().token()).rejects.toThrow(error);
  });

  it('when one page of the members fails, then no account is taken for a stranger', async () => {
    cast.gitlab.faults.add(/members\/all/, { kind: 'answer', status: 500 });
    await expect(asked().accounts([42])).rejects.toThrow(Unavailable);
  });
});
