// What GitLab writes late, or never: the first version, the end of a merge, the commit that a rebase while merging made; and when to come again.
import { grantPath } from '../journeys/evidence/policy-files.ts';
import type { Scene } from './scenes.ts';
import { approved } from './scenes-merging.ts';
import { Skipped } from './stage.ts';

const hour = 3_600_000;

/** Case 97, at its beginning: whoever is quick approves what no version has yet. */
const early: Scene = {
  name: 'approved before its first version is written',
  needs: ['second'],
  gives: ['refused no-approval (…)'],
  async play(stage) {
    const branch = `${stage.target}--change`;
    const head = await stage.change(stage.first, branch, { [grantPath('urbanecm')]: stage.grant() }, { from: stage.target });
    const iid = await stage.request(stage.first, branch);
    await stage.approve(stage.second, iid);
    const [opened, version] = [await stage.mergeRequest(iid), await stage.written(iid, head)].map(({ created_at }) => String(created_at));
    stage.assume(
      'the first version is written after the merge request, and not with it',
      Date.parse(version ?? '') > Date.parse(opened ?? ''),
      [opened, version],
    );
    await stage.merge(iid);
  },
};

/** Limits of single endpoints; those of the whole server say when to come again. */
const tooOften: Scene = {
  name: 'asked too often',
  needs: ['second'],
  async play(stage) {
    const asking = stage.second.unrecorded();
    for (let count = 0; count < 400; count += 1) {
      const { status, headers, body } = await asking.askOnce('GET', `users/${asking.id}`);
      if (status !== 429) continue;
      stage.recorded.push({ method: 'GET', path: `users/${asking.id}`, status, total: null, body });
      const after = headers.get('retry-after');
      stage.assume('whoever asks one thing too often is not told when to come again', after === null, after);
      return;
    }
    throw new Skipped('this server lets everybody ask as often as they like');
  },
};

/** Case 98. */
const locked: Scene = {
  name: 'a merge that does not end',
  needs: ['second', 'inside'],
  gives: ['refused unanswered'],
  later: 7 * hour,
  async play(stage) {
    const iid = await approved(stage);
    await stage.inside.mergeSlowly(iid, 100 * hour);
    const { state, merge_commit_sha: commit } = await stage.mergeRequest(iid);
    stage.assume('a merge under way is locked, and names no commit', state === 'locked' && commit === null, [state, commit]);
  },
};

/** Case 98. */
const freed: Scene = {
  name: 'a merge that did not end, and was freed',
  needs: ['second', 'inside'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const iid = await approved(stage);
    await stage.inside.mergeSlowly(iid, 100 * hour);
    stage.inside.free(iid);
    const { state, merged_at } = await stage.mergeRequest(iid);
    const events = await stage.stateEvents(iid);
    stage.assume(
      'what was freed is merged, without a time and without an event',
      state === 'merged' && merged_at === null && events.length === 0,
      [state, merged_at, events],
    );
  },
};

/** Case 98. */
const rebasedMeanwhile: Scene = {
  name: 'rebased while it was merged',
  needs: ['second'],
  alone: true,
  gives: ['refused no-merge-request', 'refused not-bound (rebased-while-merging)'],
  async play(stage) {
    const project = stage.path('').replace(/\/$/, '');
    const { body } = await stage.first.done('PUT', project, { automatic_rebase_enabled: true });
    if ((body as Record<string, unknown>)['automatic_rebase_enabled'] !== true) throw new Skipped('this server does not rebase by itself');
    try {
      const iid = await approved(stage);
      await stage.change(stage.first, stage.target, { [grantPath('hoo')]: stage.grant() });
      const { sha, merge_commit_sha, squash_commit_sha } = await stage.merge(iid, { method: 'ff' });
      const landed = await stage.head();
      stage.assume(
        'of a rebase while merging nothing is shown',
        sha !== landed && merge_commit_sha === null && squash_commit_sha === null,
        [sha, landed, merge_commit_sha, squash_commit_sha],
      );
    } finally {
      await stage.first.ask('PUT', project, { automatic_rebase_enabled: false });
    }
  },
};

export const waitingScenes: readonly Scene[] = [early, tooOften, locked, freed, rebasedMeanwhile];
