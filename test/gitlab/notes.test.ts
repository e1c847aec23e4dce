import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openNotes } from '../../src/gitlab/notes.ts';
import { instant } from '../../src/names.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import { addNote } from '../support/gitlab/reviewing.ts';
import type { MergeRequest, User } from '../support/gitlab/world.ts';

const marker = '<!-- the marker -->';
const text = `${marker}\n\nwhat is so\n`;
let cast: Cast;
let bot: User;
let token: string;
let mergeRequest: MergeRequest;
let branches = 0;

beforeAll(async () => {
  cast = await startWithPeople();
  bot = cast.gitlab.forge.createUser('muster-bot');
  cast.project.members.set(bot.id, 20);
  token = cast.gitlab.forge.createToken(bot, ['api']).value;
});
afterAll(() => cast.gitlab.stop());
beforeEach(async () => {
  const { gitlab, project, carol } = cast;
  gitlab.faults.clear();
  gitlab.faults.forget();
  branches += 1;
  await gitlab.commitAndPush(project, carol, `b${branches}`, { [`f${branches}`]: 'x' });
  mergeRequest = await gitlab.openMergeRequest(project, { author: carol, sourceBranch: `b${branches}` });
});

function notes(secret = token): ReturnType<typeof openNotes> {
  return openNotes({ url: cast.gitlab.url, project: cast.project.path, token: secret, now: () => instant(0), firstPause: 1 });
}

async function write(board = notes(), body = text, create = true): Promise<string> {
  return board.write(mergeRequest.iid, marker, body, create);
}

function bodies(): readonly string[] {
  return mergeRequest.notes.filter(({ system }) => !system).map(({ body }) => body);
}

describe('given a merge request', () => {
  it('when a note is written, written again and changed, then there is one, edited in place', async () => {
    expect(await write()).toBe('created');
    const [before] = mergeRequest.notes.filter(({ author }) => author === bot);
    expect(await write()).toBe('unchanged');
    expect(await write(notes(), `${marker}\n\nsomething else`)).toBe('edited');
    expect(bodies()).toEqual([`${marker}\n\nsomething else`]);
    expect(mergeRequest.notes.find(({ author }) => author === bot)?.id).toBe(before?.id);
  });

  it('when nothing is there and none shall be made, then none is', async () => {
    expect(await write(notes(), text, false)).toBe('none');
    expect(bodies()).toEqual([]);
  });

  it('when somebody else writes the same marker, then that note is left alone', async () => {
    addNote(cast.gitlab.forge, mergeRequest, cast.mallory, `${marker}\n\nforged`, false);
    await write();
    expect(bodies()).toEqual([`${marker}\n\nforged`, text]);
  });

  it('when the bot said something else before, then that stays', async () => {
    addNote(cast.gitlab.forge, mergeRequest, bot, 'hello', false);
    await write();
    expect(bodies()).toEqual(['hello', text]);
  });

  it('when it has more than a page of notes, then the old one is still found', async () => {
    await write();
    for (let index = 0; index < 130; index += 1) addNote(cast.gitlab.forge, mergeRequest, cast.carol, `note ${index}`, false);
    expect(await write(notes(), `${marker}\n\nnews`)).toBe('edited');
    expect(bodies().filter((body) => body.startsWith(marker))).toEqual([`${marker}\n\nnews`]);
  });

  it('when two jobs write at the same time, then one note is left', async () => {
    await Promise.all([write(notes()), write(notes()), write(notes())]);
    expect(bodies()).toEqual([text]);
  });

  it('when a second note of ours was left over, then the oldest stays', async () => {
    const first = addNote(cast.gitlab.forge, mergeRequest, bot, `${marker}\n\nfirst`, false);
    addNote(cast.gitlab.forge, mergeRequest, bot, `${marker}\n\nsecond`, false);
    expect(await write()).toBe('edited');
    expect(mergeRequest.notes.filter(({ author }) => author === bot).map(({ id, body }) => [id, body])).toEqual([[first.id, text]]);
  });
});

describe('given a GitLab that does not take it', () => {
  it.each([
    { given: 'an error', harm: { kind: 'answer', status: 502 } as const },
    { given: 'a rate limit', harm: { kind: 'rate-limit', retryAfter: 0 } as const },
    { given: 'a cut connection', harm: { kind: 'drop' } as const },
  ])('when $given answers the new note, then it is sent once and GitLab counts as not answering', async ({ harm }) => {
    cast.gitlab.faults.add(/notes$/, harm, { method: 'POST' });
    await expect(write()).rejects.toBeInstanceOf(Unavailable);
    expect(cast.gitlab.faults.log.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('when the list is cut short, then nothing is written: the note may be on the missing page', async () => {
    await write();
    for (let index = 0; index < 130; index += 1) addNote(cast.gitlab.forge, mergeRequest, cast.carol, `note ${index}`, false);
    cast.gitlab.faults.add(/notes\?.*page=2/, { kind: 'answer', status: 500 });
    await expect(write(notes(), `${marker}\n\nnews`)).rejects.toBeInstanceOf(Unavailable);
    expect(bodies().filter((body) => body.startsWith(marker))).toEqual([text]);
  });

  it.each([
    { given: 'a wrong token', secret: () => 'glpat-wrong-and-secret' },
    { given: 'a token that may only read', secret: () => cast.token },
  ])('when it gets $given, then the error says which scope is needed, and not the token', async ({ secret }) => {
    const error: unknown = await write(notes(secret())).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(Unusable);
    expect(String(error)).toContain('scope api');
    expect(String(error)).not.toContain(secret());
  });
});

describe('given merge requests that were updated', () => {
  const numbers = async (since: number | null): Promise<readonly string[]> => {
    const { updates } = await notes().updatedSince(since === null ? null : instant(since), 'main');
    return updates.map(({ number, state }) => `${number} ${state}`);
  };

  it('when it is asked for them, then they come oldest first, those of that very second too, and closed ones once there is a since', async () => {
    const { gitlab, project, carol } = cast;
    const branch = `later${branches}`;
    gitlab.clock.advance(60_000);
    await gitlab.commitAndPush(project, carol, branch, { [branch]: 'x' });
    const later = await gitlab.openMergeRequest(project, { author: carol, sourceBranch: branch });
    const since = gitlab.clock.now();
    expect((await numbers(null)).slice(-2)).toEqual([`${mergeRequest.iid} opened`, `${later.iid} opened`]);
    gitlab.clock.advance(5000);
    gitlab.close(mergeRequest, carol);
    expect(await numbers(since)).toEqual([`${later.iid} opened`, `${mergeRequest.iid} closed`]);
    expect(await numbers(since + 6000)).toEqual([]);
  });

  it('when descriptions are longer together than an answer that is read, then it is asked for fewer', async () => {
    const { gitlab, project, carol } = cast;
    for (let index = 0; index < 20; index += 1) {
      const branch = `long${branches}-${index}`;
      await gitlab.commitAndPush(project, carol, branch, { [branch]: 'x' });
      await gitlab.openMergeRequest(project, { author: carol, sourceBranch: branch, description: 'x'.repeat(1024 * 1024) });
    }
    const { updates, full } = await notes().updatedSince(null, 'main');
    expect([updates.length, full]).toEqual([10, true]);
  });
});
