import { describe, expect, it } from 'vitest';
import type { Withheld } from '../../src/membership/desired.ts';
import { dn, instant, parseRosterName } from '../../src/names.ts';
import { rosterStatuses, renderRosterStatus } from '../../src/roster/roster-status.ts';
import { group, uid } from '../evidence/evidence-samples.ts';
import { becauseOf, becauseRoster, generation, grantOf, now, steward } from '../membership/membership-samples.ts';

const list = generation('alice', 'bob', 'carol');
const other = parseRosterName('other') ?? steward;
const stewards = group('stewards');

function withheld(name: string, reason: Withheld['reason'], because: Withheld['because'] = becauseRoster(list)): Withheld {
  return { group: stewards, uid: uid(name), reason, because };
}

function statusesFor(...people: readonly Withheld[]) {
  const proposal = { kind: 'settled', group: stewards, dn: dn('cn=stewards'), members: 1, withheld: people } as const;
  const state = { kind: 'fresh', producedAt: now, sha256: list.sha256, uids: list.uids, people: list.uids.length, notes: [] } as const;
  return rosterStatuses({
    at: now,
    rosters: [
      { roster: steward, state, generation: list },
      { roster: other, state: { kind: 'missing', message: 'It is not there.', act: 'producer' }, generation: undefined },
    ],
    groups: [{ proposal, outcome: 'none', members: 1 }],
  });
}

describe('given a run with two rosters', () => {
  it.each([
    { code: 'unknown-person', told: true, reason: { code: 'unknown-person' } },
    { code: 'ambiguous-person', told: true, reason: { code: 'ambiguous-person' } },
    { code: 'identity-changed', told: true, reason: { code: 'identity-changed' } },
    { code: 'locked', told: true, reason: { code: 'locked' } },
    { code: 'revoked', told: false, reason: { code: 'revoked', reason: 'Account taken over.' } },
    { code: 'expired', told: false, reason: { code: 'expired', at: instant(1) } },
    { code: 'not-yet', told: false, reason: { code: 'not-yet', from: instant(1) } },
  ] as const)('when somebody on one is $code, then its producer is told: $told', ({ told, reason }) => {
    const [ofSteward, ofOther] = statusesFor(withheld('bob', reason));
    expect(ofSteward?.skipped.map((one) => one.uid)).toEqual(told ? ['bob'] : []);
    expect(ofOther?.skipped).toEqual([]);
  });

  it('when a grant names somebody unknown, then no producer is told', () => {
    const [ofSteward] = statusesFor(withheld('bob', { code: 'unknown-person' }, becauseOf(grantOf('bob'))));
    expect(ofSteward?.skipped).toEqual([]);
  });

  it('when the list that lies there can be read and is not the one that counts, then it is not accepted', () => {
    const state = { kind: 'fresh', producedAt: now, sha256: 'b'.repeat(64), uids: list.uids, people: list.uids.length, notes: [] } as const;
    const rosters = [list, undefined].map((counts) => ({ roster: steward, state, generation: counts }));
    expect(rosterStatuses({ at: now, rosters, groups: [] }).map(({ accepted }) => accepted)).toEqual([false, false]);
  });

  it('when one was never accepted, then nothing of it is in force', () => {
    const [ofSteward, ofOther] = statusesFor();
    expect(ofSteward).toMatchObject({ accepted: true, inForce: { sha256: list.sha256, people: 3 } });
    expect(ofOther).toMatchObject({ accepted: false, inForce: undefined });
    expect(ofOther && JSON.parse(renderRosterStatus(ofOther))).toMatchObject({
      roster: 'other',
      accepted: false,
      state: 'missing',
      message: 'It is not there.',
      producedAt: null,
      sha256: null,
      inForce: null,
      skipped: [],
    });
  });
});
