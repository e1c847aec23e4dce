// What happens between an approval and the merge. GitLab CE keeps approvals whatever is pushed afterwards, and lets authors approve their own.
import { grantPath } from '../journeys/evidence/policy-files.ts';
import { fields, text } from './account.ts';
import type { Scene } from './scenes.ts';
import { Skipped, type Stage } from './stage.ts';

async function looked(stage: Stage): Promise<number> {
  const iid = await stage.open(stage.first);
  await stage.lookAtIt();
  return iid;
}

const branchOf = (stage: Stage): string => `${stage.target}--change`;

const nobody: Scene = {
  name: 'approved by nobody',
  gives: ['refused no-approval'],
  async play(stage) {
    const iid = await looked(stage);
    const { body } = await stage.reader.done('GET', stage.path(`merge_requests/${iid}/approvals`));
    const keys = Object.keys(fields(body));
    const needed = ['approved', 'approved_by', 'user_can_approve', 'user_has_approved'];
    stage.assume(
      'CE answers about approvals with its four keys',
      needed.every((key) => keys.includes(key)),
      keys,
    );
    await stage.merge(iid);
  },
};

const author: Scene = {
  name: 'approved by the author',
  gives: ['refused no-approval (author)'],
  async play(stage) {
    const iid = await looked(stage);
    const { status } = await stage.approve(stage.first, iid);
    const { approved } = await stage.reader.one(stage.path(`merge_requests/${iid}/approvals`));
    stage.assume('the author may approve, and GitLab calls it approved', status === 201 && approved === true, { status, approved });
    await stage.merge(iid);
  },
};

const pushedAfterwards: Scene = {
  name: 'approved, then pushed',
  needs: ['second'],
  gives: ['refused no-approval (before-last-push)'],
  async play(stage) {
    const iid = await looked(stage);
    await stage.approve(stage.second, iid);
    const [before] = await stage.approvals(iid);
    stage.assume('an approval has its time', typeof before?.['approved_at'] === 'string', before);
    const head = await stage.change(stage.first, branchOf(stage), { [grantPath('hoo')]: stage.grant() });
    const version = await stage.written(iid, head);
    const note = await stage.noted(iid, /^added 1 commit\b/);
    stage.assume('the note of a push is by who pushed', fields(note['author']).id === stage.first.id, note['author']);
    const event = await stage.until('the event of the push', async () =>
      (await stage.pushes()).find(({ commit_to }) => commit_to === head),
    );
    stage.assume(
      'the event of a push names branch, commits and pusher',
      event['ref'] === branchOf(stage) && event['author_id'] === stage.first.id,
      event,
    );
    const { created_at: made } = await stage.reader.one(stage.path(`repository/commits/${head}`));
    const [written, committed] = [version['created_at'], made].map((at) => Date.parse(text(at)));
    stage.assume('a version is written after the push, and not with it', Number(written) > Number(committed), [
      made,
      version['created_at'],
    ]);
    const after = await stage.approvals(iid);
    stage.assume(
      'an approval survives a push, with its time',
      after.length === 1 && after[0]?.['approved_at'] === before?.['approved_at'],
      after,
    );
    const again = await stage.approve(stage.second, iid);
    const [same] = await stage.approvals(iid);
    stage.assume(
      'approving twice changes nothing',
      again.status === 304 && same?.['approved_at'] === before?.['approved_at'],
      again.status,
    );
    await stage.merge(iid);
  },
};

const renewed: Scene = {
  name: 'approved, pushed, revoked, approved again',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const iid = await looked(stage);
    await stage.approve(stage.second, iid);
    const [before] = await stage.approvals(iid);
    const head = await stage.change(stage.first, branchOf(stage), { [grantPath('hoo')]: stage.grant() });
    await stage.written(iid, head);
    await stage.lookAtIt();
    await stage.second.done('POST', stage.path(`merge_requests/${iid}/unapprove`));
    stage.assume('a revoked approval is gone', (await stage.approvals(iid)).length === 0);
    await stage.approve(stage.second, iid);
    const [after] = await stage.approvals(iid);
    stage.assume('an approval given again has a new time', after !== undefined && after['approved_at'] !== before?.['approved_at'], after);
    await stage.merge(iid);
  },
};

/** Case 97. */
const atOnce: Scene = {
  name: 'approved at once',
  needs: ['second'],
  gives: ['refused no-approval (just-changed)'],
  async play(stage) {
    const iid = await stage.open(stage.first);
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
  },
};

const otherHead: Scene = {
  name: 'approved with the name of another commit, then of this one',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const iid = await looked(stage);
    const { status } = await stage.approve(stage.second, iid, { sha: stage.start });
    stage.assume('an approval of another commit is a conflict', status === 409, status);
    const { sha } = await stage.mergeRequest(iid);
    await stage.approve(stage.second, iid, { sha });
    await stage.merge(iid);
  },
};

const tooLate: Scene = {
  name: 'approved after the merge',
  needs: ['second'],
  gives: ['refused no-approval'],
  async play(stage) {
    const iid = await looked(stage);
    await stage.merge(iid);
    const { status } = await stage.approve(stage.second, iid);
    stage.assume('nobody approves what is merged', status >= 400 && (await stage.approvals(iid)).length === 0, status);
  },
};

const retargeted: Scene = {
  name: 'approved, then pointed at another branch and back',
  needs: ['second'],
  gives: ['refused no-approval (retargeted-after)'],
  async play(stage) {
    const iid = await looked(stage);
    await stage.approve(stage.second, iid);
    await stage.first.done('PUT', stage.path(`merge_requests/${iid}`), { target_branch: 'main' });
    const note = await stage.noted(iid, /^changed target branch from /);
    stage.assume('a change of the target leaves a note by who did it', fields(note['author']).id === stage.first.id, note);
    await stage.first.done('PUT', stage.path(`merge_requests/${iid}`), { target_branch: stage.target });
    await stage.pause(5);
    stage.assume('an approval survives a change of the target', (await stage.approvals(iid)).length === 1);
    await stage.merge(iid);
  },
};

const reopened: Scene = {
  name: 'approved, then closed and opened again',
  needs: ['second'],
  gives: ['refused no-approval (retargeted-after)'],
  async play(stage) {
    const iid = await looked(stage);
    await stage.approve(stage.second, iid);
    await stage.first.done('PUT', stage.path(`merge_requests/${iid}`), { state_event: 'close' });
    await stage.first.done('PUT', stage.path(`merge_requests/${iid}`), { state_event: 'reopen' });
    const events = await stage.until('the events of closing and opening', async () => {
      const shown = (await stage.stateEvents(iid)).map(({ state }) => text(state));
      return shown.length >= 2 ? shown : undefined;
    });
    stage.assume('closing and opening leave their events', events.join() === 'closed,reopened', events);
    stage.assume('an approval survives closing and opening', (await stage.approvals(iid)).length === 1);
    await stage.merge(iid);
  },
};

/** Case 13. */
const takenBack: Scene = {
  name: 'approved, then something pushed and taken back by force',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const iid = await looked(stage);
    await stage.approve(stage.second, iid);
    const good = await stage.head(branchOf(stage));
    const evil = await stage.change(stage.first, branchOf(stage), { [grantPath('mallory')]: stage.grant() });
    await stage.written(iid, evil);
    const git = await stage.git();
    await git.fetch(stage.first, good);
    await git.push(stage.first, { [branchOf(stage)]: good });
    await stage.written(iid, good, 2);
    stage.assume('every push makes a version, also one that goes back', (await stage.versions(iid)).length === 3);
    await stage.merge(iid);
  },
};

/** Case 27. */
const pushedByApprover: Scene = {
  name: 'pushed and approved by the same person',
  needs: ['second'],
  gives: ['refused no-approval (pushed)'],
  async play(stage) {
    const iid = await stage.open(stage.first);
    const head = await stage.change(stage.second, branchOf(stage), { [grantPath('hoo')]: stage.grant() });
    await stage.written(iid, head);
    const note = await stage.noted(iid, /^added 1 commit\b/);
    stage.assume('the note of a push is by who pushed', fields(note['author']).id === stage.second.id, note['author']);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
  },
};

const suggested: Scene = {
  name: 'a suggestion applied by the approver',
  needs: ['second'],
  gives: ['refused no-approval (pushed)'],
  async play(stage) {
    const iid = await stage.open(stage.first);
    const { diff_refs } = await stage.mergeRequest(iid);
    const { base_sha, start_sha, head_sha } = fields(diff_refs);
    const path = grantPath('urbanecm');
    const position = { position_type: 'text', base_sha, start_sha, head_sha, new_path: path, old_path: path, new_line: 1 };
    const body = '```suggestion:-0+0\nreason: another incident\n```';
    const discussion = await stage.first.done('POST', stage.path(`merge_requests/${iid}/discussions`), { body, position });
    const { notes } = fields(discussion.body);
    const { suggestions } = fields(Array.isArray(notes) ? notes[0] : undefined);
    const id = await stage.until('the suggestion', async () => {
      const of = Array.isArray(suggestions) ? suggestions : await suggestionsOf(stage, iid);
      return of.length > 0 ? of.map(fields)[0]?.id : undefined;
    });
    if (id === undefined) throw new Skipped('the server does not name the suggestion');
    const before = await stage.head(branchOf(stage));
    await stage.second.done('PUT', `suggestions/${id}/apply`);
    const head = await stage.until('the commit of the suggestion', async () => {
      const now = await stage.head(branchOf(stage));
      return now === before ? undefined : now;
    });
    await stage.written(iid, head);
    const note = await stage.noted(iid, /^added 1 commit\b/);
    stage.assume('whoever applies a suggestion is the one who pushed', fields(note['author']).id === stage.second.id, note['author']);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
  },
};

async function suggestionsOf(stage: Stage, iid: number): Promise<readonly unknown[]> {
  const { rows } = await stage.notes(iid, stage.first);
  return rows.flatMap(({ suggestions }) => (Array.isArray(suggestions) ? suggestions : []));
}

/** Case 96. */
const hidden: Scene = {
  name: 'a commit title that names what the reader cannot see',
  needs: ['second'],
  gives: ['endorsed by alice'],
  async play(stage) {
    const iid = await stage.open(stage.first);
    const { body } = await stage.first.done('POST', 'projects', {
      path: `${stage.target}-secret`,
      name: `${stage.target}-secret`,
      visibility: 'private',
    });
    const { id, path_with_namespace } = fields(body);
    stage.afterwards(() => stage.first.ask('DELETE', `projects/${id}`));
    const issue = await stage.first.done('POST', `projects/${id}/issues`, { title: 'Nobody else sees this' });
    const title = `Explain ${text(path_with_namespace)}#${String(fields(issue.body)['iid'])}`;
    const head = await stage.change(stage.first, branchOf(stage), { [grantPath('hoo')]: stage.grant() }, { title });
    await stage.written(iid, head);
    await stage.until('the note of the push', async () =>
      (await stage.notes(iid, stage.first)).rows.find((one) => /^added 1 commit\b/.test(text(one['body']))),
    );
    const [all, shown] = [await stage.notes(iid, stage.first), await stage.notes(iid, stage.second)];
    const notes = { all: all.rows.length, shown: shown.rows.length, total: shown.total };
    stage.assume('the note of such a push is hidden from who may not see that', shown.rows.length === all.rows.length - 1, notes);
    stage.assume('a hidden note is counted all the same', shown.total === all.rows.length, notes);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
  },
};

export const approvingScenes: readonly Scene[] = [
  ...[nobody, author, pushedAfterwards, renewed, atOnce, otherHead, tooLate, retargeted, reopened],
  ...[takenBack, pushedByApprover, suggested, hidden],
];
