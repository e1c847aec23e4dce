import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRevocations } from '../../src/revocation/revocations.ts';
import { Unusable } from '../../src/errors.ts';
import { parseRosterName } from '../../src/names.ts';
import { isRatified, stillNamed } from '../../src/revocation/ratification.ts';
import { group, rules, uid } from '../evidence/evidence-samples.ts';
import { byRoster, grantOf, groupRules, hours, klaxon, now, policyOf, steward } from '../membership/membership-samples.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
beforeEach(() =>
  inNewFolder((made) => {
    folder = made;
    mkdirSync(join(folder, 'revoked'));
  }),
);

function path(name: string): string {
  return join(folder, 'revoked', name);
}

const full = { format: 1, uid: 'mallory', reason: 'Key was stolen.', at: '2026-11-23T14:05:02Z', by: 'alice' };
const at = Date.UTC(2026, 10, 23, 14, 5, 2);

describe('given files of revocations', () => {
  it('when they are read, then each gives one, by uid and group', async () => {
    writeFileSync(path('mallory.json'), JSON.stringify(full));
    writeFileSync(
      path('bob@stewards.json'),
      JSON.stringify({ format: 1, uid: 'bob', group: 'stewards', reason: 'Asked for it.', at: full.at }),
    );
    writeFileSync(
      path('bob@klaxon-users.json'),
      JSON.stringify({ format: 1, uid: 'bob', group: 'klaxon-users', reason: 'Asked for it.', at: full.at }),
    );
    writeFileSync(path('carol.json'), JSON.stringify({ ...full, uid: 'carol', group: 'stewards' }));
    expect(await readRevocations(folder)).toEqual({
      revocations: [
        { uid: 'bob', group: 'klaxon-users', reason: 'Asked for it.', at, file: 'bob@klaxon-users.json' },
        { uid: 'bob', group: 'stewards', reason: 'Asked for it.', at, file: 'bob@stewards.json' },
        { uid: 'carol', group: 'stewards', reason: full.reason, at, by: 'alice', file: 'carol.json' },
        { uid: 'mallory', reason: full.reason, at, by: 'alice', file: 'mallory.json' },
      ],
      warnings: [],
    });
  });

  it.each([
    { given: 'an empty file', make: () => writeFileSync(path('mallory.json'), '') },
    { given: 'half a file', make: () => writeFileSync(path('mallory.json'), JSON.stringify(full).slice(0, 40)) },
    { given: 'the uid of somebody else', make: () => writeFileSync(path('mallory.json'), JSON.stringify({ ...full, uid: 'bob' })) },
    { given: 'a later format', make: () => writeFileSync(path('mallory.json'), JSON.stringify({ ...full, format: 2 })) },
    {
      given: 'a time that does not exist',
      make: () => writeFileSync(path('mallory.json'), JSON.stringify({ ...full, at: '2026-02-30T00:00:00Z' })),
    },
    { given: 'a group that cannot be one', make: () => writeFileSync(path('mallory.json'), JSON.stringify({ ...full, group: '../x' })) },
    { given: 'a folder', make: () => mkdirSync(path('mallory.json')) },
    { given: 'a FIFO', make: () => execFileSync('mkfifo', [path('mallory.json')]) },
    { given: 'a link that leads nowhere', make: () => symlinkSync('nowhere', path('mallory.json')) },
    {
      given: 'a file larger than any revocation',
      make: () => writeFileSync(path('mallory.json'), JSON.stringify({ ...full, reason: 'x'.repeat(70_000) })),
    },
    { given: 'a name in upper case and nothing else', make: () => writeFileSync(path('Mallory.json'), '{') },
  ])('when there is $given, then the person in its name stays revoked everywhere, with a warning', async ({ make }) => {
    make();
    const { revocations, warnings } = await readRevocations(folder);
    expect(revocations).toEqual([
      { uid: 'mallory', reason: expect.stringMatching(/damaged/), file: expect.stringMatching(/^mallory.json$/i) },
    ]);
    expect(warnings).toHaveLength(1);
  });

  it('when one for a single group says another group, then the one in its name is taken away', async () => {
    writeFileSync(path('bob@stewards.json'), JSON.stringify({ ...full, uid: 'bob', group: 'ops' }));
    const { revocations } = await readRevocations(folder);
    expect(revocations).toEqual([{ uid: 'bob', group: 'stewards', reason: expect.any(String), file: 'bob@stewards.json' }]);
  });

  it.each(['mallory', 'mallory.json~', '.mallory.json', 'a b.json', 'bob@.json', 'evil\u001b[31m\n.json'])(
    'when a name is %j, then it revokes nobody, with a warning fit for a log',
    async (name) => {
      writeFileSync(path(name), JSON.stringify(full));
      const { revocations, warnings } = await readRevocations(folder);
      expect(revocations).toEqual([]);
      expect(warnings).toEqual([expect.stringMatching(/^[\x20-\x7e]+$/)]);
    },
  );
});

describe('given no folder of revocations', () => {
  it('when it is read, then nobody is revoked', async () => {
    rmSync(join(folder, 'revoked'), { recursive: true });
    expect(await readRevocations(folder)).toEqual({ revocations: [], warnings: [] });
  });

  it('when a link stands there that leads nowhere, then that is an error, not "nobody"', async () => {
    rmSync(join(folder, 'revoked'), { recursive: true });
    symlinkSync(join(folder, 'unmounted'), join(folder, 'revoked'));
    await expect(readRevocations(folder)).rejects.toThrow(Unusable);
  });

  it('when a file stands there, then it is unavailable, not "nobody"', async () => {
    rmSync(join(folder, 'revoked'), { recursive: true });
    writeFileSync(join(folder, 'revoked'), '');
    await expect(readRevocations(folder)).rejects.toThrow(Unusable);
  });
});

const stewards = group('stewards');
const both = {
  ...rules(),
  groups: new Map([
    [klaxon, groupRules()],
    [stewards, groupRules({ ...byRoster, group: stewards })],
  ]),
};
const mallory = { uid: uid('mallory') };
const listed = new Map([[steward, new Set(['base', 'mallory'])]]);
const notListed = new Map([[steward, new Set(['base'])]]);

describe('given a revocation from every group', () => {
  it.each([
    { given: 'a grant in force', grants: [grantOf('mallory')], lists: notListed, gives: ['policy/grants/klaxon-users/mallory.yaml'] },
    {
      given: 'a grant that has not begun',
      grants: [grantOf('mallory', { from: hours(5) })],
      lists: notListed,
      gives: [expect.any(String)],
    },
    { given: 'a grant that is over', grants: [grantOf('mallory', { until: now })], lists: notListed, gives: [] },
    { given: 'the grant of somebody else', grants: [grantOf('bob')], lists: notListed, gives: [] },
    { given: 'the accepted list', grants: [], lists: listed, gives: ['roster steward'] },
    { given: 'both', grants: [grantOf('mallory')], lists: listed, gives: [expect.any(String), 'roster steward'] },
  ])('when what names the person is $given, then it is ratified only if that is nothing', ({ grants, lists, gives }) => {
    const still = stillNamed(mallory, policyOf(grants, { rules: both }), lists, now);
    expect(still.namedBy).toEqual(gives);
    expect(isRatified(still)).toBe(gives.length === 0);
  });

  it('when no list of the roster can be read, then nobody can say that it is ratified', () => {
    const still = stillNamed(mallory, policyOf([], { rules: both }), new Map(), now);
    expect(still).toMatchObject({ namedBy: [], unread: [parseRosterName('steward')] });
    expect(isRatified(still)).toBe(false);
  });
});

describe('given a revocation from one group', () => {
  it('when only another group still has the person, then it is ratified', () => {
    const policy = policyOf([grantOf('mallory')], { rules: both });
    expect(isRatified(stillNamed({ ...mallory, group: stewards }, policy, notListed, now))).toBe(true);
    expect(isRatified(stillNamed({ ...mallory, group: klaxon }, policy, listed, now))).toBe(false);
    // The roster fills another group than the one revoked, and may say what it likes.
    expect(stillNamed({ ...mallory, group: klaxon }, policy, listed, now).rosters).toEqual([]);
  });
});
