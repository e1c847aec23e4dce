// What converging asks the program that verifies signatures, what it keeps of the answer, and what counts while there is none.
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/digest.ts';
import { noSignedCeilings } from '../../src/evidence/approval.ts';
import { Unavailable } from '../../src/errors.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { instant } from '../../src/names.ts';
import { holdToSignatures, type SigningSource } from '../../src/reconcile/signed-groups.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import type { VerifyAnswer, VerifyQuestion } from '../../src/signing/verify-question.ts';
import { commit } from '../evidence/evidence-samples.ts';
import { grantOf, hours, klaxon, now } from '../membership/membership-samples.ts';
import { begun, caughtUp, endorsed, start, startOf, Taker } from './judging-samples.ts';
import { rememberAll } from '../../src/ledger/memory.ts';

const urbanecm = grantOf('urbanecm', { until: hours(48) });
const digest = (name: string) => sha256(name);
const signed: JudgingRecord = {
  type: 'signed',
  at: now,
  commit: commit('2'),
  firstSeen: now,
  rules: digest('rules'),
  changes: [],
  statements: [],
};
const brings: readonly JudgingRecord[] = [begun(), ...startOf(), signed, endorsed(commit('2'), [urbanecm]), caughtUp];
const gives = { groups: [klaxon], windows: [{ path: urbanecm.path, until: instant(hours(48)) }] };
const nothing = { groups: [klaxon], windows: [] };

/** A host that asks for signatures, run after run, and the answers that it gets. */
class Host extends Taker {
  readonly asked: VerifyQuestion[] = [];
  readonly ledger: LedgerRecord[] = [];
  /** How often all of it was read. */
  read = 0;
  ceilings: SigningSource['terms']['ceilings'] = { groups: new Map([[klaxon, { signed: 1 }]]), rules: 1 };

  async run(records: readonly JudgingRecord[], answer: VerifyAnswer | Error) {
    const source: SigningSource = {
      terms: {
        place: { branch: 'refs/heads/main', start },
        ceilings: this.ceilings,
        requireTouch: false,
        folder: 'policy',
        pinned: digest('rules'),
        distrusted: [],
      },
      project: '7',
      records: () => {
        this.read += 1;
        return this.ledger;
      },
      ask: (question) => {
        this.asked.push({ ...question, lines: [...question.lines] });
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      hash: sha256,
    };
    const taken = this.look(records);
    const held = await holdToSignatures(taken, source, this.memory, now);
    this.ledger.push(...held.records);
    rememberAll(this.memory, held.records);
    return {
      members: held.policy?.grants.map(({ uid }) => uid),
      problems: held.problems.map(({ code }) => code),
      types: held.records.slice(taken.records.length).map(({ type }) => type),
    };
  }
}

describe('given a group that must be signed', () => {
  it('when the answer gives a grant, then it is in force, and where nothing is new nobody is asked again', async () => {
    const host = new Host();
    expect(await host.run(brings, { checked: [digest('one')], verified: gives })).toEqual({
      members: ['urbanecm'],
      problems: [],
      types: ['checked', 'verified'],
    });
    expect(await host.run(brings, { checked: [], verified: nothing })).toEqual({ members: ['urbanecm'], problems: [], types: [] });
    expect(host.asked.map(({ checked, lines }) => [checked, [...lines].map(({ type }) => type)])).toEqual([
      [[], ['signed', 'verdict', 'caught-up']],
    ]);
    // Once for the question, once for what the group had before.
    expect(host.read).toBe(2);
  });

  it('when the answer does not give it, then it is not in force, and a person is told', async () => {
    expect(await new Host().run(brings, { checked: [], verified: nothing })).toEqual({
      members: [],
      problems: ['record-not-signed'],
      types: ['verified'],
    });
  });

  it('when one answer does not come to an end, then what it found good is not asked again, and nobody gets in before the end', async () => {
    const host = new Host();
    const first = await host.run(brings, { checked: [digest('one')], verified: null });
    const second = await host.run(brings, { checked: [digest('two')], verified: null });
    const third = await host.run(brings, { checked: [], verified: gives });
    expect([first, second, third]).toEqual([
      { members: [], problems: ['signatures-unfinished', 'record-not-signed'], types: ['checked', 'verified'] },
      { members: [], problems: ['signatures-unfinished', 'record-not-signed'], types: ['checked'] },
      { members: ['urbanecm'], problems: [], types: ['verified'] },
    ]);
    expect(host.asked.map(({ checked }) => checked)).toEqual([[], [digest('one')], [digest('one'), digest('two')]]);
  });

  it('when there is no answer, then whom the last one gave stays, and nobody new gets in', async () => {
    const host = new Host();
    await host.run(brings, { checked: [], verified: gives });
    const more = [...brings, { ...signed, commit: commit('3') }, endorsed(commit('3'), [grantOf('hoo', { until: hours(48) })])];
    expect(await host.run(more, new Unavailable('ssh-keygen', 'it is not there'))).toEqual({
      members: ['urbanecm'],
      problems: ['ssh-keygen-unavailable', 'record-not-signed'],
      types: [],
    });
  });
});

it('given a host that asks for no signature, when nothing was ever signed, then nobody is asked, whatever was judged', async () => {
  const host = new Host();
  host.ceilings = noSignedCeilings;
  const records = brings.filter(({ type }) => type !== 'signed');
  expect(await host.run(records, new Error('it was asked'))).toEqual({ members: ['urbanecm'], problems: [], types: [] });
  expect(host.read).toBe(0);
});
