// What was signed and is over, or never was in force: a judge that is taken over later brings none of it back.
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/digest.ts';
import { instant, parseGroupName } from '../../src/names.ts';
import type { EvidenceLine } from '../../src/record/judging-record.ts';
import { noSignedCeilings, type SignedCeilings } from '../../src/evidence/approval.ts';
import { whereSigned } from '../../src/signing/judge-statements.ts';
import { day, hour, minute } from '../../src/time.ts';
import type { ContentChange } from '../../src/signing/signed-change.ts';
import { change, commit, file, grant, known, rulesFiles, seen, sign, uid, type Signing } from './signing-world.ts';
import {
  alice,
  digestOf,
  ep1c,
  inForce,
  klaxon,
  landing,
  rulesLines,
  start,
  until,
  verdict,
  verified,
  whole,
  type Told,
} from './record-lines.ts';

const begun = { groups: [{ group: known(verified(start).groups[0]), after: 0, before: [] }] };
const longer = grant('ep1c', '2026-12-30', '2026-12-20');
const words: ContentChange = { path: ep1c.path, before: known(ep1c.after), after: file('reason: Testing more.\nuntil: 2026-12-20') };
const gone: ContentChange = { path: ep1c.path, before: known(ep1c.after) };
const caughtUp: EvidenceLine = { type: 'caught-up', at: seen, commit: commit('1') };

const signedBy = (of: ContentChange, told: Told = {}, how: Signing = {}) => landing([of], [sign('bob', change([of]), how)], told);
const unsigned = (of: ContentChange, told: Told = {}) => landing([of], [], told);
/** What judging says that is in force there until then. */
const narrowed = (end: string): Told['inForce'] => {
  const [[path, had] = []] = landing([ep1c], []).flatMap((line) => (line.type === 'verdict' ? line.delta.inForce : []));
  return [[known(path), { ...known(had ?? undefined), until: instant(Date.parse(end)) }]];
};

describe.each([
  { when: 'that had to be signed from the beginning', more: begun },
  { when: 'that converging sees for the first time', more: {} },
])('given a group $when', ({ more }) => {
  const before = [...start, ...landing([ep1c], [alice()])];

  it('when a grant was deleted, then a signature for a longer one that was never used does not bring it back', () => {
    expect(inForce([...before, ...signedBy(longer, { digit: '2' })], more)).toEqual([`ep1c.yaml ${until('2026-12-31')}`]);
    expect(inForce([...before, ...unsigned(gone, { digit: '2' }), ...signedBy(longer, { digit: '3' })], more)).toEqual([]);
  });

  it('when nobody signed that it ends earlier, then it does for good, and a change of its words does not make it longer', () => {
    const shorter = grant('ep1c', '2026-12-10', '2026-12-20');
    const cut = [...before, ...unsigned(shorter, { digit: '2', inForce: narrowed('2026-12-11') })];
    const short = [`ep1c.yaml ${until('2026-12-11')}`];
    expect(inForce(cut, more)).toEqual(short);
    const back = { path: ep1c.path, before: known(shorter.after), after: known(ep1c.after) };
    const asBefore = [...cut, ...unsigned(back, { digit: '3', refused: true, inForce: [] })];
    expect(inForce(asBefore, more)).toEqual(short);
    expect(inForce([...asBefore, ...signedBy(words, { digit: '4' })], more)).toEqual(short);
  });

  it('when judging refused what was signed, then it is not in force, and its rules are not either', () => {
    expect(inForce([...start, ...landing([ep1c], [alice()], { refused: true, inForce: [] })], more)).toEqual([]);
    // Not by the verdict on another landing either.
    const [of, other] = [landing([ep1c], [alice()]).slice(0, -1), landing([grant('hoo')], [], { digit: '2' })];
    expect(inForce([...start, ...of, ...other], more)).toEqual([]);
    expect(inForce([...start, ...of, ...other, verdict('1', [])], more)).toEqual([]);
    expect(inForce([...start, ...of, verdict('2', []), verdict('1', [])], more)).toEqual([]);
  });

  it('when a look was ended before the verdict, then what the next one says of the landing counts', () => {
    const looks = (one: readonly EvidenceLine[]) => one.filter(({ type }) => type !== 'verdict');
    expect(inForce([...start, ...looks(landing([ep1c], [])), ...landing([ep1c], [alice()])], more)).toEqual(whole);
    expect(inForce([...start, ...looks(landing([ep1c], [alice()])), ...landing([ep1c], [alice()])], more)).toEqual(whole);
  });

  it('when a landing came without the signature, then it has used that up', () => {
    const first = [...start, ...unsigned(ep1c, { refused: true, inForce: [] }), ...unsigned(gone, { digit: '2' })];
    expect(inForce([...first, ...landing([ep1c], [alice()], { digit: '3' })], more)).toEqual([]);
  });

  it('when it was signed just after the landing was seen, and counted, then it does not once more, in whatever letters it is written', () => {
    const [at, ends] = [instant(seen + 2 * minute), instant(seen + 5 * day)];
    const late = sign('bob', change([ep1c]), { says: { at, until: ends } });
    const withReturns = { ...late, text: late.text.replaceAll('\n', '\r\n') };
    for (const first of [late, withReturns]) {
      const lines = [...start, ...landing([ep1c], [first]), ...unsigned(gone, { digit: '2' })];
      expect(inForce(lines.slice(0, -1), more)).toEqual(whole);
      expect(inForce([...lines, ...landing([ep1c], [late], { digit: '3', firstSeen: instant(seen + hour) })], more)).toEqual([]);
    }
  });

  it('when a landing never had a verdict, then it has used its statement up', () => {
    const never = landing([ep1c], [alice()]).filter(({ type }) => type !== 'verdict');
    expect(inForce([...start, ...never, ...landing([ep1c], [alice()], { digit: '2' })], more)).toEqual([]);
  });
});

describe('given a group that had to be signed only later', () => {
  const hoo = { path: ep1c.path.replace('ep1c', 'hoo'), until: instant(Date.parse('2026-12-10')) };
  const over = verdict('2', [[hoo.path, null]]);
  const at = (after: number) => ({ groups: [{ group: known(verified(start).groups[0]), after, before: [hoo] }] });
  const still = [`hoo.yaml ${until('2026-12-10')}`];

  it('when somebody was in it then, then what judging takes away after that stays away, and before that it is of no matter', () => {
    const lines = [...start, over, caughtUp];
    expect(inForce(lines, at(start.length))).toEqual([]);
    expect(inForce(lines, at(lines.length - 1))).toEqual(still);
    expect(inForce(lines, at(lines.length))).toEqual(still);
  });

  it('when a file had nothing since then, then a signature does not lengthen it; of before, nobody knows', () => {
    const ends = `ep1c.yaml ${until('2026-12-31')}`;
    const lines = [...start, ...signedBy(longer, { digit: '3' })];
    expect(inForce(lines, at(0))).toEqual(still);
    expect(inForce(lines, at(lines.length))).toEqual([ends, ...still]);
    // Judging had it in force, and nobody had to sign that.
    const before = landing([ep1c], []).filter(({ type }) => type === 'verdict');
    expect(inForce([...start, ...before, ...signedBy(longer, { digit: '3' })])).toEqual([ends]);
  });
});

describe('given rules with a second group', () => {
  const free = new Map([
    ...rulesFiles(),
    ['policy/groups/free.yaml', file('purpose: Testing.\nowner: sre\nmembers: grants\nlongest: none')] as const,
  ]);
  const inFree = { ...ep1c, path: ep1c.path.replace(klaxon, 'free') };
  const ceilings = { groups: new Map([[known(parseGroupName('free')), { signed: 1 }]]), rules: 0 };

  it('when what is in force is asked for, then that is known of the group that has to be signed, and not of the other', () => {
    const under = change([], free).rules;
    const asked = (ceilings: SignedCeilings) => [ep1c.path, inFree.path].map(whereSigned(() => 'nothing', under, ceilings, 'policy'));
    expect(asked(noSignedCeilings)).toEqual(['nothing', undefined]);
    expect(asked(ceilings)).toEqual(['nothing', 'nothing']);
  });

  it('when that one has not to be signed, then nothing is said of it, and what is said of the first stays', () => {
    const both = [ep1c, inFree];
    const lines = [...rulesLines(free), ...landing(both, [sign('alice', change(both, free))], { under: free })];
    expect(verified(lines, { pinned: digestOf(free) })).toEqual({
      groups: [klaxon],
      windows: [{ path: ep1c.path, until: Number(until('2026-12-21')) }],
    });
    // With both groups held to signatures by the host, both count.
    expect(inForce(lines, { pinned: digestOf(free), ceilings })).toHaveLength(2);
  });
});

it('given a grant that begins later, when it is signed, then it begins then, also where judging says that it begins at once', () => {
  const later: ContentChange = { path: ep1c.path, after: file('reason: Testing.\nfrom: 2026-12-05\nuntil: 2026-12-20') };
  const [window] = verified([...start, ...landing([later], [sign('bob', change([later]))])]).windows;
  expect(window).toEqual({ path: ep1c.path, from: Date.parse('2026-12-05'), until: Date.parse('2026-12-21') });
  const atOnce = landing([ep1c], []).flatMap((line) => (line.type === 'verdict' ? line.delta.inForce : []));
  expect(verified([...start, ...landing([later], [sign('bob', change([later]))], { inForce: atOnce })]).windows).toEqual([window]);
});

describe('given a file that nobody ever approved', () => {
  const planted = [...start, ...unsigned(ep1c, { refused: true, inForce: [] })];
  const second = { digit: '2' };

  it('when somebody signs a change of its words, and nobody said that ep1c gains, then nobody is let in', () => {
    expect(inForce([...planted, ...signedBy(words, second)], begun)).toEqual([]);
  });

  it('when somebody signs that ep1c gains, then that counts, with the same change', () => {
    const says = { effects: change([words]).effectsAt(seen, () => 'nothing') };
    expect(says.effects).toEqual([`${klaxon} ep1c gains until 2026-12-21T00:00:00Z`]);
    expect(inForce([...planted, ...signedBy(words, second, { says })], begun)).toEqual(whole);
    expect(inForce([...planted, ...signedBy(words, second, { says })])).toEqual(whole);
  });

  it('when somebody signs that it is longer, then that is not what happens', () => {
    expect(inForce([...planted, ...signedBy(longer, second)], begun)).toEqual([]);
  });

  it('when root allowed it, then it is in force, and may be made longer', () => {
    const allowed = { type: 'allowed', paths: [ep1c.path] } as const;
    expect(inForce([...planted, allowed, ...signedBy(longer, second)], begun)).toEqual([`ep1c.yaml ${until('2026-12-31')}`]);
  });
});

describe('given a judge that says nothing of when, or something else', () => {
  const unknown = (more: Told = {}) => landing([ep1c], [alice()], { firstSeen: null, ...more });

  it('when it never saw the landing, then a person has to allow what that brings', () => {
    expect(inForce([...start, ...unknown()], begun)).toEqual([]);
  });

  it('when it had caught up before, then such a landing came no earlier than its line', () => {
    const after = (at: number) => unknown({ as: { at: instant(at) } });
    expect(inForce([...start, caughtUp, ...after(seen + day)], begun)).toEqual(whole);
    expect(inForce([...start, caughtUp, ...after(seen + 8 * day)], begun)).toEqual([]);
  });

  it('when it says that a statement was seen before its key was stolen, then its line says when that was', () => {
    const distrusted = [{ person: uid('alice'), since: instant(seen - hour), at: seen }];
    const lines = landing([ep1c], [sign('alice', change([ep1c]), { firstSeen: instant(seen - 2 * hour) })]);
    const signed = lines.find(({ type }) => type === 'signed');
    const [statement] = signed?.type === 'signed' ? signed.statements : [];
    const { text, signature } = known(statement);
    const told = (at: number): EvidenceLine => ({
      type: 'statements-seen',
      at: instant(at),
      statements: [sha256(`${text}${signature}`)],
    });
    expect(inForce([...start, ...lines], { ...begun, distrusted })).toEqual([]);
    expect(inForce([...start, told(seen - hour / 2), ...lines], { ...begun, distrusted })).toEqual([]);
    expect(inForce([...start, told(seen - 2 * hour), ...lines], { ...begun, distrusted })).toEqual(whole);
    // The first time counts, and a later line does not make it younger.
    expect(inForce([...start, told(seen - 2 * hour), told(seen), ...lines], { ...begun, distrusted })).toEqual(whole);
  });
});
