import { describe, expect, it } from 'vitest';
import type { GroupStanding, PersonExplained } from '../../src/domain/explained.ts';
import { dn } from '../../src/domain/names.ts';
import { statusOf } from '../../src/domain/status.ts';
import { renderGroupText, renderPersonJson, renderPersonText } from '../../src/render/explain.ts';
import { commit, group } from '../domain/evidence-samples.ts';
import { becauseOf, becauseRoster, grantOf, grantPathOf, hours, klaxon, person } from '../domain/membership-samples.ts';
import { hostile, inert, list, reportOf, resultOf } from './run-samples.ts';

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
  history: [],
};

function explained(...groups: readonly Partial<GroupStanding>[]): PersonExplained {
  const { uid: of, dn: name } = person('urbanecm');
  return { kind: 'person', evidence: 'gitlab', uid: of, dn: name, groups: groups.map((one) => ({ ...nothing, ...one })), near: [] };
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
  { group: group('deployers'), member: true, planned: 'held', leaves: { kind: 'deleted', path, commit: commit('d') } },
  {
    group: group('releasers'),
    refused: [{ path, commit: commit('d'), mergeRequest: 12, code: 'no-approval', detail: 'no approval counts' }],
    pending: [{ path, commit: commit('f'), code: 'gitlab-unavailable', detail: 'GitLab did not answer' }],
  },
  { group: group('nothing') },
  { group: group('frozen'), member: null },
);

describe('what people read of a person', () => {
  it('given every way to stand to a group, then it is the text that was agreed on', async () => {
    await expect(renderPersonText(everyWay)).toMatchFileSnapshot('../golden/explain-person.txt');
  });

  it('given a slip of the hand, then it offers the names that are near', () => {
    expect(renderPersonText({ ...explained({}), near: ['urbanecm', 'urban'] })).toContain(
      'Nothing is known of this name. Did you mean urbanecm or urban?',
    );
    expect(renderPersonText(explained({}))).not.toContain('Did you mean');
  });

  it('given somebody whom nothing names, then it says that and no reason', () => {
    expect(renderPersonText(explained({}))).toContain('no grant file and no roster names urbanecm');
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
      renderPersonText(deceiving)
        .split('\n')
        .filter((line) => !inert.test(line)),
    ).toEqual([]);
    expect(JSON.parse(renderPersonJson(deceiving, statusOf([])))).toMatchObject({ dn: hostile });
  });
});

describe('what people read of a group', () => {
  it('given members, joiners, leavers and people withheld, then it is the text that was agreed on', async () => {
    const texts = reportOf().groups.map((result) => renderGroupText({ kind: 'group', group: result.proposal.group, result }));
    await expect(texts.join('\n')).toMatchFileSnapshot('../golden/explain-group.txt');
  });

  it('given a frozen group and a message made to deceive, then every line is printable', () => {
    const frozen = resultOf({ kind: 'frozen', group: klaxon, dn: null, status: 'input', message: hostile });
    expect(renderGroupText({ kind: 'group', group: klaxon, result: frozen }).trimEnd()).toMatch(inert);
  });
});
