// The project in which scenes are played: refused unless it is empty, or is one in which only rehearsals took place; and as it was afterwards, but
// for merge requests, which nobody can take away.
import { fields, NotDone, text, Account, type Fields } from './account.ts';
import type { Judge } from './judges.ts';

export interface Time {
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
}

export interface Inside {
  /** Moves the branch, and writes the merge down so many milliseconds later. */
  readonly mergeSlowly: (iid: number, milliseconds: number) => Promise<void>;
  /** As the worker does that finds such merges. */
  readonly free: (iid: number) => void;
}

/** What all scenes of a rehearsal share. */
export interface House {
  readonly project: { readonly id: number; readonly path: string; readonly gitUrl: string };
  readonly first: Account;
  readonly second: Account | undefined;
  readonly admin: Account | undefined;
  readonly time: Time;
  readonly judge: Judge;
  /** What can be done from inside of a server alone, and not by those who use it. */
  readonly inside?: Inside;
  readonly folder: string;
  /** Begins the name of everything that is made. */
  readonly prefix: string;
  /** Another one each time: a scene can be played again. */
  readonly number: () => number;
  /** The merge method is the project's: one merges at a time. */
  readonly alone: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

export interface Terms {
  readonly server: string;
  /** Path or number. */
  readonly project: string;
  readonly token: string;
  readonly secondToken?: string | undefined;
  readonly adminToken?: string | undefined;
}

export interface OpenHouse {
  readonly house: House;
  /** Of GitLab. */
  readonly version: string;
  readonly clean: () => Promise<void>;
}

/** Begins every name of what is made, so that what a rehearsal left behind that was cut off is known again. */
const own = /^rehearsal-[0-9a-z]{6}-/;
const title = 'Begin rehearsals of muster';

/** @throws NotDone saying what to do */
export async function openHouse(terms: Terms, rest: Pick<House, 'time' | 'judge' | 'folder' | 'inside'>): Promise<OpenHouse> {
  const first = await Account.of(terms.server, terms.token);
  const second = terms.secondToken === undefined ? undefined : await Account.of(terms.server, terms.secondToken);
  if (second && (await second.one('user'))['is_admin'] === true)
    throw new NotDone(`${second.username} is an administrator, who sees everything: the second token must be another account's`);
  const admin = terms.adminToken === undefined ? undefined : await Account.of(terms.server, terms.adminToken);
  if (second?.id === first.id) throw new NotDone(`both tokens belong to ${first.username}; the second must be another account's`);
  const { version } = await first.one('version');
  const found = await projectOf(first, terms.project);
  await beginIn(first, Number(found['id']), found);
  const shown = await backInPlace(first, found);
  const project = {
    id: Number(shown['id']),
    path: text(shown['path_with_namespace']),
    // What GitLab calls its own address may not be the one by which it was reached.
    gitUrl: `${first.server}/${text(shown['path_with_namespace'])}.git`,
  };
  if (second) await letIn(first, second, project.id);
  const prefix = `rehearsal-${Date.now().toString(36).slice(-6)}`;
  const accounts = [first, ...(second ? [second] : [])];
  let scenes = 0;
  const number = (): number => (scenes += 1);
  const clean = async (): Promise<void> => {
    await first.ask('PUT', `projects/${project.id}`, {
      ...{ merge_method: shown['merge_method'], visibility: shown['visibility'] },
      ...('automatic_rebase_enabled' in shown ? { automatic_rebase_enabled: false } : {}),
    });
    await cleanProject(first, project.id);
    for (const account of accounts) await deleteProjects(account);
    if (admin) await deleteUsers(admin);
  };
  // What an earlier one left behind.
  await clean();
  return {
    house: { ...rest, project, first, second, admin, prefix, number, alone: inTurn() },
    version: text(version),
    clean,
  };
}

async function projectOf(first: Account, name: string): Promise<Fields> {
  const answer = await first.ask('GET', `projects/${encodeURIComponent(name)}`);
  if (answer.status === 200) return fields(answer.body);
  const [, id] = /\/projects\/(\d+)/.exec(answer.headers.get('location') ?? '') ?? [];
  if (answer.status === 301 && id !== undefined) return first.one(`projects/${id}`);
  throw new NotDone(`GitLab knows no project ${name}, or ${first.username} may not see it (${answer.status})`);
}

/** One scene renames the project; a rehearsal that was stopped then left it so. */
async function backInPlace(first: Account, shown: Fields): Promise<Fields> {
  const [, name] = /^(.+)-moved$/.exec(text(shown['path'])) ?? [];
  if (name === undefined || shown['empty_repo'] === true) return shown;
  return fields((await first.done('PUT', `projects/${String(shown['id'])}`, { path: name })).body);
}

async function beginIn(first: Account, id: number, shown: Fields): Promise<void> {
  if (shown['empty_repo'] === true) {
    const actions = [{ action: 'create', file_path: 'README.md', content: 'Rehearsals of muster. Nothing in here is in use.\n' }];
    await first.done('POST', `projects/${id}/repository/commits`, { branch: 'main', commit_message: title, actions });
    return;
  }
  const { rows } = await first.list(`projects/${id}/repository/branches`);
  const strange = rows.map(({ name }) => text(name)).filter((name) => name !== 'main' && !own.test(name));
  const head = await first.ask('GET', `projects/${id}/repository/commits/main`);
  if (strange.length > 0 || fields(head.body)['title'] !== title)
    throw new NotDone(
      `the project ${text(shown['path_with_namespace'])} is not empty: rehearsals merge, push by force and delete in it. Make a new, blank one without a README, for this alone`,
    );
}

async function letIn(first: Account, second: Account, id: number): Promise<void> {
  const { rows } = await first.list(`projects/${id}/members/all`);
  if (rows.some((member) => fields(member).id === second.id && Number(member['access_level']) >= 30)) return;
  await first.done('POST', `projects/${id}/members`, { user_id: second.id, access_level: 40 });
}

async function cleanProject(first: Account, id: number): Promise<void> {
  const { rows: requests } = await first.list(`projects/${id}/merge_requests?state=opened`);
  for (const { iid, source_branch } of requests)
    if (own.test(text(source_branch))) await first.ask('PUT', `projects/${id}/merge_requests/${String(iid)}`, { state_event: 'close' });
  const { rows: branches } = await first.list(`projects/${id}/repository/branches`);
  for (const { name } of branches)
    if (own.test(text(name))) await first.ask('DELETE', `projects/${id}/repository/branches/${encodeURIComponent(text(name))}`);
}

async function deleteProjects(account: Account): Promise<void> {
  const { rows } = await account.list('projects?owned=true&search=rehearsal-');
  for (const { id, path } of rows) if (own.test(text(path))) await account.ask('DELETE', `projects/${String(id)}`);
}

async function deleteUsers(admin: Account): Promise<void> {
  const { rows } = await admin.list('users?search=rehearsal-');
  for (const { id, username } of rows) if (own.test(text(username))) await admin.ask('DELETE', `users/${String(id)}?hard_delete=true`);
}

/** One work at a time, in the order of asking. */
function inTurn(): House['alone'] {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const before = last;
    const turn = (async () => {
      await before;
      return work();
    })();
    last = turn.catch(() => undefined);
    return turn;
  };
}
