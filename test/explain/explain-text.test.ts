import { describe, expect, it } from 'vitest';
import { laidOut } from '../../src/terminal.ts';
import type { GroupStanding, IdleFile, PersonExplained } from '../../src/explain/explain.ts';
import type { Hold } from '../../src/membership/guard.ts';
import type { Withheld } from '../../src/membership/desired.ts';
import { dn, type Instant } from '../../src/names.ts';
import type { RunReport } from '../../src/reconcile/run.ts';
import { statusOf } from '../../src/status.ts';
import { renderGroupText, renderPersonJson, renderPersonText } from '../../src/explain/explain-text.ts';
import { commit, group, uid } from '../evidence/evidence-samples.ts';
import { becauseOf, becauseRoster, grantOf, grantPathOf, hours, klaxon, now, person } from '../membership/membership-samples.ts';
import { hostile, inert, list, reportOf, resultOf } from '../reconcile/run-samples.ts';

const nothing: GroupStanding = {
  group: klaxon,
  member: false,
  desired: false,
  because: null,
  withheld: null,
  refused: [],
  pending: [],
  planned: null,
  leaves: null,
  holds: [],
  idle: null,
  open: [],
  history: [],
};

function explained(...groups: readonly Partial<GroupStanding>[]): PersonExplained {
  const { uid: of, dn: name } = person('urbanecm');
  return {
    evidence: 'gitlab',
    mode: 'enforce',
    uid: of,
    dn: name,
    inDirectory: 'yes',
    isTipKnown: true,
    groups: groups.map((one) => ({ ...nothing, ...one })),
    near: [],
  };
}

function heldIn(groups: RunReport['groups']): readonly Hold[] {
  return groups.flatMap(({ proposal }) =>
    proposal.kind === 'planned' ? proposal.guarded.held.filter(({ remove }) => remove.length > 0) : [],
  );
}

const because = becauseOf(grantOf('urbanecm'));
const path = grantPathOf('urbanecm');

const everyWay = explained(
  {
    member: true,
    desired: true,
    because,
    history: [
      { at: hours(-241), event: 'endorsed', because: null, commit: commit('a'), mergeRequest: 7 },
      { at: hours(-240), event: 'added', because },
    ],
  },
  { group: group('stewards'), desired: true, because: becauseRoster(list), planned: 'add' },
  { group: group('oversight'), withheld: { reason: { code: 'locked' }, because } },
  { group: group('ops'), member: true, planned: 'remove', leaves: { kind: 'expired', path, at: hours(-1) } },
  {
    group: group('deployers'),
    member: true,
    planned: 'held',
    leaves: { kind: 'deleted', path, commit: commit('d') },
    holds: heldIn(reportOf().groups),
  },
  {
    group: group('releasers'),
    refused: [{ path, commit: commit('d'), mergeRequest: 12, code: 'no-approval', detail: 'no approval counts' }],
    pending: [{ path, commit: commit('f'), code: 'gitlab-unavailable', detail: 'GitLab did not answer' }],
  },
  { group: group('over'), idle: { path, why: { kind: 'ended', at: hours(-24) }, refusedAs: 'mixed' } },
  { group: group('nothing') },
  { group: group('frozen'), member: null },
);

describe('what people read of a person', () => {
  it('given every way to stand to a group, then it is the text that was agreed on', async () => {
    await expect(laidOut(renderPersonText(everyWay))).toMatchFileSnapshot('../golden/explain-person.txt');
  });

  it('given a slip of the hand, then it offers the names that are near', () => {
    expect(laidOut(renderPersonText({ ...explained({}), near: ['urbanecm', 'urban'] }))).toContain(
      'Nothing is known of this name. Did you mean urbanecm or urban?',
    );
    expect(laidOut(renderPersonText(explained({})))).not.toContain('Did you mean');
  });

  it('given somebody whom nothing names, then it says that and no reason', () => {
    expect(laidOut(renderPersonText(explained({})))).toContain('no grant file and no roster names urbanecm');
  });

  it('given a host that only reports, then nobody is told to wait for a run that would do it', () => {
    const text = laidOut(renderPersonText({ ...everyWay, mode: 'report' }));
    expect(text).toContain('stewards: not a member, would come in, but the mode of this host is report: nothing is written');
    expect(text).toContain('ops: a member, would go out, but the mode of this host is report: nothing is written');
    expect(text).not.toContain('next run');
  });

  it.each([
    { inDirectory: 'yes', gives: '' },
    { inDirectory: 'no', gives: 'the directory has no person with this uid' },
    { inDirectory: 'ambiguous', gives: 'the directory has more than one entry with this uid' },
    { inDirectory: 'not-told', gives: 'the directory did not say whether there is such a person' },
  ] as const)('given a directory that answers $inDirectory, then below the name stands "$gives"', ({ inDirectory, gives }) => {
    const [, second = ''] = laidOut(renderPersonText({ ...explained({}), inDirectory })).split('\n');
    expect(second.trim()).toBe(gives);
  });

  it('given somebody who is withheld as unknown, then that is said once', () => {
    const withheld = { reason: { code: 'unknown-person' }, because } as const;
    const text = laidOut(renderPersonText({ ...explained({ withheld }), inDirectory: 'no' }));
    expect(text.match(/no person with this uid/g)).toHaveLength(1);
  });

  it.each<{ why: IdleFile['why']; gives: string }>([
    { why: { kind: 'ended', at: hours(0) }, gives: 'what it grants ended at 2026-11-23 12:00 UTC' },
    { why: { kind: 'roster', roster: list.roster }, gives: 'the members of this group are the roster steward' },
    { why: { kind: 'not-judged', judged: commit('a') }, gives: 'nothing is judged after aaaaaaaaaaaa now' },
    { why: { kind: 'other' }, gives: '"muster plan" shows what is in force' },
  ])('given a file that gives nothing ($why.kind), then it is named, and not called missing', ({ why, gives }) => {
    const text = laidOut(renderPersonText(explained({ idle: { path, why, refusedAs: undefined } }))).replaceAll(/\s+/g, ' ');
    expect(text).toContain(`${path} is on the branch and gives nothing: ${gives}`);
    expect(text).not.toContain('no grant file');
  });

  it('given text made to deceive, then every line is printable', () => {
    const deceiving: PersonExplained = {
      ...explained({
        leaves: { kind: 'refused', path: hostile, commit: commit('d') },
        refused: [{ path: hostile, commit: commit('d'), mergeRequest: null, code: 'unreadable', detail: hostile }],
        pending: [{ path: hostile, commit: commit('d'), code: 'x', detail: hostile }],
        history: [
          {
            at: hours(-1),
            event: 'removed',
            because: { kind: 'deleted', path: hostile, commit: commit('d') },
            commit: 'd',
            detail: hostile,
          },
        ],
      }),
      dn: dn(hostile),
    };
    expect(
      laidOut(renderPersonText(deceiving))
        .split('\n')
        .filter((line) => !inert.test(line)),
    ).toEqual([]);
    expect(JSON.parse(renderPersonJson(deceiving, statusOf([])))).toMatchObject({ dn: hostile });
  });
});

describe('what people read of a group', () => {
  it('given members, joiners, leavers and people withheld, then it is the text that was agreed on', async () => {
    const texts = reportOf().groups.map((result) => laidOut(renderGroupText(result, { at: now, evidence: 'gitlab' })));
    await expect(texts.join('\n')).toMatchFileSnapshot('../golden/explain-group.txt');
  });

  it('given grants that ended long ago, then they are counted, and those that ended lately are listed', () => {
    const [result] = reportOf().groups;
    if (result?.proposal.kind !== 'planned') throw new Error('the sample is wrong');
    const ended = (name: string, at: Instant): Withheld => ({
      group: klaxon,
      uid: uid(name),
      reason: { code: 'expired', at },
      because: becauseOf(grantOf(name)),
    });
    const withheld = [ended('hoo', hours(-24 * 29)), ended('melos', hours(-24 * 31)), ended('h2o', hours(-24 * 300))];
    const proposal = { ...result.proposal, desired: { ...result.proposal.desired, withheld } };
    const text = laidOut(renderGroupText({ ...result, proposal }, { at: now, evidence: 'gitlab' }));
    expect(text).toContain('  out     hoo              the grant ended at');
    expect(text).toContain('  out     and 2 grants that ended more than 30 days ago: muster report --since DAY tells of them');
    expect(text).not.toMatch(/melos|h2o/);
  });

  it('given a frozen group and a message made to deceive, then every line is printable', () => {
    const frozen = resultOf({ kind: 'frozen', group: klaxon, dn: null, status: 'input', message: hostile });
    expect(laidOut(renderGroupText(frozen, { at: now, evidence: 'gitlab' })).trimEnd()).toMatch(inert);
  });
});
