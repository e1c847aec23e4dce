// Accounts that are blocked, renamed or deleted after the merge and before it is judged, and what GitLab tells to whom.
import { grantPath } from '../journeys/evidence/policy-files.ts';
import { fields, text, Account } from './account.ts';
import type { Scene } from './scenes.ts';
import type { Stage } from './stage.ts';

/** The guest asks, or pushes, or approves; alice approves where the guest does not. */
type Part = 'asks' | 'pushes' | 'approves';

async function withGuest(stage: Stage, guest: Account, part: Part): Promise<number> {
  const iid = await stage.open(part === 'asks' ? guest : stage.first);
  if (part === 'pushes') {
    const head = await stage.change(guest, `${stage.target}--change`, { [grantPath('hoo')]: stage.grant() });
    await stage.written(iid, head);
    await stage.noted(iid, /^added 1 commit\b/);
  }
  await stage.lookAtIt();
  await stage.approve(part === 'approves' ? guest : stage.second, iid);
  await stage.merge(iid);
  return iid;
}

function withAccount(name: string, part: Part, gives: string, play: (stage: Stage, guest: Account, iid: number) => Promise<void>): Scene {
  return {
    name,
    needs: part === 'approves' ? ['admin'] : ['second', 'admin'],
    guests: 1,
    gives: [gives],
    async play(stage) {
      const [guest] = stage.guests;
      if (!guest) throw new Error('no guest was made');
      await play(stage, guest, await withGuest(stage, guest, part));
    },
  };
}

async function deleteAccount(stage: Stage, { id }: Account): Promise<void> {
  await stage.admin.done('DELETE', `users/${id}`);
  await stage.until('the end of the account', async () =>
    (await stage.admin.ask('GET', `users/${id}`)).status === 404 ? true : undefined,
  );
}

const isGhost = (author: unknown): boolean => /^ghost\d*$/.test(fields(author).username);

export const accountScenes: readonly Scene[] = [
  withAccount('the account of the author, deleted', 'asks', 'refused no-approval (author-unknown)', async (stage, guest, iid) => {
    await deleteAccount(stage, guest);
    const { author } = await stage.mergeRequest(iid);
    stage.assume('merge requests of a deleted account go to the ghost', isGhost(author), author);
  }),
  withAccount('the account of one who pushed, deleted', 'pushes', 'refused no-approval (pusher-unknown)', async (stage, guest, iid) => {
    await deleteAccount(stage, guest);
    const note = await stage.noted(iid, /^added 1 commit\b/);
    stage.assume('notes of a deleted account go to the ghost', isGhost(note['author']), note['author']);
    const events = (await stage.pushes()).filter(({ author_id }) => author_id === guest.id);
    stage.assume('events of a deleted account are gone', events.length === 0, events.length);
  }),
  withAccount('the account of the approver, deleted', 'approves', 'refused no-approval', async (stage, guest, iid) => {
    await deleteAccount(stage, guest);
    stage.assume('approvals of a deleted account are gone', (await stage.approvals(iid)).length === 0);
  }),
  withAccount('the account of the approver, blocked', 'approves', 'refused no-approval (inactive)', async (stage, guest, iid) => {
    await stage.admin.done('POST', `users/${guest.id}/block`);
    const [approval] = await stage.approvals(iid);
    stage.assume('an old approval shows the state of today', fields(approval?.['user'])['state'] === 'blocked', approval);
  }),
  withAccount('the account of the approver, renamed', 'approves', 'endorsed by guest1', async (stage, guest, iid) => {
    await stage.admin.done('PUT', `users/${guest.id}`, { username: `${guest.username}-anew` });
    const [approval] = await stage.approvals(iid);
    const { id, username } = fields(approval?.['user']);
    stage.assume('a renamed account keeps its number', id === guest.id && username === `${guest.username}-anew`, approval);
  }),
];

/** Case 122: the change that takes alice off the approvers is refused, and she pushes the old file back. */
const takenOff: Scene = {
  name: 'taken off the approvers, and back by a push',
  needs: ['second'],
  gives: ['refused no-approval', 'refused rules-dirty', 'refused no-approval (taken-out)'],
  async play(stage) {
    const path = 'policy/policy.yaml';
    const before = stage.policy(['alice', 'bob', 'carol']);
    const change = await stage.open(stage.first, { name: 'rules', files: { [path]: { update: stage.policy(['bob', 'carol']) } } });
    await stage.merge(change);
    await stage.change(stage.second, stage.target, { [path]: { update: before } });
    const iid = await stage.open(stage.first);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
  },
};

/** Case 119. */
const narrowToken: Scene = {
  name: 'asked with a token that may only fetch',
  needs: ['second', 'admin'],
  gives: [],
  waits: ['gitlab-unusable'],
  problems: ['gitlab-unusable'],
  async play(stage) {
    const iid = await stage.open(stage.first);
    await stage.lookAtIt();
    await stage.approve(stage.second, iid);
    await stage.merge(iid);
    const { body } = await stage.admin.done('POST', `users/${stage.second.id}/personal_access_tokens`, {
      ...{ name: 'rehearsal', scopes: ['read_repository'] },
      expires_at: new Date(stage.house.time.now() + 2 * 86_400_000).toISOString().slice(0, 10),
    });
    const { id, token } = fields(body);
    stage.afterwards(() => stage.admin.ask('DELETE', `personal_access_tokens/${id}`));
    stage.reader = new Account(stage.first.server, text(token));
    const { status } = await stage.reader.ask('GET', stage.path('merge_requests'));
    stage.assume('such a token is declined, and not answered with nothing', status === 403, status);
  },
};

const withoutToken: Scene = {
  name: 'asked without a token',
  alone: true,
  async play(stage) {
    const iid = await stage.open(stage.first);
    const anybody = new Account(stage.first.server, undefined, (one) => void stage.recorded.push(one));
    const project = stage.path('').replace(/\/$/, '');
    const { status, body } = await stage.first.ask('PUT', project, { visibility: 'public' });
    const isPublic = status === 200 && fields(body)['visibility'] === 'public';
    try {
      const ask = async (what: string) => (await anybody.ask('GET', stage.path(`merge_requests/${iid}/${what}`))).status;
      if (isPublic) stage.assume('approvals of a public project are shown to everybody', (await ask('approvals')) === 200);
      // A project that must not be public shows as one that is not there.
      for (const what of ['notes', 'versions', 'resource_state_events']) {
        const answer = await ask(what);
        stage.assume(`${what} are shown to nobody without a token`, answer === 401 || (!isPublic && answer === 404), answer);
      }
    } finally {
      await stage.first.ask('PUT', project, { visibility: 'private' });
    }
  },
};

/** Section 3 of the facts: an old path leads elsewhere, and nothing can be written by it. */
const moved: Scene = {
  name: 'the project renamed',
  alone: true,
  async play(stage) {
    const { path } = stage.house.project;
    const name = text(path.split('/').at(-1));
    const project = stage.path('').replace(/\/$/, '');
    await stage.first.done('PUT', project, { path: `${name}-moved` });
    try {
      const old = `projects/${encodeURIComponent(path)}`;
      const read = await stage.reader.ask('GET', old);
      stage.assume('the old path answers with a redirect', read.status === 301, read.status);
      stage.assume(
        'and the redirect names the number',
        text(read.headers.get('location')).includes(`/projects/${stage.house.project.id}`),
        read.headers.get('location'),
      );
      const written = await stage.first.ask('POST', `${old}/repository/branches`, { branch: `${stage.target}--old`, ref: 'main' });
      stage.assume('nothing is written by the old path', written.status === 405, written.status);
    } finally {
      await stage.first.done('PUT', project, { path: name });
    }
  },
};

export const answerScenes: readonly Scene[] = [takenOff, narrowToken, withoutToken, moved];
