// Who pushed what a merge request consists of, as far as GitLab tells by notes and events, and what of it has to be compared.
import { describe, expect, it } from 'vitest';
import type { Push, Review, Version } from '../../src/record/kept-evidence.ts';
import { asIfNothingHidden, changeKey, digestOf, isPusher, isPusherUnknown, versionsToCompare } from '../../src/evidence/pushers.ts';
import { instant } from '../../src/names.ts';
import { second } from '../../src/time.ts';
import { accounts, approval, at, commit, noted, review, told, version } from './evidence-samples.ts';

const { alice, mallory } = accounts;
const none = commit('0');
/** The version of that hour, with a head of its own: `b` for the first. */
const versionAt = (hours: number, changes: Partial<Version> = {}) =>
  version({ id: hours + 1, head: commit('bcdef'[hours] ?? ''), createdAt: at(hours), ...changes });
const [first, second_, third] = [0, 1, 2].map((hours) => versionAt(hours)) as [Version, Version, Version];
const digestsOf = (...of: readonly (readonly [Version, string])[]) =>
  new Map(of.map(([{ base, head }, digest]) => [changeKey(base ?? none, head ?? none), digest]));
const allNew = digestsOf([first, 'x'], [second_, 'y'], [third, 'z']);
const shown = (changes: Partial<Review>) => review({ eventsShown: true, ...changes });
const isMallorys = (account: { readonly id: number } | null) => account?.id === mallory.id;

describe('the digest of a version', () => {
  it.each([
    { given: 'one that was compared', of: first, gives: 'x' },
    { given: 'one that the server no longer gives', of: version({ head: commit('9') }), gives: 'refused' },
    { given: 'one without a base', of: version({ base: null }), gives: 'refused' },
  ])('given $given, then $gives', ({ of, gives }) => {
    expect(digestOf(of, new Map([...allNew, ['null..', 'x'], [`null..${first.head}`, 'x']]))).toBe(gives);
  });
});

describe('whether somebody pushed something of it', () => {
  const versions = [first, second_];
  const pushed = (pushes: readonly Push[], digests = allNew, of: readonly Version[] = versions) =>
    isPusher(review({ pushes, versions: of }), digests, isMallorys);

  it.each<{ given: string; pushes: readonly Push[]; gives: boolean }>([
    { given: 'nothing', pushes: [], gives: false },
    { given: 'a note of somebody else', pushes: [noted(alice, 1)], gives: false },
    { given: 'a note of theirs', pushes: [noted(mallory, 1)], gives: true },
    { given: 'an event of somebody else', pushes: [told(alice, 1, second_.head)], gives: false },
    { given: 'an event of theirs', pushes: [told(mallory, 1, second_.head)], gives: true },
    { given: 'an event of theirs without a head', pushes: [told(mallory, 1, null)], gives: true },
    { given: 'an event of a head that no version has', pushes: [told(mallory, 1, commit('9'))], gives: true },
  ])('given $given, then $gives', ({ pushes, gives }) => {
    expect(pushed(pushes)).toBe(gives);
  });

  it('given that they pushed the same content anew, then not; with one note more than that, then yes', () => {
    const same = digestsOf([first, 'x'], [second_, 'x']);
    const pushes = [told(mallory, 1, second_.head)];
    expect(pushed(pushes, same)).toBe(false);
    expect(pushed([...pushes, noted(mallory, 1)], same)).toBe(false);
    expect(pushed([...pushes, noted(mallory, 1), noted(mallory, 1)], same)).toBe(true);
  });

  it('given that the server no longer says what they pushed, then yes, but for the head that was there before', () => {
    const pushes = [told(mallory, 1, second_.head)];
    expect(pushed(pushes, new Map())).toBe(true);
    expect(pushed([told(mallory, 1, first.head)], new Map(), [first, { ...second_, head: first.head }])).toBe(true);
    const again = { ...second_, head: commit('d'), id: 3, createdAt: at(2) };
    expect(pushed([told(mallory, 2, again.head)], digestsOf([first, 'x'], [again, 'x']), [first, again])).toBe(false);
    expect(pushed([told(mallory, 0, first.head)], digestsOf([first, 'x']), [first])).toBe(true);
  });

  it('given a head that stayed while it was compared with something else, then that is nothing new', () => {
    const rebased = { ...second_, id: 9, base: commit('9'), createdAt: at(2) };
    expect(pushed([told(mallory, 1, second_.head)], digestsOf([first, 'x'], [second_, 'x']), [first, second_, rebased])).toBe(false);
  });

  it('given a head that came twice, once with new content, then yes', () => {
    const twice = [first, second_, { ...first, id: 3, base: commit('9'), createdAt: at(2) }];
    const digests = new Map([...digestsOf([first, 'x'], [second_, 'x']), [changeKey(commit('9'), first.head ?? none), 'new']]);
    expect(pushed([told(mallory, 0, first.head)], digests, twice)).toBe(true);
    expect(
      pushed(
        [told(mallory, 2, first.head)],
        new Map([...digests, [changeKey(first.base ?? none, first.head ?? none), 'x']]),
        twice.slice(1),
      ),
    ).toBe(true);
  });
});

describe('whether it is unknown who pushed something of it', () => {
  const unknown = (changes: Partial<Review>, digests = allNew) => isPusherUnknown(shown(changes), alice, digests);
  const versions = [first, second_];
  const opened = told(alice, 0, first.head);

  it.each<{ given: string; changes: Partial<Review>; gives: boolean }>([
    { given: 'an event for each version', changes: { versions, pushes: [opened, told(alice, 1, second_.head)] }, gives: false },
    { given: 'a note for the second', changes: { versions, pushes: [opened, noted(mallory, 1)] }, gives: false },
    {
      given: 'a note that came some seconds sooner',
      changes: { versions, pushes: [opened, { ...noted(mallory, 1), at: instant(at(1) - 10 * second) }] },
      gives: false,
    },
    {
      given: 'a note from before that',
      changes: { versions, pushes: [opened, { ...noted(mallory, 1), at: instant(at(1) - 10 * second - 1) }] },
      gives: true,
    },
    { given: 'nothing for the second', changes: { versions, pushes: [opened] }, gives: true },
    { given: 'nothing for the first', changes: { versions, pushes: [told(alice, 1, second_.head)] }, gives: true },
    { given: 'a note for the first, which has none', changes: { versions: [first], pushes: [noted(mallory, 1)] }, gives: true },
    { given: 'one note for two', changes: { versions: [...versions, third], pushes: [opened, noted(mallory, 2)] }, gives: true },
    {
      given: 'two notes for two',
      changes: { versions: [...versions, third], pushes: [opened, noted(mallory, 1), noted(mallory, 2)] },
      gives: false,
    },
    { given: 'a push of many branches by the author', changes: { versions: [first], pushes: [told(alice, 0, null)] }, gives: false },
    { given: 'one that came after the version', changes: { versions: [first], pushes: [told(alice, 1, null)] }, gives: true },
    { given: 'one by somebody else', changes: { versions: [first], pushes: [told(mallory, 0, null)] }, gives: true },
    { given: 'an event of another head', changes: { versions, pushes: [opened, told(mallory, 1, commit('9'))] }, gives: true },
    { given: 'a note by the author from before', changes: { versions, pushes: [opened, noted(alice, 0)] }, gives: true },
    { given: 'an account that is gone', changes: { versions, pushes: [opened, told(null, 1, second_.head)] }, gives: true },
    {
      given: 'the head of the first once more',
      changes: { versions: [first, { ...first, id: 2, createdAt: at(1) }], pushes: [opened] },
      gives: false,
    },
    { given: 'no events, and nothing for the first', changes: { versions: [first], pushes: [], eventsShown: false }, gives: false },
    { given: 'no events, and nothing for the second', changes: { versions, pushes: [], eventsShown: false }, gives: false },
    { given: 'no events, and hidden notes', changes: { versions, pushes: [], eventsShown: false, hiddenNotes: 1 }, gives: true },
  ])('given $given, then $gives', ({ changes, gives }) => {
    expect(unknown(changes)).toBe(gives);
  });

  it('given nothing for a version with the content of the one before, then nothing of it is theirs', () => {
    expect(unknown({ versions, pushes: [opened] }, digestsOf([first, 'x'], [second_, 'x']))).toBe(false);
  });

  it('given an author whose account is gone, then no push of many branches is the author’s', () => {
    expect(isPusherUnknown(shown({ versions: [first], pushes: [told(alice, 0, null)] }), null, allNew)).toBe(true);
  });
});

describe('a review without what is hidden', () => {
  const hidden = { hiddenNotes: 2, versions: [first, second_] };

  it('given nothing hidden, then there is no other one', () => {
    expect(asIfNothingHidden(shown({ ...hidden, hiddenNotes: 0, pushes: [told(alice, 0, first.head)] }), alice)).toBeUndefined();
  });

  it('given a first version of which nothing tells, then no hidden note could', () => {
    expect(asIfNothingHidden(shown({ ...hidden, pushes: [told(mallory, 1, second_.head)] }), alice)).toBeUndefined();
    expect(asIfNothingHidden(shown(hidden), alice)).toBeUndefined();
  });

  it('given that only later ones are unexplained, then hidden notes may be about them', () => {
    const one = shown({ ...hidden, versions: [first, second_, third], pushes: [told(alice, 0, first.head)] });
    const open = asIfNothingHidden(one, alice);
    expect(open).toEqual({ ...one, hiddenNotes: 0, eventsShown: false });
    expect(isPusherUnknown(one, alice, allNew)).toBe(true);
    expect(open && isPusherUnknown(open, alice, allNew)).toBe(false);
  });
});

describe('which versions are compared', () => {
  const versions = [0, 1, 2, 3].map((hours) => versionAt(hours)) as [Version, Version, Version, Version];
  const [, second1, third1, last] = versions;
  const explained = versions.map(({ head }, hours) => told(alice, hours, head));
  const compared = (changes: Partial<Review>) => versionsToCompare(shown({ versions, pushes: explained, ...changes }), alice);

  it.each<{ given: string; changes: Partial<Review>; gives: readonly Version[] }>([
    { given: 'no approval', changes: { approvals: [] }, gives: [last] },
    { given: 'an approval', changes: { approvals: [approval({ at: at(1.5) })] }, gives: [second1, last] },
    { given: 'an approval within the minute', changes: { approvals: [approval({ at: at(2) })] }, gives: [second1, third1, last] },
    {
      given: 'a version that somebody else pushed',
      changes: {
        approvals: [approval({ at: at(9) })],
        pushes: [...explained.slice(0, 2), told(mallory, 2, third1.head), ...explained.slice(3)],
      },
      gives: [second1, third1, last],
    },
    {
      given: 'a version that nobody explains',
      changes: { approvals: [approval({ at: at(9) })], pushes: explained.toSpliced(2, 1) },
      gives: [second1, third1, last],
    },
    { given: 'the same, and no approval', changes: { approvals: [], pushes: explained.toSpliced(2, 1) }, gives: [last] },
    {
      given: 'versions in any order',
      changes: { versions: [...versions].reverse(), approvals: [approval({ at: at(1.5) })] },
      gives: [second1, last],
    },
  ])('given $given, then those that decide something', ({ changes, gives }) => {
    expect(compared(changes)).toEqual(gives);
  });

  it('given hundreds of them that nobody explains, then fifty and the ones before', () => {
    const many = Array.from({ length: 200 }, (_, place) =>
      version({ id: place, head: commit('bcdef'[place % 5] ?? ''), createdAt: at(place / 100) }),
    );
    expect(compared({ versions: many, pushes: [], approvals: [approval({ at: at(9) })] }).length).toBe(51);
  });
});
