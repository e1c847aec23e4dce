// What signatures alone bring into force, where judging tells the truth.
import { describe, expect, it } from 'vitest';
import { instant, parseGroupName } from '../../src/names.ts';
import { day, hour } from '../../src/time.ts';
import { change, grant, known, place, rulesChange, rulesFiles, seen, sign, type signers } from './signing-world.ts';
import { alice, ep1c, inForce, klaxon, landing, rules, rulesLines, start, until, verified, whole } from './record-lines.ts';

describe('given a judge that tells the truth', () => {
  it('when alice signed a grant, then it is in force as the file says, and without her it is not', () => {
    expect(inForce([...start, ...landing([ep1c], [alice()])])).toEqual(whole);
    expect(inForce([...start, ...landing([ep1c], [])])).toEqual([]);
    expect(verified([...start, ...landing([ep1c], [])]).groups).toEqual([klaxon]);
  });

  it('when it is lengthened with a signature, then it is longer, without one it stays, and deleted it is over', () => {
    const longer = grant('ep1c', '2026-12-30', '2026-12-20');
    const signed = landing([longer], [sign('bob', change([longer]))], { digit: '2' });
    const before = [...start, ...landing([ep1c], [alice()])];
    expect(inForce([...before, ...signed])).toEqual([`ep1c.yaml ${until('2026-12-31')}`]);
    expect(inForce([...before, ...landing([longer], [], { digit: '2' })])).toEqual(whole);
    const gone = { path: ep1c.path, before: known(ep1c.after) };
    expect(inForce([...before, ...landing([gone], [], { digit: '2' })])).toEqual([]);
  });

  it('when rules with other keys are signed under those before, then the new key signs, and the old one no more', () => {
    const next = rulesFiles({ keys: { alice: 'alice', bob: 'bob', carol: 'mallory' } });
    const swap = rulesChange(rules, next);
    const changed = [...start, ...landing(swap, [sign('alice', change(swap))]), ...rulesLines(next)];
    const byCarol = (key: keyof typeof signers) =>
      landing([ep1c], [sign('carol', change([ep1c], next), { key })], { under: next, digit: '2' });
    expect(inForce([...changed, ...byCarol('mallory')])).toEqual(whole);
    expect(inForce([...changed, ...byCarol('carol')])).toEqual([]);
  });

  it('when the record is told a second time, then nothing changes', () => {
    const gone = { path: ep1c.path, before: known(ep1c.after) };
    const back = sign('alice', change([ep1c]), { says: { at: instant(seen + hour), until: instant(seen + day) } });
    const lines = [
      ...landing([ep1c], [alice()]),
      ...landing([gone], [], { digit: '2' }),
      ...landing([ep1c], [back], { digit: '3', firstSeen: instant(seen + 2 * hour) }),
    ];
    expect(inForce([...start, ...lines])).toEqual(whole);
    expect(inForce([...start, ...lines, ...lines])).toEqual(whole);
  });

  it('when a group had members before it had to be signed, then they stay as they were, and an end signed later counts', () => {
    const before = [{ path: 'policy/grants/klaxon-users/hoo.yaml', until: instant(Date.parse('2026-12-10')) }];
    const groups = [{ group: known(verified(start).groups[0]), after: start.length, before }];
    expect(inForce(start, { groups })).toEqual([`hoo.yaml ${until('2026-12-10')}`]);
    const longer = grant('hoo', '2026-12-12', '2026-12-09');
    expect(inForce([...start, ...landing([longer], [sign('alice', change([longer]))])], { groups })).toEqual([
      `hoo.yaml ${until('2026-12-13')}`,
    ]);
  });
});

describe('given a host that takes nothing but signatures', () => {
  const ceilings = { groups: new Map([[known(parseGroupName(klaxon)), { signed: 2 }]]), rules: 2, only: true } as const;
  const bob = () => sign('bob', change([ep1c]));

  it('when two people signed, then it is in force, whatever the policy asks for; one alone, or twice, is nobody', () => {
    expect(inForce([...start, ...landing([ep1c], [alice(), bob()])], { ceilings })).toEqual(whole);
    expect(inForce([...start, ...landing([ep1c], [alice()])], { ceilings })).toEqual([]);
    const again = sign('alice', change([ep1c]), { says: { until: instant(seen + day) } });
    expect(inForce([...start, ...landing([ep1c], [alice(), again])], { ceilings })).toEqual([]);
  });

  it('when the rules were never shown, then the group is held to signatures all the same', () => {
    expect(verified([], { ceilings })).toEqual({ groups: [klaxon], windows: [] });
  });

  it('when it was signed for another spelling of the repository, then it is for another one', () => {
    const project = 'https://git.example.org/access';
    const of = (spelled: string) => (['alice', 'bob'] as const).map((name) => sign(name, change([ep1c]), { says: { project: spelled } }));
    const under = { ceilings, place: { ...place, project } };
    expect(inForce([...start, ...landing([ep1c], of(project))], under)).toEqual(whole);
    for (const spelled of [`${project}.git`, `${project}/`, 'https://GIT.example.org/access', 'http://git.example.org/access'])
      expect(inForce([...start, ...landing([ep1c], of(spelled))], under)).toEqual([]);
  });
});
