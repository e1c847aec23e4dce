import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { duration, parseRosterName, type Instant } from '../../src/names.ts';
import type { RosterRecord } from '../../src/ledger/record.ts';
import type { RosterReading } from '../../src/roster/roster.ts';
import { hour } from '../../src/time.ts';
import {
  generationsThatMayCount,
  readRosters,
  rosterProblems,
  settleRosters,
  type RosterSource,
  type SettledRoster,
} from '../../src/roster/rosters.ts';
import { hours, now, peopleOf, person, steward } from '../membership/membership-samples.ts';

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function shaOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function reading(text: string, producedAt: Instant = hours(-1)): RosterReading {
  return { kind: 'file', bytes: bytesOf(text), sha256: shaOf(text), producedAt, stated: { kind: 'not-asked' } };
}

/** `store` are the texts of the generations that were kept. */
function source(found: RosterReading, store: readonly string[] = []): RosterSource {
  const kept = new Map(store.map((text) => [shaOf(text), bytesOf(text)]));
  return {
    olderThan: duration(26 * hour),
    checksum: 'none',
    read: () => Promise.resolve(found),
    kept: (sha256) => {
      const bytes = kept.get(sha256);
      return Promise.resolve(bytes ? { kind: 'kept', bytes } : { kind: 'lost', message: 'its file is not there' });
    },
  };
}

function acceptedBefore(text: string): RosterRecord {
  return { type: 'roster', at: hours(-48), roster: steward, sha256: shaOf(text), people: 2, producedAt: hours(-49) };
}

const everybody = ['alice', 'base', 'bob', 'carol', 'hoo', 'mallory', 'urbanecm'].map((name) => person(name));

async function settled(
  found: RosterReading,
  {
    before,
    store = [],
    people = peopleOf(...everybody),
  }: { before?: string; store?: readonly string[]; people?: ReturnType<typeof peopleOf> | null } = {},
): Promise<SettledRoster> {
  const sources = new Map([[steward, source(found, store)]]);
  const accepted = new Map(before === undefined ? [] : [[steward, acceptedBefore(before)]]);
  const [standing] = await settleRosters(await readRosters(sources, accepted, now), accepted, people ?? undefined, now);
  if (!standing) throw new Error('a roster has a standing');
  return standing;
}

const old = 'alice\nbob\n';
const news = 'alice\nhoo\n';

describe('given a list that can be used', () => {
  it('when it is new, then its people count, and it is to be kept and recorded with the time it was accepted', async () => {
    const { state, generation, fresh, acceptedAt } = await settled(reading(news), { before: old, store: [old] });
    expect(state.kind).toBe('fresh');
    expect(generation).toEqual({ roster: steward, sha256: shaOf(news), uids: ['alice', 'hoo'] });
    expect(fresh?.record).toEqual({ type: 'roster', at: now, roster: steward, sha256: shaOf(news), people: 2, producedAt: hours(-1) });
    expect(fresh?.bytes).toEqual(bytesOf(news));
    expect(acceptedAt).toBeUndefined();
  });

  it('when it is the one accepted before, then its people count and nothing is recorded', async () => {
    const standing = await settled(reading(old), { before: old });
    expect(standing.generation?.uids).toEqual(['alice', 'bob']);
    expect(standing).not.toHaveProperty('fresh');
  });

  it('when it counts, then the list before it is not read', async () => {
    const unread: RosterSource = {
      ...source(reading(news)),
      kept: () => Promise.reject(new Error('read')),
    };
    const accepted = new Map([[steward, acceptedBefore(old)]]);
    const candidates = await readRosters(new Map([[steward, unread]]), accepted, now);
    expect((await generationsThatMayCount(candidates)).map(({ uids }) => uids)).toEqual([['alice', 'hoo']]);
    const [standing] = await settleRosters(candidates, accepted, peopleOf(...everybody), now);
    expect(standing?.generation?.uids).toEqual(['alice', 'hoo']);
  });

  it('when the directory does not answer, then the new one is not accepted unseen: the last one stays', async () => {
    const standing = await settled(reading(news), { before: old, store: [old], people: null });
    expect(standing.generation?.uids).toEqual(['alice', 'bob']);
    expect(standing).not.toHaveProperty('fresh');
    expect(rosterProblems([standing])).toEqual([]);
  });
});

describe('given a list of people whom the directory does not know', () => {
  const strangers = `${old}x1\nx2\nx3\n`;

  it('when they are three of five, then the list is damaged, and the last one stays', async () => {
    const standing = await settled(reading(strangers), { before: old, store: [old] });
    expect(standing).toMatchObject({ state: { kind: 'damaged' }, generation: { uids: ['alice', 'bob'] }, acceptedAt: hours(-48) });
  });

  it('when they are two, then they are withheld one by one elsewhere, and the list counts', async () => {
    expect(await settled(reading(`${old}x1\nx2\n`))).toMatchObject({
      state: { kind: 'fresh' },
      generation: { uids: ['alice', 'bob', 'x1', 'x2'] },
    });
  });

  it('when the list was accepted before they left, then it stays accepted', async () => {
    expect(await settled(reading(strangers), { before: strangers })).toMatchObject({ state: { kind: 'fresh' } });
  });
});

describe('given a list that cannot be used', () => {
  it('when people are to be asked about, then they are those of the last accepted one', async () => {
    const accepted = new Map([[steward, acceptedBefore(old)]]);
    const candidates = await readRosters(new Map([[steward, source(reading('alice\nbo'), [old])]]), accepted, now);
    expect((await generationsThatMayCount(candidates)).map(({ uids }) => uids)).toEqual([['alice', 'bob']]);
  });

  const failures: readonly { readonly state: string; readonly found: RosterReading }[] = [
    { state: 'missing', found: { kind: 'missing', message: 'There is no file.', act: 'carrier' } },
    { state: 'unreadable', found: { kind: 'unreadable', message: 'It may not be read.', act: 'administrator' } },
    { state: 'damaged', found: { kind: 'damaged', message: 'It is a link.', act: 'administrator' } },
    { state: 'damaged', found: reading('alice\nbo') },
    { state: 'empty', found: reading('') },
    { state: 'stale', found: reading(news, hours(-72)) },
  ];

  it.each(failures)('when it is $state, then the last accepted one stays, with an alarm', async ({ state, found }) => {
    const standing = await settled(found, { before: old, store: [old] });
    expect(standing).toMatchObject({
      state: { kind: state },
      generation: { sha256: shaOf(old), uids: ['alice', 'bob'] },
      acceptedAt: hours(-48),
    });
    expect(standing).not.toHaveProperty('fresh');
    expect(rosterProblems([standing])).toMatchObject([{ status: 'input', code: `roster-${state}` }]);
    expect(rosterProblems([standing])[0]?.message).toContain('The last accepted list stays in force.');
  });

  it.each(failures)('when it is $state and none was ever accepted, then no list counts: that is not "nobody"', async ({ found }) => {
    const standing = await settled(found);
    expect(standing.generation).toBeUndefined();
    expect(rosterProblems([standing])[0]?.message).toContain('left as they are');
  });

  it('when the store has lost the last one too, then no list counts, and it is not said that there never was one', async () => {
    const standing = await settled(reading(''), { before: old });
    expect(standing.generation).toBeUndefined();
    const [problem] = rosterProblems([standing]);
    expect(problem?.message).toContain('The list that was accepted last cannot be used either: its file is not there.');
  });

  it('when waiting may mend it, then that is its status', async () => {
    const standing = await settled({ kind: 'missing', message: 'Nothing answers.', act: 'carrier', mayPass: true });
    expect(rosterProblems([standing])).toMatchObject([{ status: 'unavailable' }]);
  });

  it('when one of two rosters is bad, then the other counts', async () => {
    const oversight = parseRosterName('oversight');
    if (!oversight) throw new Error('the sample is wrong');
    const sources = new Map([
      [steward, source(reading(''))],
      [oversight, source(reading(news))],
    ]);
    const standings = await settleRosters(await readRosters(sources, new Map(), now), new Map(), peopleOf(...everybody), now);
    expect(standings.map(({ roster, generation }) => [roster, generation?.uids])).toEqual([
      ['steward', undefined],
      ['oversight', ['alice', 'hoo']],
    ]);
  });
});
