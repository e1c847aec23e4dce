// Every way to merge, and what GitLab writes down of each (`merge_strategies`): a merge request is bound to the landing by these fields.
import { grantPath } from '../journeys/evidence/policy-files.ts';
import type { Fields } from './account.ts';
import type { Scene } from './scenes.ts';
import type { MergeMethod, Stage } from './stage.ts';

/** carol asks, alice looks for a minute and approves. */
export async function approved(stage: Stage, more: Parameters<Stage['open']>[1] = {}): Promise<number> {
  const iid = await stage.open(stage.first, more);
  await stage.lookAtIt();
  await stage.approve(stage.second, iid);
  return iid;
}

/** What holds for a merge by the button, whatever the method. */
async function assumeOwnMerge(stage: Stage, iid: number, merged: Fields): Promise<void> {
  const events = (await stage.stateEvents(iid)).filter(({ state }) => state === 'merged');
  const [event] = events;
  stage.assume('a merge by the button leaves one merged event, which names no other source', isOwn(event) && events.length === 1, events);
  stage.assume('a merged merge request has merged_at', typeof merged['merged_at'] === 'string', merged['merged_at']);
  stage.assume('merged_commit_sha is not shown', !('merged_commit_sha' in merged), merged['merged_commit_sha']);
  const named = await stage.reader.list(stage.path(`repository/commits/${await stage.head()}/merge_requests`));
  stage.assume(
    'the landed commit names its merge request',
    named.rows.some((one) => one['iid'] === iid),
    named.rows.map((one) => one['iid']),
  );
}

function isOwn(event: Fields | undefined): boolean {
  return event !== undefined && (event['source_commit'] ?? null) === null && (event['source_merge_request_id'] ?? null) === null;
}

interface Method {
  readonly name: string;
  readonly how: { readonly method: MergeMethod; readonly squash?: boolean };
  readonly what: string;
  /** Of `merge_commit_sha`, `squash_commit_sha` and the parents of what landed. */
  readonly holds: (
    fields: Fields,
    landed: { readonly head: string; readonly parents: readonly string[]; readonly before: string },
  ) => boolean;
}

const methods: readonly Method[] = [
  {
    name: 'merge commit',
    how: { method: 'merge' },
    what: 'merge_commit_sha is what landed, its second parent is sha, and squash_commit_sha is null',
    holds: ({ sha, merge_commit_sha, squash_commit_sha }, { head, parents, before }) =>
      merge_commit_sha === head && squash_commit_sha === null && parents[0] === before && parents[1] === sha && parents.length === 2,
  },
  {
    name: 'semi-linear',
    how: { method: 'rebase_merge' },
    what: 'merge_commit_sha is what landed, its second parent is sha, and squash_commit_sha is null',
    holds: ({ sha, merge_commit_sha, squash_commit_sha }, { head, parents }) =>
      merge_commit_sha === head && squash_commit_sha === null && parents[1] === sha,
  },
  {
    name: 'squash and merge commit',
    how: { method: 'merge', squash: true },
    what: 'merge_commit_sha is what landed, and its second parent is squash_commit_sha or sha',
    // With a single commit there is nothing to squash, and GitLab may leave it at that.
    holds: ({ sha, merge_commit_sha, squash_commit_sha }, { head, parents }) =>
      merge_commit_sha === head && parents[1] === (squash_commit_sha ?? sha),
  },
  {
    name: 'fast-forward of one commit',
    how: { method: 'ff' },
    what: 'sha is what landed, merge_commit_sha and squash_commit_sha are null',
    holds: ({ sha, merge_commit_sha, squash_commit_sha }, { head }) =>
      sha === head && merge_commit_sha === null && squash_commit_sha === null,
  },
];

const byMethod = methods.map(({ name, how, what, holds }): Scene => ({
  name,
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const before = await stage.head();
    const iid = await approved(stage);
    const merged = await stage.merge(iid, how);
    const head = await stage.head();
    const landed = { head, before, parents: await stage.parents(head) };
    stage.assume(what, holds(merged, landed), {
      ...landed,
      sha: merged['sha'],
      merge: merged['merge_commit_sha'],
      squash: merged['squash_commit_sha'],
    });
    await assumeOwnMerge(stage, iid, merged);
  },
}));

const squashed: Scene = {
  name: 'squash and fast-forward of two commits',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const iid = await stage.open(stage.first);
    const head = await stage.change(stage.first, `${stage.target}--change`, { [grantPath('hoo')]: stage.grant() });
    await stage.written(iid, head);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    const merged = await stage.merge(iid, { method: 'ff', squash: true });
    const landed = await stage.head();
    const fields = [merged['squash_commit_sha'], merged['merge_commit_sha']];
    stage.assume('squash_commit_sha is what landed, and merge_commit_sha is null', fields[0] === landed && fields[1] === null, {
      landed,
      fields,
    });
    await assumeOwnMerge(stage, iid, merged);
  },
};

/** Case 76. */
const severalCommits: Scene = {
  name: 'fast-forward of three commits',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const before = await stage.head();
    const branch = `${stage.target}--change`;
    const iid = await stage.open(stage.first, { files: { [grantPath('h2o')]: null } });
    await stage.change(stage.first, branch, { [grantPath('h2o')]: stage.grant() });
    const head = await stage.change(stage.first, branch, { [grantPath('urbanecm')]: stage.grant() });
    await stage.written(iid, head);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    const merged = await stage.merge(iid, { method: 'ff' });
    stage.assume('sha is what landed', merged['sha'] === head && (await stage.head()) === head, merged['sha']);
    const told = await stage.until('the event of the fast-forward', async () =>
      (await stage.pushes()).find(({ ref, commit_to }) => ref === stage.target && commit_to === head),
    );
    stage.assume('the push event of a fast-forward says where the branch stood', told['commit_from'] === before, told);
  },
};

/** Case 116: what the second shows is "+urbanecm", and it brings h2o back as well. */
const stacked: Scene = {
  name: 'fast-forward stacked on another',
  needs: ['second'],
  gives: ['endorsed by alice', 'refused no-approval (before-last-push)'],
  async play(stage) {
    const below = await stage.open(stage.first, { name: 'below', files: { [grantPath('h2o')]: null } });
    const branch = `${stage.target}--above`;
    await stage.change(stage.first, branch, { [grantPath('h2o')]: stage.grant() }, { from: `${stage.target}--below` });
    const head = await stage.change(stage.first, branch, { [grantPath('urbanecm')]: stage.grant() });
    const above = await stage.request(stage.first, branch);
    await stage.written(above, head);
    await stage.lookAtIt();
    await stage.approve(stage.second, below);
    await stage.approve(stage.second, above);
    await stage.merge(below, { method: 'ff' });
    await stage.written(above, head, 2);
    const shown = (await stage.versions(above)).map(({ base_commit_sha, head_commit_sha }) => [base_commit_sha, head_commit_sha]);
    stage.assume(
      'a stacked merge request shows both, from where the target stood',
      shown.some(([base, of]) => base === stage.start && of === head),
      shown,
    );
    await stage.merge(above, { method: 'ff' });
  },
};

/** Case 123. */
const rebased: Scene = {
  name: 'approved, then rebased by the approver',
  needs: ['second'],
  gives: ['refused no-merge-request', 'endorsed by alice'],
  async play(stage) {
    const iid = await approved(stage);
    const [before] = await stage.approvals(iid);
    const { sha: old } = await stage.mergeRequest(iid);
    await stage.change(stage.first, stage.target, { [grantPath('hoo')]: stage.grant() });
    const answer = await stage.house.alone(async () => {
      await stage.first.done('PUT', stage.path('').replace(/\/$/, ''), { merge_method: 'ff' });
      return stage.first.ask('PUT', stage.path(`merge_requests/${iid}/merge`), {});
    });
    stage.assume('a fast-forward that needs a rebase is declined', answer.status >= 400 && answer.status < 500, answer.status);
    await stage.second.done('PUT', stage.path(`merge_requests/${iid}/rebase`));
    const head = await stage.until('the rebase', async () => {
      const { sha, rebase_in_progress } = await stage.reader.one(stage.path(`merge_requests/${iid}?include_rebase_in_progress=true`));
      return sha !== old && rebase_in_progress !== true ? String(sha) : undefined;
    });
    await stage.written(iid, head);
    const [after] = await stage.approvals(iid);
    stage.assume(
      'approvals survive a rebase, with their time',
      before?.['approved_at'] === after?.['approved_at'] && after !== undefined,
      after,
    );
    await stage.merge(iid, { method: 'ff' });
  },
};

/** Case 14. */
const caughtUp: Scene = {
  name: 'approved, then the target merged into the branch',
  needs: ['second'],
  gives: ['refused no-merge-request', 'endorsed by alice'],
  async play(stage) {
    const iid = await approved(stage);
    const branch = `${stage.target}--change`;
    await stage.change(stage.first, stage.target, { [grantPath('hoo')]: stage.grant() });
    const git = await stage.git();
    const [ours, theirs] = [await stage.head(branch), await stage.head()];
    await git.fetch(stage.first, ours, theirs);
    const merge = await git.commit({
      parents: [ours, theirs],
      tree: await git.mergedTree(ours, theirs),
      message: 'Catch up',
      at: stage.house.time.now(),
    });
    await git.push(stage.first, { [branch]: merge });
    await stage.written(iid, merge);
    await stage.merge(iid);
  },
};

export const mergingScenes: readonly Scene[] = [...byMethod, squashed, severalCommits, stacked, rebased, caughtUp];
