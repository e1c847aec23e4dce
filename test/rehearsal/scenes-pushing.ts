// What comes to the branch, or to a merge request, in another way than by its button.
import { grantPath } from '../journeys/evidence/policy-files.ts';
import { fields, text, type Fields } from './account.ts';
import type { Scene } from './scenes.ts';
import type { Stage } from './stage.ts';

async function approved(stage: Stage, more: Parameters<Stage['open']>[1] = {}): Promise<number> {
  const iid = await stage.open(stage.first, more);
  await stage.lookAtIt();
  await stage.approve(stage.second, iid);
  return iid;
}

const mergedEvent = async (stage: Stage, iid: number): Promise<Fields | undefined> =>
  (await stage.stateEvents(iid)).find(({ state }) => state === 'merged');

/** Cases 1 and 2. */
const direct: Scene = {
  name: 'a direct push',
  gives: ['refused no-merge-request'],
  async play(stage) {
    await stage.change(stage.first, stage.target, { [grantPath('urbanecm')]: stage.grant(), [grantPath('h2o')]: null });
    const { rows } = await stage.reader.list(stage.path(`repository/commits/${await stage.head()}/merge_requests`));
    stage.assume('a commit that was pushed belongs to no merge request', rows.length === 0, rows);
  },
};

/** Case 15. */
const rolledBack: Scene = {
  name: 'a push, judged, and taken back by force',
  gives: ['refused no-merge-request'],
  problems: ['history-rewritten'],
  async play(stage) {
    await stage.change(stage.first, stage.target, { [grantPath('urbanecm')]: stage.grant() });
    const before = await stage.judge();
    stage.assume('what was pushed is judged', before.problems.length === 0, before);
    const git = await stage.git();
    await git.fetch(stage.first, stage.start);
    await git.push(stage.first, { [stage.target]: stage.start });
    stage.assume('the branch stands where it began', (await stage.head()) === stage.start);
  },
};

const headPushed: Scene = {
  name: 'the head of an approved merge request, pushed',
  needs: ['second'],
  gives: ['refused not-bound (merged-elsewhere)'],
  async play(stage) {
    const iid = await approved(stage);
    const head = text((await stage.mergeRequest(iid))['sha']);
    const git = await stage.git();
    await git.fetch(stage.first, head);
    await git.push(stage.first, { [stage.target]: head });
    const merged = await stage.merged(iid);
    stage.assume('GitLab calls it merged all the same', merged['merge_commit_sha'] === head, merged['merge_commit_sha']);
    const event = await mergedEvent(stage, iid);
    stage.assume(
      'its merged event names a source',
      (event?.['source_commit'] ?? event?.['source_merge_request_id'] ?? null) !== null,
      event,
    );
  },
};

const twins: Scene = {
  name: 'two merge requests with one head',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const one = await approved(stage);
    const head = text((await stage.mergeRequest(one))['sha']);
    const git = await stage.git();
    await git.fetch(stage.first, head);
    await git.push(stage.first, { [`${stage.target}--twin`]: head });
    const other = await stage.request(stage.first, `${stage.target}--twin`);
    await stage.written(other, head);
    await stage.merge(one);
    const merged = await stage.merged(other);
    const event = await mergedEvent(stage, other);
    const source = event?.['source_commit'] ?? event?.['source_merge_request_id'] ?? null;
    stage.assume('the other becomes merged too, and its event names a source', merged['state'] === 'merged' && source !== null, event);
  },
};

const picked: Scene = {
  name: 'an approved commit, cherry-picked to the branch',
  needs: ['second'],
  gives: ['refused no-merge-request'],
  async play(stage) {
    const iid = await approved(stage);
    const head = text((await stage.mergeRequest(iid))['sha']);
    // On the tip that it was made from GitLab would have nothing to pick.
    await stage.change(stage.first, stage.target, { 'README.md': { update: 'Something else\n' } });
    await stage.first.done('POST', stage.path(`repository/commits/${head}/cherry_pick`), { branch: stage.target });
    const { rows } = await stage.reader.list(stage.path(`repository/commits/${await stage.head()}/merge_requests`));
    stage.assume(
      'a commit that was picked belongs to no merge request',
      rows.length === 0,
      rows.map(({ iid: of }) => of),
    );
  },
};

const reverted: Scene = {
  name: 'an approved merge, reverted on the branch',
  needs: ['second'],
  gives: ['endorsed by alice', 'refused no-merge-request'],
  async play(stage) {
    const iid = await approved(stage);
    const { squash_commit_sha, merge_commit_sha } = await stage.merge(iid, { method: 'ff', squash: false });
    const landed = text(merge_commit_sha) || text(squash_commit_sha) || (await stage.head());
    await stage.first.done('POST', stage.path(`repository/commits/${landed}/revert`), { branch: stage.target });
    stage.assume('the button makes a commit on the branch', (await stage.parents(await stage.head()))[0] === landed);
  },
};

/** Case 100. alice asks, so that carol, who asks everywhere else, is the one who pushed. */
const many: Scene = {
  name: 'four branches in one push, by the approver',
  needs: ['second'],
  gives: ['refused no-approval (pushed)'],
  async play(stage) {
    const git = await stage.git();
    await git.fetch(stage.first, stage.start);
    const branches = ['change', 'north', 'south', 'east'].map((name) => `${stage.target}--${name}`);
    const made: Record<string, string> = {};
    for (const branch of branches)
      made[branch] = await git.commit({
        parents: [stage.start],
        changes: { [grantPath(branch.endsWith('change') ? 'urbanecm' : 'hoo')]: stage.grant() },
        message: `Push ${branch}`,
        at: stage.house.time.now(),
      });
    const bulk = async () => (await stage.pushes()).filter(({ ref_count }) => typeof ref_count === 'number' && ref_count > 0);
    const named = async () => (await stage.pushes()).filter(({ ref }) => branches.includes(text(ref)));
    const before = (await bulk()).length;
    await git.push(stage.first, made);
    const event = await stage.until('the event of the push', async () => {
      const events = await bulk();
      if ((await named()).length > 0) return (await named())[0];
      return events.length > before ? events[0] : undefined;
    });
    const { ref = null, ref_count, commit_to = null } = event;
    stage.assume(
      'a push of four branches is one event, which names none of them',
      ref === null && ref_count === 4 && commit_to === null,
      event,
    );
    const branch = branches[0] ?? '';
    const iid = await stage.request(stage.second, branch);
    await stage.written(iid, made[branch] ?? '');
    await stage.lookAtIt();
    await stage.approve(stage.first, iid);
    await stage.merge(iid);
  },
};

/** Case 71. */
const badZone: Scene = {
  name: 'a commit with a time zone that no clock has',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const git = await stage.git();
    await git.fetch(stage.first, stage.start);
    const branch = `${stage.target}--change`;
    const at = stage.house.time.now();
    const commit = await git.commit({ parents: [stage.start], changes: { [grantPath('urbanecm')]: stage.grant() }, at });
    const bad = await git.withBadZone(commit);
    await git.push(stage.first, { [branch]: bad });
    stage.assume('GitLab takes a commit with a bad time zone', (await stage.head(branch)) === bad);
    const iid = await stage.request(stage.first, branch);
    await stage.written(iid, bad);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
  },
};

async function fromFork(stage: Stage, isDeleted: boolean): Promise<void> {
  const path = `${stage.target}-fork`;
  const { body } = await stage.second.done('POST', stage.path('fork'), { path, name: path });
  const { id: fork } = fields(body);
  stage.afterwards(() => stage.second.ask('DELETE', `projects/${fork}`));
  await stage.until('the fork', async () => {
    const { import_status } = await stage.second.one(`projects/${fork}`);
    return import_status === 'finished' || import_status === 'none' ? true : undefined;
  });
  const { body: made } = await stage.second.done('POST', `projects/${fork}/repository/commits`, {
    branch: `${stage.target}--change`,
    start_branch: stage.target,
    commit_message: 'Change a fork',
    actions: [{ action: 'create', file_path: grantPath('urbanecm'), content: stage.grant() }],
  });
  const iid = await stage.request(stage.second, `${stage.target}--change`, stage.target, fork);
  await stage.written(iid, text(fields(made)['id']));
  await stage.lookAtIt();
  await stage.approve(stage.first, iid);
  const merged = await stage.merge(iid);
  const { source_project_id, target_project_id } = merged;
  stage.assume('it names both projects', source_project_id === fork && target_project_id === stage.house.project.id, [
    source_project_id,
    target_project_id,
  ]);
  if (!isDeleted) return;
  await stage.second.done('DELETE', `projects/${fork}`);
  await stage.until('the end of the fork', async () => {
    const { status } = await stage.second.ask('GET', `projects/${fork}`);
    const { marked_for_deletion_on } = status === 200 ? await stage.second.one(`projects/${fork}`) : {};
    return status === 404 || typeof marked_for_deletion_on === 'string' ? true : undefined;
  });
  const { state } = await stage.mergeRequest(iid);
  stage.assume('what was merged from a fork stays merged', state === 'merged', state);
}

const forked: Scene = {
  name: 'a merge request from a fork',
  needs: ['second'],
  gives: ['endorsed by carol'],
  play: (stage) => fromFork(stage, false),
};

const forkDeleted: Scene = {
  name: 'a merge request from a fork that is deleted',
  needs: ['second'],
  gives: ['endorsed by carol'],
  play: (stage) => fromFork(stage, true),
};

export const pushingScenes: readonly Scene[] = [
  direct,
  rolledBack,
  headPushed,
  twins,
  picked,
  reverted,
  many,
  badZone,
  forked,
  forkDeleted,
];
