// What signatures alone bring into force, where judging was taken over and may write any line.
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/digest.ts';
import { instant } from '../../src/names.ts';
import type { EvidenceLine, SignedRecord } from '../../src/record/judging-record.ts';
import type { VerifyTerms } from '../../src/signing/verified-grants.ts';
import { day, hour } from '../../src/time.ts';
import { change, file, grant, known, place, rulesChange, rulesFiles, seen, sign, uid, type PolicyText } from './signing-world.ts';
import { alice, content, ep1c, inForce, klaxon, landing, pinned, rules, rulesLines, start, verified, whole } from './record-lines.ts';

describe('given a judge that was taken over', () => {
  const loose = rulesFiles({ signed: 0, groupSigned: 0 });
  const ofMallory = rulesFiles({ keys: { alice: 'mallory', bob: 'bob', carol: 'carol' } });
  const forged = (more: PolicyText) => rulesFiles(more);

  it.each<{ readonly lie: string; readonly lines: () => readonly EvidenceLine[]; readonly more?: Partial<VerifyTerms> }>([
    {
      lie: 'a statement used twice, with the path of its change told twice',
      lines: () => {
        const words = { path: ep1c.path, before: known(ep1c.after), after: file('reason: Testing more.\nuntil: 2026-12-20') };
        const signed = [sign('alice', change([words]))];
        const gone = { path: ep1c.path, before: words.after };
        const { stated } = change([words]);
        return [
          ...start,
          ...landing([ep1c], [alice()]),
          ...landing([words], signed, { digit: '2' }),
          ...landing([gone], [], { digit: '3' }),
          ...landing([words], signed, { digit: '4', as: { changes: [...stated, ...stated] } }),
        ];
      },
    },
    {
      lie: 'two statements in one text',
      lines: () => {
        const doubled = ({ text, signature, ...kept }: SignedRecord['statements'][number]) => ({
          ...kept,
          text: `${text}${signature}${text}`,
          signature,
        });
        const lines = landing([ep1c], [alice()]);
        return [...start, ...lines.map((line) => (line.type === 'signed' ? { ...line, statements: line.statements.map(doubled) } : line))];
      },
    },
    { lie: 'no rules at all', lines: () => landing([ep1c], [alice()]) },
    { lie: 'rules that are not those that root pinned', lines: () => [...rulesLines(loose), ...landing([ep1c], [], { under: loose })] },
    {
      lie: 'other rules under the digest that root pinned',
      lines: () => {
        const lines = rulesLines(ofMallory).map((line) => (line.type === 'rules-files' ? { ...line, rules: pinned } : line));
        return [...lines, ...landing([ep1c], [sign('alice', change([ep1c], ofMallory), { key: 'mallory' })], { under: ofMallory })];
      },
    },
    {
      lie: 'a content that has another digest',
      lines: () =>
        [...start, ...landing([ep1c], [alice()])].map((line) =>
          line.type === 'content' && line.sha256 === sha256(known(ep1c.after).bytes)
            ? { ...content(file('reason: Testing.\nuntil: 2099-01-01')), sha256: line.sha256 }
            : line,
        ),
    },
    {
      lie: 'a landing that a person signed who gains by a part of it',
      lines: () => {
        const both = [ep1c, grant('alice')];
        return [...start, ...landing(both, [sign('alice', change(both))])];
      },
    },
    {
      lie: 'a landing without the content',
      lines: () => [...start, ...landing([ep1c], [alice()]).filter(({ type }) => type === 'signed')],
    },
    { lie: 'a statement of mallory', lines: () => [...start, ...landing([ep1c], [sign('alice', change([ep1c]), { key: 'mallory' })])] },
    {
      lie: 'a statement for somebody else',
      lines: () => [
        ...start,
        ...landing([grant('hoo')], [sign('alice', change([grant('hoo')]))], { as: { changes: change([ep1c]).stated } }),
        content(known(ep1c.after)),
      ],
    },
    { lie: 'a statement for a shorter time', lines: () => [...start, ...landing([grant('ep1c', '2027-12-20')], [alice()])] },
    {
      lie: 'a signature that was cut',
      lines: () => [
        ...start,
        ...landing([ep1c], [alice()]).map((line) =>
          line.type === 'signed'
            ? { ...line, statements: line.statements.map((one) => ({ ...one, signature: one.signature.slice(0, -60) })) }
            : line,
        ),
      ],
    },
    {
      lie: 'rules that nobody signed',
      lines: () => [
        ...start,
        ...landing(rulesChange(rules, loose), []),
        ...rulesLines(loose),
        ...landing([ep1c], [], { under: loose, digit: '2' }),
      ],
    },
    {
      lie: 'a key that nobody signed',
      lines: () => [
        ...start,
        ...landing(rulesChange(rules, ofMallory), []),
        ...rulesLines(ofMallory),
        ...landing([ep1c], [sign('alice', change([ep1c], ofMallory), { key: 'mallory' })], { under: ofMallory, digit: '2' }),
      ],
    },
    {
      lie: 'a key that its own person signed',
      lines: () => {
        const swap = rulesChange(rules, ofMallory);
        return [
          ...start,
          ...landing(swap, [sign('alice', change(swap))]),
          ...rulesLines(ofMallory),
          ...landing([ep1c], [sign('alice', change([ep1c], ofMallory), { key: 'mallory' })], { under: ofMallory, digit: '2' }),
        ];
      },
    },
    {
      lie: 'a team that nobody signed',
      lines: () => {
        const wide = forged({ sre: ['alice', 'bob', 'carol'], groupSigned: 0 });
        return [...start, ...rulesLines(wide), ...landing([ep1c], [], { under: wide })];
      },
    },
    {
      lie: 'a statement used twice',
      lines: () => {
        const gone = { path: ep1c.path, before: known(ep1c.after) };
        return [
          ...start,
          ...landing([ep1c], [alice()]),
          ...landing([gone], [], { digit: '2' }),
          ...landing([ep1c], [alice()], { digit: '3', firstSeen: instant(seen + hour) }),
        ];
      },
    },
    {
      lie: 'a statement used twice, by landings that nobody saw, long ago',
      lines: () => {
        const gone = { path: ep1c.path, before: known(ep1c.after) };
        const [firstSeen, as] = [null, { at: instant(seen - 7 * day) }];
        return [
          ...start,
          ...landing([ep1c], [alice()], { firstSeen, as }),
          ...landing([gone], [], { digit: '2' }),
          ...landing([ep1c], [alice()], { digit: '3', firstSeen, as }),
        ];
      },
    },
    {
      lie: 'a statement that had run out',
      lines: () => [...start, ...landing([ep1c], [alice()], { firstSeen: instant(seen + 8 * day) })],
    },
    {
      lie: 'a statement of the future',
      lines: () => [
        ...start,
        ...landing([ep1c], [sign('alice', change([ep1c]), { says: { at: instant(seen + hour), until: instant(seen + day) } })]),
      ],
    },
    {
      lie: 'a statement of whoever gains',
      lines: () => {
        const own = grant('alice');
        return [...start, ...landing([own], [sign('alice', change([own]))])];
      },
    },
    {
      lie: 'a soft key where a touch is asked for',
      more: { requireTouch: true },
      lines: () => [...start, ...landing([ep1c], [sign('alice', change([ep1c]), { flags: 0 })])],
    },
    {
      lie: 'a statement of whom root distrusts',
      more: { distrusted: [{ person: uid('alice'), since: instant(seen - day), at: seen }] },
      lines: () => [...start, ...landing([ep1c], [alice()])],
    },
    {
      lie: 'one signature for what needs two',
      more: { ceilings: { groups: new Map([[known(verified(start).groups[0]), { signed: 2 }]]), rules: 0 } },
      lines: () => [...start, ...landing([ep1c], [alice(), sign('alice', change([ep1c]))])],
    },
    {
      lie: 'a statement for another project',
      more: { place: { ...place, project: '99' } },
      lines: () => [...start, ...landing([ep1c], [alice()])],
    },
  ])('when it shows $lie, then nobody is let in by it', ({ lines, more = {} }) => {
    // The same lines without the lie let somebody in.
    expect(inForce([...start, ...landing([ep1c], [alice()])])).toEqual(whole);
    const signedByHost = { groups: new Map([[known(verified(start).groups[0]), { signed: 1 }]]), rules: 1 };
    const seenBy = verified(lines(), { ceilings: signedByHost, ...more });
    expect([seenBy.windows, seenBy.groups]).toEqual([[], [klaxon]]);
  });

  it('when it shows another content under a digest that is on record, then the one that hashes to it counts', () => {
    const other = { ...content(file('reason: Testing.\nuntil: 2099-01-01')), sha256: content(known(ep1c.after)).sha256 };
    const [first, ...rest] = landing([ep1c], [alice()]);
    expect(inForce([...start, known(first), other, ...rest])).toEqual(whole);
  });

  it('when root distrusts only afterwards, then what was verified before stays', () => {
    const distrusted = [{ person: uid('alice'), since: instant(seen - day), at: instant(seen + 1) }];
    expect(inForce([...start, ...landing([ep1c], [alice()])], { distrusted })).toEqual(whole);
  });
});
