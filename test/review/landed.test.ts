import { describe, expect, it } from 'vitest';
import { parseBlobId } from '../../src/names.ts';
import { meet } from '../../src/record/grants.ts';
import type { JudgingRecord, VerdictRecord } from '../../src/record/judging-record.ts';
import { judgedLandings } from '../../src/review/landed.ts';
import { renderNote } from '../../src/review/note.ts';
import { settledReview, type JudgedLanding } from '../../src/review/settled-review.ts';
import { commit, rules, team, uid } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, hours, now, policyOf } from '../membership/membership-samples.ts';
import { begun, endorsed, refused, startOf } from '../reconcile/judging-samples.ts';

const path = grantPathOf('urbanecm');
const grant = grantOf('urbanecm', { until: hours(240) });
const blob = (digit: string) => parseBlobId(digit.repeat(40)) ?? null;
const file = (digit: string) =>
  ({ mode: '100644', blob: digit.repeat(40) }) as { mode: string; blob: NonNullable<ReturnType<typeof blob>> };
const gone = { grant, cause: 'deleted', reviewed: false, commit: commit('2') } as const;
const first = [begun(), ...startOf(grant)];

function landed(subject: VerdictRecord, ...later: readonly JudgingRecord[]): JudgedLanding {
  const [found] = judgedLandings([...first, subject, ...later], ({ commit: of }) => of === subject.commit);
  if (!found) throw new Error('it is not there');
  return found;
}

function noteOf(landing: JudgedLanding): string {
  return renderNote(settledReview(landing.commit, landing, policyOf([]), () => ({ kind: 'unknown' }), 'policy', now));
}

describe('case 105: given a merge that nobody approved and that took access away', () => {
  it('when it deleted the file, then the note names who lost what, and nothing is locked', () => {
    const landing = landed(refused(commit('2'), [[path, null]], { ended: [[path, gone]], endorsed: [[path, null]], tree: [[path, null]] }));
    expect(landing).toMatchObject({ restores: false, took: [{ uid: 'urbanecm', left: null, approved: hours(240) }], locked: [] });
    expect(noteOf(landing)).toContain('`urbanecm` lost access to `klaxon-users`, which was approved until 2026-12-03 12:00 UTC.');
    expect(noteOf(landing)).not.toContain('What is locked');
  });

  it('when it made it shorter, then the note says until when, and that the file is locked', () => {
    const left = meet(grant, { until: hours(24) }, commit('2'));
    const landing = landed(refused(commit('2'), [[path, left]], { tree: [[path, file('2')]] }));
    expect(landing).toMatchObject({ took: [{ left: hours(24), approved: hours(240) }], locked: [path] });
    expect(noteOf(landing)).toContain('`urbanecm` keeps access to `klaxon-users` only until 2026-11-24 12:00 UTC');
    expect(noteOf(landing)).toContain(`\`${path}\`: no other merge request that changes this takes effect.`);
  });

  it('when it touched a grant that was shortened before, then it is not told of what an earlier one took', () => {
    const before = meet(grant, { until: hours(24) }, commit('2'));
    const landing = landed(refused(commit('3'), [[path, before]], { tree: [[path, file('3')]] }));
    expect(landing.took).toEqual([]);
  });

  it('when it took approvers off, then the note says whose approvals do not count, and that the rules lock everything', () => {
    const landing = landed(refused(commit('2'), [], { tree: [['policy/policy.yaml', file('2')]], takenOut: [uid('bob')] }));
    expect(noteOf(landing)).toContain('It took `bob` off the approvers.');
    expect(noteOf(landing)).toContain('Until they are what is in force again, no other merge request takes effect.');
  });
});

describe('given a revert that was announced as mergeable', () => {
  const spoiled = refused(commit('2'), [[path, grant]], { tree: [[path, file('2')]] });
  const reverted = refused(commit('3'), [[path, grant]], { tree: [[path, file('b')]] });

  it('when it is merged without approval, then it is not scolded, and what it undid is locked no longer', () => {
    const [before, revert] = judgedLandings([...first, spoiled, reverted], () => true);
    expect(before).toMatchObject({ restores: false, locked: [] });
    expect(revert).toMatchObject({ restores: true, locked: [] });
    expect(revert && noteOf(revert)).toContain('**Done: it undid an unapproved change. The files are again what is in force.**');
  });

  it('when it takes away a file that nobody had approved, then that is a revert too; the deletion of an approved one is none', () => {
    const other = grantPathOf('mallory');
    const added = refused(commit('2'), [], { tree: [[other, file('2')]] });
    const taken = refused(commit('3'), [], { tree: [[other, null]] });
    expect(judgedLandings([...first, added, taken], ({ commit: of }) => of === commit('3'))).toMatchObject([{ restores: true }]);
    expect(landed(refused(commit('2'), [[path, null]], { endorsed: [[path, null]], tree: [[path, null]] })).restores).toBe(false);
  });
});

describe('case 106: given a change of the rules that adds forty approvers', () => {
  it('when it is in force, then the note says who gains what', () => {
    const crowd = Array.from({ length: 40 }, (_, index) => uid(`approver${index + 1}`));
    const after = { ...rules(), teams: new Map([...rules().teams, [team('sre'), [...(rules().teams.get(team('sre')) ?? []), ...crowd]]]) };
    const note = noteOf(landed(endorsed(commit('2'), [], { rules: after, tree: [['policy/policy.yaml', file('2')]] })));
    expect(note).toContain(
      'Team `sre`: 3 people become 43. New: `approver1`, `approver2`, `approver3`, `approver4`, `approver5` and 35 more.',
    );
    expect(note).toContain('They may then approve access to `klaxon-users`.');
  });
});
