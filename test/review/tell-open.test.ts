import { describe, expect, it } from 'vitest';
import { instant, type Instant } from '../../src/names.ts';
import { Misuse, Unavailable, Unusable } from '../../src/errors.ts';
import type { Presence } from '../../src/record/standing.ts';
import { noneOpen, openEffects, refreshOpenNotes, type OpenPorts, type OpenRequests } from '../../src/review/tell-open.ts';
import type { UpdatedMergeRequest as Updated } from '../../src/gitlab/notes.ts';
import { day, minute } from '../../src/time.ts';
import { commit, uid } from '../evidence/evidence-samples.ts';
import { openReview } from './review-samples.ts';

const begin = Date.UTC(2026, 10, 23, 12);

/** GitLab and the host, as far as they are asked here: what was updated when, and what was read and written of it in turn. */
class World {
  readonly #updates = new Map<number, Updated>();
  readonly read: number[] = [];
  readonly written: string[] = [];
  readonly warned: string[] = [];
  questions = 0;
  now = instant(begin);
  presence: Presence = 'not-told';
  head = commit('a');
  failing: (number: number) => Error | undefined = () => undefined;
  review: OpenPorts['review'] = () => Promise.resolve(openReview({ people: [{ uid: uid('urbanecm'), is: this.presence }] }));
  mayGoOn = (): boolean => true;
  #memory: OpenRequests = noneOpen;

  update(number: number, state: Updated['state'] = 'opened', at: Instant = this.now): void {
    this.#updates.set(number, { number, state, updatedAt: at });
  }

  async look(after = minute): Promise<void> {
    this.now = instant(this.now + after);
    this.#memory = await refreshOpenNotes(this.#memory, {
      updatedSince: (since) => {
        this.questions += 1;
        const all = [...this.#updates.values()].filter((one) =>
          since === null ? one.state === 'opened' : one.updatedAt >= since - (since % 1000),
        );
        all.sort((left, right) => left.updatedAt - right.updatedAt);
        const most = Math.min(1000, Math.max(100, all.filter((one) => since !== null && one.updatedAt - since < 1000).length));
        return Promise.resolve({ updates: all.slice(0, most), full: all.length >= most });
      },
      review: async (number) => {
        this.read.push(number);
        const error = this.failing(number);
        if (error) throw error;
        return this.review(number);
      },
      write: (number, text) => {
        this.written.push(`!${number} ${/\*\*(.*)\*\*/.exec(text)?.[1]}`);
        // [A] A note touches what it stands on.
        const known = this.#updates.get(number);
        if (known) this.update(number, known.state);
        return Promise.resolve();
      },
      presenceOf: () => this.presence,
      head: this.head,
      at: this.now,
      mayGoOn: this.mayGoOn,
      digest: (text) => text,
      warn: (text) => void this.warned.push(text),
    });
  }

  get effects() {
    return openEffects(this.#memory);
  }

  forget(): void {
    this.read.length = 0;
    this.written.length = 0;
  }
}

describe('given a merge request that is open', () => {
  it('when judging looks, then it has its note, and a look without news asks one question and reads nothing', async () => {
    const world = new World();
    world.update(7);
    await world.look();
    expect(world.written).toEqual(['!7 Needs approval. Merged without it, this has no effect.']);
    for (let looks = 0; looks < 5; looks += 1) await world.look();
    world.forget();
    world.questions = 0;

    await world.look();

    expect([world.questions, world.read, world.written]).toEqual([1, [], []]);
    expect(world.effects).toEqual([{ mergeRequest: 7, group: 'klaxon-users', uid: 'urbanecm', effect: 'gains' }]);
  });

  it.each<{ readonly given: string; readonly move: (world: World) => void; readonly after?: number }>([
    { given: 'an approval', move: (world) => world.update(7, 'opened', instant(world.now + 1)) },
    { given: 'a step of the branch', move: (world) => (world.head = commit('b')) },
    { given: 'an answer of the directory', move: (world) => (world.presence = 'unknown-person') },
    { given: 'another day', move: () => undefined, after: day },
  ])('when $given comes, then it is read anew', async ({ move, after }) => {
    const world = new World();
    world.update(7);
    for (let looks = 0; looks < 6; looks += 1) await world.look();
    world.forget();
    move(world);

    await world.look(after);

    expect(world.read).toEqual([7]);
  });

  it('when GitLab writes the version of a push only after it, then a second look two minutes later has it', async () => {
    const world = new World();
    world.review = () => Promise.resolve(openReview({ enough: world.now > begin + 90_000 }));
    world.update(7);
    await world.look(10_000);
    for (let looks = 0; looks < 4; looks += 1) await world.look();
    expect(world.written.at(-1)).toBe('!7 Approved: it can be merged now.');
  });

  it('when it does not touch the policy, then nothing is written on it', async () => {
    const world = new World();
    world.review = () => Promise.resolve(openReview({ empty: true, effects: [], people: [] }));
    world.update(7);
    await world.look();
    expect([world.read, world.written]).toEqual([[7], []]);
  });

  it('when it is closed, then its note says so and it is forgotten; one without a note gets none', async () => {
    const world = new World();
    world.update(7);
    await world.look();
    world.update(7, 'closed');
    world.update(8, 'closed');
    world.review = () => Promise.resolve({ kind: 'unmerged', why: 'closed' });
    await world.look();
    expect(world.written.at(-1)).toBe('!7 Closed without being merged: it has no effect.');
    expect(world.written).toHaveLength(2);
    expect(world.effects).toEqual([]);
  });
});

describe('given very many that are open', () => {
  it('when a look begins, then it reads no more than ten, those that wait longest first, and none is left out', async () => {
    const world = new World();
    for (let number = 1; number <= 250; number += 1) world.update(number, 'opened', instant(begin + number));
    await world.look();
    expect(world.read).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (let looks = 0; looks < 60; looks += 1) await world.look(1000);
    expect(new Set(world.read).size).toBe(250);
  });

  it('when more were updated within one second than is asked for, then the look goes on after that second', async () => {
    const world = new World();
    for (let number = 1; number <= 1200; number += 1) world.update(number, 'opened', instant(begin));
    await world.look();
    world.update(2000, 'opened', instant(begin + 5000));
    for (let looks = 0; looks < 120; looks += 1) await world.look();
    expect(world.read).toContain(2000);
  });

  it('when some are updated over and over, then another waits for no more than those that came before it', async () => {
    const world = new World();
    for (let number = 1; number <= 50; number += 1) world.update(number, 'opened', instant(begin + number));
    await world.look();
    world.update(99);
    for (let looks = 0; looks < 6; looks += 1) {
      for (let number = 1; number <= 50; number += 1) world.update(number);
      await world.look();
    }
    expect(world.read).toContain(99);
  });

  it('when the time of a look is over, then the rest waits for the next', async () => {
    const world = new World();
    world.mayGoOn = () => world.read.length % 3 !== 2;
    for (let number = 1; number <= 4; number += 1) world.update(number);
    await world.look();
    expect(world.read).toEqual([1, 2]);
    world.read.length = 0;
    await world.look();
    expect(world.read).toEqual([3, 4]);
  });
});

describe('given one that cannot be read', () => {
  it('when it is too large or damaged, then it is said once a day and holds up no other', async () => {
    const world = new World();
    world.failing = (number) => (number === 1 ? new Unusable('it is larger than what is read of one') : undefined);
    for (const number of [1, 2]) world.update(number);
    for (let looks = 0; looks < 6; looks += 1) await world.look();
    expect(world.warned).toEqual(['the note on !1 was not brought up to date: it is larger than what is read of one']);
    expect(world.written).toEqual(['!2 Needs approval. Merged without it, this has no effect.']);
    await world.look(day);
    expect(world.warned).toHaveLength(2);
  });

  it('when it does not answer, then those behind it come first the next time, and after three of them the look ends', async () => {
    const world = new World();
    world.failing = (number) => (number <= 5 ? new Unavailable('gitlab', 'no answer') : undefined);
    for (let number = 1; number <= 7; number += 1) world.update(number);
    await world.look();
    expect(world.read).toEqual([1, 2, 3]);
    world.read.length = 0;
    await world.look();
    expect(world.read).toEqual([4, 5, 6, 7, 1]);
  });

  it('when it is gone, then it is forgotten', async () => {
    const world = new World();
    world.update(7);
    await world.look();
    world.failing = () => new Misuse('GitLab knows no merge request !7');
    await world.look(day);
    expect([world.effects, world.warned]).toEqual([[], []]);
  });

  it('when GitLab is silent, then nothing is read, and what was known stays known', async () => {
    const world = new World();
    world.update(7);
    await world.look();
    const before = world.effects;
    world.forget();
    await refreshOpenNotes(noneOpen, {
      ...{ updatedSince: () => Promise.reject(new Unavailable('gitlab', 'no answer')), warn: (text) => void world.warned.push(text) },
      ...{ review: world.review, write: () => Promise.resolve(), presenceOf: () => 'not-told', head: null },
      ...{ at: world.now, mayGoOn: () => true, digest: (text) => text },
    });
    expect(world.warned).toEqual([expect.stringContaining('GitLab did not say which merge requests are open')]);
    expect(world.effects).toEqual(before);
  });
});
