// Which signatures count for a landing: each attack on a statement, with a real ssh-keygen and keys that are made here.
import { describe, expect, it } from 'vitest';
import { instant } from '../../src/names.ts';
import { useUp, type EarlierLandings, type SignedLanding, type SignedStatement } from '../../src/signing/judge-statements.ts';
import { day, minute } from '../../src/time.ts';
import { sha256 } from '../../src/digest.ts';
import * as parser from '../../src/policy/parser.ts';
import { signedChange } from '../../src/signing/signed-change.ts';
import { after, change, commit, file, grant, judged, landing, rulesChange, rulesFiles, seen, sign, signers, uid } from './signing-world.ts';

const gains = change([grant('ep1c')]);
const path = 'policy/grants/klaxon-users/ep1c.yaml';

describe('given a grant that must be signed', () => {
  it('when alice signs exactly that change before it lands, then she counts', () => {
    expect(gains.effectsAt(seen)).toEqual(['klaxon-users ep1c gains until 2026-12-21T00:00:00Z']);
    expect(judged(landing(gains), [sign('alice', gains), sign('bob', gains)])).toEqual(['alice counts', 'bob counts']);
  });

  it.each([
    { given: 'another project', says: { project: '99' }, gives: 'project' },
    { given: 'another branch', says: { branch: 'refs/heads/other' }, gives: 'branch' },
    { given: 'another installation', says: { start: commit('5') }, gives: 'start' },
    { given: 'other rules', says: { rules: `sha256:${'0'.repeat(64)}` }, gives: 'rules' },
    { given: 'another effect', says: { effects: ['klaxon-users ep1c gains until 2027-12-21T00:00:00Z'] }, gives: 'effects' },
    { given: 'no effect', says: { effects: [] }, gives: 'effects' },
    { given: 'an effect more', says: { effects: [...gains.effectsAt(seen), 'klaxon-users zz loses'] }, gives: 'effects' },
    { given: 'another content', says: { changes: change([grant('ep1c', '2027-12-20')]).stated }, gives: path },
    { given: 'another old content', says: { changes: change([grant('ep1c', '2026-12-20', '2026-12-19')]).stated }, gives: path },
    { given: 'a deletion', says: { changes: [{ path, before: { mode: '100644', sha256: `sha256:${'0'.repeat(64)}` } }] }, gives: path },
    { given: 'another path', says: { changes: change([grant('hoo')]).stated }, gives: path },
    {
      given: 'one path more',
      says: { changes: change([grant('ep1c'), grant('hoo')]).stated },
      gives: 'policy/grants/klaxon-users/hoo.yaml',
    },
    {
      given: 'another mode',
      says: { changes: [{ path, after: { mode: '100755', sha256: gains.stated[0]?.after?.sha256 ?? '' } }] },
      gives: path,
    },
    {
      given: 'a path that looks the same',
      says: { changes: [{ path: path.replace('ep1c', 'eр1c'), after: gains.stated[0]?.after ?? { mode: '', sha256: '' } }] },
      gives: path,
    },
  ])('when the statement says $given, then it is not for this landing', ({ says, gives }) => {
    expect(judged(landing(gains), [sign('alice', gains, { says })])).toEqual([`alice: other-content (${gives})`]);
  });

  it.each([
    { line: 'project', says: { project: '99' } },
    { line: 'branch', says: { branch: 'refs/heads/other' } },
    { line: 'start', says: { start: commit('5') } },
    { line: 'rules', says: { rules: `sha256:${'0'.repeat(64)}` } },
    { line: '+ of another content', says: { changes: change([grant('ep1c', '2027-12-20')]).stated } },
    { line: '+ of another path', says: { changes: change([grant('hoo')]).stated } },
    { line: 'effect', says: { effects: ['klaxon-users hoo loses'] } },
    { line: 'signer', says: { signer: uid('bob') } },
    { line: 'at', says: { at: instant(seen - 2 * 3600_000) } },
    { line: 'until', says: { until: instant(seen + day) } },
  ])('when the line "$line" was another one when alice signed, then the right one in its place does not count', ({ says }) => {
    const { text } = sign('alice', gains);
    expect(judged(landing(gains), [sign('alice', gains, { says, sent: () => text })])).toEqual(['alice: signature-bad']);
  });

  it('when the landing has a path that looks the same, then it is not what was signed', () => {
    const [one] = [grant('ep1c')];
    const other = change([{ ...one, path: path.replace('ep1c', 'eр1c') }]);
    expect(judged(landing(other), [sign('alice', gains)])[0]).toMatch(/^alice: other-content \(policy\/grants/);
  });

  it('when any line is changed after it was signed, then it does not count', () => {
    const lies = [
      { sent: (text: string) => text.replace('signer alice', 'signer bob'), key: 'alice', gives: 'bob: key-not-in-force' },
      { sent: (text: string) => text.replace(/at 2026-12-01T11/, 'at 2026-12-01T10'), key: 'alice', gives: 'alice: signature-bad' },
      { sent: (text: string) => text.replace(/until 2026-12-08/, 'until 2026-12-09'), key: 'alice', gives: 'alice: signature-bad' },
    ] as const;
    for (const { gives, ...lie } of lies) expect(judged(landing(gains), [sign('alice', gains, lie)])).toEqual([gives]);
  });

  it('when a landing brings one path more than was signed, then that path is named', () => {
    const more = change([grant('ep1c'), grant('hoo')]);
    expect(judged(landing(more), [sign('alice', gains)])).toEqual(['alice: other-content (policy/grants/klaxon-users/hoo.yaml)']);
  });

  it('when the rules have changed since, then what was signed was another question', () => {
    const later = change([grant('ep1c')], rulesFiles({ sre: ['alice', 'bob'] }));
    expect(judged(landing(later), [sign('alice', gains)])).toEqual(['alice: other-content (rules)']);
  });

  it('when the signer says to be somebody else, then the key is not that person’s', () => {
    expect(judged(landing(gains), [sign('bob', gains, { key: 'alice' })])).toEqual(['bob: key-not-in-force']);
    expect(judged(landing(gains), [sign('mallory', gains)])).toEqual(['mallory: key-not-in-force']);
  });

  it('when somebody signs who is on no team, or gains by it, then that does not count', () => {
    const without = change([grant('ep1c')], rulesFiles({ sre: ['alice', 'bob'] }));
    expect(judged(landing(without), [sign('carol', without)])).toEqual(['carol: not-entitled']);
    const other = change([grant('alice-test')]);
    expect(judged(landing(other), [sign('alice', other)])).toEqual(['alice: benefits']);
    const own = change([grant('alice')]);
    expect(judged(landing(own), [sign('alice', own), sign('bob', own)])).toEqual(['alice: benefits', 'bob counts']);
  });

  it('when a touch is required, then a signature without one does not count', () => {
    const statements = [sign('alice', gains, { flags: 0 }), sign('bob', gains, { flags: 5 })];
    expect(judged(landing(gains), statements, { requireTouch: true })).toEqual(['alice: no-touch', 'bob counts']);
    expect(judged(landing(gains), statements)).toEqual(['alice counts', 'bob counts']);
    const soft = change([grant('ep1c')], rulesFiles({ keys: { alice: 'soft', bob: 'bob' } }));
    const bySoft = [sign('alice', soft, { key: 'soft' }), sign('bob', soft)];
    expect(judged(landing(soft), bySoft, { requireTouch: true })).toEqual(['alice: no-touch', 'bob counts']);
    expect(judged(landing(soft), bySoft)).toEqual(['alice counts', 'bob counts']);
  });

  it('when two persons have one key, then it is nobody’s', () => {
    const shared = change([grant('ep1c')], rulesFiles({ keys: { alice: 'alice', bob: 'alice', carol: 'carol' } }));
    const statements = [sign('alice', shared), sign('bob', shared, { key: 'alice' }), sign('carol', shared)];
    expect(judged(landing(shared), statements)).toEqual(['alice: key-not-in-force', 'bob: key-not-in-force', 'carol counts']);
  });

  it('when it was signed long after the landing was seen, or has run out before, then it is too late', () => {
    const at = (time: number, lasts = day) =>
      sign('alice', gains, { says: { at: instant(time), until: instant(time + lasts), effects: gains.effectsAt(instant(time)) } });
    const results = [at(seen + 5 * minute), at(seen + 5 * minute + 1000), at(seen - day, day), at(seen - day, day - 1000)];
    expect(judged(landing(gains), results)).toEqual([
      'alice counts',
      'alice: too-late (after)',
      'alice counts',
      'alice: too-late (expired)',
    ]);
  });

  it('when the record began anew after the landing, then the times do not matter, and nothing else is forgiven', () => {
    const old = sign('alice', gains, { says: { at: instant(seen - 30 * day), until: instant(seen - 29 * day) } });
    expect(judged(landing(gains, { firstSeen: undefined }), [old, sign('bob', gains, { key: 'alice' })])).toEqual([
      'alice counts',
      'bob: key-not-in-force',
    ]);
  });

  it('when root distrusts the person or the key since before the statement was seen, then it does not count', () => {
    const first = sign('alice', gains, { firstSeen: seen });
    const late = sign('alice', gains, { firstSeen: after(1) });
    const { fingerprint } = signers.alice.key;
    expect(judged(landing(gains), [first, late], { distrusted: [{ person: uid('alice'), since: seen }] })).toEqual([
      'alice counts',
      'alice: distrusted',
    ]);
    expect(judged(landing(gains), [late], { distrusted: [{ person: uid('alice'), fingerprint, since: seen }] })).toEqual([
      'alice: distrusted',
    ]);
    expect(judged(landing(gains), [late], { distrusted: [{ person: uid('alice'), fingerprint: 'SHA256:x', since: seen }] })).toEqual([
      'alice counts',
    ]);
    expect(judged(landing(gains), [late], { distrusted: [{ person: uid('bob'), since: seen }] })).toEqual(['alice counts']);
  });

  it('when an extension was signed and the grant has run out meanwhile, then the effects are those of the time of signing', () => {
    const longer = change([grant('hoo', '2026-12-20', '2026-11-30')]);
    expect(longer.effectsAt(instant(seen - day))).toEqual(['klaxon-users hoo extends until 2026-12-21T00:00:00Z']);
    expect(longer.effectsAt(seen)).toEqual(['klaxon-users hoo gains until 2026-12-21T00:00:00Z']);
    const signed = sign('alice', longer, { says: { at: instant(seen - day), effects: longer.effectsAt(instant(seen - day)) } });
    expect(judged(landing(longer), [signed])).toEqual(['alice counts']);
    const lie = sign('alice', longer, { says: { at: seen, effects: longer.effectsAt(instant(seen - day)) } });
    expect(judged(landing(longer), [lie])).toEqual(['alice: other-content (effects)']);
  });
});

function usedBy(landings: readonly SignedLanding[], recorded = seen, statements: readonly SignedStatement[] = []): EarlierLandings {
  const earlier: EarlierLandings = new Map();
  for (const one of landings) useUp(earlier, one, recorded, statements);
  return earlier;
}

describe('given a change that is made twice', () => {
  const first = landing(gains);
  const second = landing(gains, { commit: commit('2'), firstSeen: after(2 * day) });
  const earlier = usedBy([first]);
  const later = () => sign('alice', gains, { says: { at: after(day), until: after(3 * day), effects: gains.effectsAt(after(day)) } });

  it('when the statement of the first is shown again, then it is used up', () => {
    expect(judged(second, [sign('alice', gains)], {}, earlier)).toEqual([`alice: used-before (${commit('1')})`]);
  });

  it('when it was signed at the moment at which the first was seen, then it is used up as well', () => {
    const then = sign('alice', gains, { says: { at: seen, until: after(3 * day), effects: gains.effectsAt(seen) } });
    expect(judged(second, [then], {}, earlier)).toEqual([`alice: used-before (${commit('1')})`]);
  });

  it('when it was signed just after the first was seen, then it counts for one of them', () => {
    const since = after(5 * minute);
    const late = sign('alice', gains, { says: { at: since, until: after(3 * day), effects: gains.effectsAt(since) } });
    expect(judged(first, [late])).toEqual(['alice counts']);
    expect(judged(second, [late], {}, usedBy([first], seen, [late]))).toEqual([`alice: used-before (${commit('1')})`]);
    // Also where a landing came between, or another signature is under the same text.
    const between = usedBy([first], seen, [late]);
    useUp(between, landing(gains, { commit: commit('5'), firstSeen: after(minute) }), seen, []);
    expect(judged(second, [{ ...late }], {}, between)).toEqual([`alice: used-before (${commit('5')})`]);
    expect(judged(second, [late], {}, earlier)).toEqual(['alice counts']);
  });

  it('when a signature was held back while another one counted, then it is used up as well', () => {
    expect(judged(second, [sign('bob', gains)], {}, earlier)).toEqual([`bob: used-before (${commit('1')})`]);
  });

  it('when it is signed again, then that counts', () => {
    expect(judged(second, [later()], {}, earlier)).toEqual(['alice counts']);
  });

  it('when there were several before, then the last of them counts, in whatever order they were seen', () => {
    const third = landing(gains, { commit: commit('3'), firstSeen: after(3 * day) });
    for (const row of [
      [first, second],
      [second, first],
    ]) {
      expect(judged(third, [later()], {}, usedBy(row))).toEqual([`alice: used-before (${commit('2')})`]);
    }
  });

  it('when the first was of other contents, then it has used nothing up', () => {
    const others = usedBy([landing(change([grant('hoo')]), { firstSeen: after(2 * day) })]);
    expect(judged(second, [later()], {}, others)).toEqual(['alice counts']);
  });

  it('when the record began anew after both, then the statements of the past count for the first of them, and for no other', () => {
    const untimed = { firstSeen: undefined };
    const known = usedBy([landing(gains, untimed)], after(30 * day));
    const again = landing(gains, { ...untimed, commit: commit('2') });
    const statements = [sign('alice', gains), later(), sign('bob', gains)];
    expect(judged(landing(gains, untimed), statements)).toEqual(['alice counts', 'alice counts', 'bob counts']);
    const used = `used-before (${commit('1')})`;
    expect(judged(again, statements, {}, known)).toEqual([`alice: ${used}`, `alice: ${used}`, `bob: ${used}`]);
  });
});

describe('given a change of the rules', () => {
  const rules = rulesFiles({ signed: 0, groupSigned: 1 });
  const of = (to: Parameters<typeof rulesFiles>[0]) => change(rulesChange(rules, rulesFiles({ signed: 0, ...to })), rules);

  it('when it gives somebody a key, then that person cannot sign it, with the old key or the new one', () => {
    const gives = of({ keys: { alice: 'mallory', bob: 'bob', carol: 'carol' } });
    expect(gives.effectsAt(seen)).toEqual([
      `rules add person alice key ${signers.mallory.key.fingerprint} sk-ssh-ed25519@openssh.com`,
      `rules drop person alice key ${signers.alice.key.fingerprint} sk-ssh-ed25519@openssh.com`,
    ]);
    const statements = [sign('alice', gives, { key: 'mallory' }), sign('alice', gives), sign('bob', gives)];
    expect(judged(landing(gives), statements)).toEqual(['alice: key-not-in-force', 'alice: benefits', 'bob counts']);
  });

  it('when it takes signatures off a group, then the number is in the effects', () => {
    expect(of({ groupSigned: 0 }).effectsAt(seen)).toEqual([
      'rules add group klaxon-users signed 0',
      'rules drop group klaxon-users signed 1',
    ]);
  });

  it('when the rules before cannot be understood, then there is nothing that could be signed', () => {
    const broken = new Map([['policy/policy.yaml', file('x')]]);
    expect(signedChange([grant('ep1c')], broken, 'policy', { parser, sha256 })).toBeUndefined();
  });
});

describe('given a change of words', () => {
  const known = grant('ep1c');
  const words = { path, ...(known.after && { before: known.after }), after: file('reason: Testing more.\nuntil: 2026-12-20') };
  const of = change([words]);
  const until = instant(Date.parse('2026-12-21'));
  const under = (inForce: SignedLanding['inForce']) => landing(of, { inForce });
  const saying = (...effects: readonly string[]) =>
    sign('bob', of, { says: { effects: effects.map((one) => `klaxon-users ep1c ${one}`) } });

  it('when the file before is in force as it says, or nobody knows, then it has no effect', () => {
    expect(of.effectsAt(seen)).toEqual([]);
    expect(
      judged(
        under(() => ({ until })),
        [sign('bob', of)],
      ),
    ).toEqual(['bob counts']);
    expect(
      judged(
        under(() => undefined),
        [sign('bob', of)],
      ),
    ).toEqual(['bob counts']);
  });

  it('when the file before is not in force, then whoever signs must have read that ep1c gains', () => {
    const planted = under(() => 'nothing');
    expect(judged(planted, [sign('bob', of)])).toEqual([`bob: not-in-force (${path})`]);
    expect(judged(planted, [saying('gains until 2026-12-21T00:00:00Z')])).toEqual(['bob counts']);
    expect(judged(planted, [saying('extends until 2026-12-21T00:00:00Z')])).toEqual(['bob: other-content (effects)']);
  });

  it('when it is in force for a shorter time than the file says, then whoever signs must have read that it gets longer', () => {
    const cut = under(() => ({ until: instant(until - day) }));
    expect(judged(cut, [sign('bob', of)])).toEqual([`bob: not-in-force (${path})`]);
    expect(judged(cut, [saying('extends until 2026-12-21T00:00:00Z')])).toEqual(['bob counts']);
  });

  it('when one of two files is not in force, then that one is named', () => {
    const other = { ...words, path: path.replace('ep1c', 'hoo') };
    const both = change([words, other]);
    const one = landing(both, { inForce: (asked) => (asked === other.path ? 'nothing' : { until }) });
    expect(judged(one, [sign('bob', both)])).toEqual([`bob: not-in-force (${other.path})`]);
  });
});
