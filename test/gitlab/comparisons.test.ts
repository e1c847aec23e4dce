// What is asked of GitLab to compare a landing with: where the branch stood before, which other merge requests there are, and whether it answers about them.
import { beforeEach, describe, expect, it } from 'vitest';
import { openGitLab } from '../../src/gitlab/gitlab.ts';
import { instant, parseCommitId, type CommitId } from '../../src/names.ts';
import { Unavailable } from '../../src/errors.ts';
import { startWithPeople } from '../support/gitlab/people.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const cast = ofThisFile(async () => {
  const started = await startWithPeople();
  return { ...started, stop: () => started.gitlab.stop() };
});
const target = { project: 7, branch: 'main' };

beforeEach(() => cast.gitlab.faults.clear());

const adapter = () =>
  openGitLab({
    ...{ url: cast.gitlab.url, token: cast.token, project: 'repos/sre/access', firstPause: 1 },
    now: () => instant(cast.gitlab.clock.now()),
  });

function commitId(text: string): CommitId {
  const commit = parseCommitId(text);
  if (commit === undefined) throw new Error(`${text} is no commit`);
  return commit;
}

const now = () => instant(cast.gitlab.clock.now());
let branches = 0;

async function opened(targetBranch = 'main'): Promise<MergeRequest> {
  const sourceBranch = `change-${(branches += 1)}`;
  await cast.gitlab.commitAndPush(cast.project, cast.alice, sourceBranch, { [sourceBranch]: 'x\n' });
  const mergeRequest = await cast.gitlab.openMergeRequest(cast.project, { author: cast.alice, sourceBranch, targetBranch });
  cast.gitlab.clock.advance(3000);
  return mergeRequest;
}

const landing = async (): Promise<CommitId> => commitId(await cast.gitlab.merge(await opened(), cast.bob));

describe('given pushes to the branch, and the same commit on another', () => {
  it('when it is asked where the branch stood before, then the event of that branch tells; where none is shown, nothing does', async () => {
    const before = await cast.project.git.head('main');
    const made = await cast.gitlab.commitAndPush(cast.project, cast.bob, 'main', { pushed: 'x\n' });
    await cast.gitlab.push(cast.project, cast.bob, 'twin', made);
    expect(await adapter().stoodBefore(commitId(made), target, now())).toBe(before);
    expect(await adapter().stoodBefore(commitId(made), { ...target, branch: 'twin' }, now())).toBeUndefined();
    expect(await adapter().stoodBefore(commitId(before), target, now())).toBeUndefined();
    cast.gitlab.faults.add(/\/events/, { kind: 'answer', status: 403 });
    expect(await adapter().stoodBefore(commitId(made), target, now())).toBeUndefined();
    cast.gitlab.faults.clear();
    cast.gitlab.faults.add(/\/events/, { kind: 'answer', status: 500 });
    await expect(adapter().stoodBefore(commitId(made), target, now())).rejects.toBeInstanceOf(Unavailable);
  });
});

describe('given a landing to compare with others', () => {
  it('when only others are open, then these; when some were merged, then those, newest first, and never its own', async () => {
    const open = await opened();
    const own = await landing();
    expect(await adapter().othersThan(own, target)).toEqual([{ iid: open.iid, commit: open.head }]);
    cast.gitlab.clock.advance(60_000);
    const [first, second] = [await landing(), await landing()];
    const found = await adapter().othersThan(own, target);
    expect(found.map(({ commit }) => commit).toSorted()).toEqual([first, second].toSorted());
  });

  it('when one of them cannot be understood, then the others are there all the same; when none can, then it is not known', async () => {
    const [own, other] = [await landing(), await landing()];
    const spoil = (which: (row: Record<string, unknown>) => boolean) => (body: unknown) =>
      [body].flat().map((row) => (which(Object(row)) ? { ...Object(row), iid: 'one' } : row));
    cast.gitlab.faults.add(/merge_requests\?/, { kind: 'rewrite', change: spoil((row) => row['merge_commit_sha'] === own) });
    expect((await adapter().othersThan(own, target)).map(({ commit }) => commit)).toContain(other);
    cast.gitlab.faults.clear();
    cast.gitlab.faults.add(/merge_requests\?/, { kind: 'rewrite', change: spoil(() => true) });
    await expect(adapter().othersThan(own, target)).rejects.toBeInstanceOf(Unavailable);
  });

  it.each([
    ['the merge requests of its commit', /commits\/[0-9a-f]+\/merge_requests/],
    ['the merge request', /merge_requests\/\d+$/],
    ['the approvals', /\/approvals/],
    ['the versions', /\/versions/],
    ['the notes', /\/notes/],
    ['the state events', /\/resource_state_events/],
    ['the pushes, though nobody approved it', /\/events\?/],
  ])('when %s are not answered, then nothing is said of it, and each is asked for once', async (_, where) => {
    const { iid, head } = await opened();
    const other = { iid, commit: commitId(head) };
    expect(await adapter().answersAbout(other, target)).toBe(true);
    cast.gitlab.faults.add(where, { kind: 'answer', status: 500 });
    cast.gitlab.faults.forget();
    expect(await adapter().answersAbout(other, target)).toBe(false);
    // What fails for all is not asked for again and again: each of the others would wait for it.
    const asked = cast.gitlab.faults.log.map(({ path }) => path).filter((path) => where.test(path));
    expect(asked).toEqual([...new Set(asked)]);
  });
});
