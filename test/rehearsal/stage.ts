// Where a scene is played: a branch of the project that is a whole policy of its own, so that many scenes can be played side by side, and what
// people do there through API and git. The same on a real server and on the stand-in; only how time passes differs.
import { grantFile, grantPath, groupFile, policyFile } from '../journeys/evidence/policy-files.ts';
import { fields, NotDone, text, type Account, type Answer, type Fields, type Recorded } from './account.ts';
import type { House, Inside } from './house.ts';
import type { Judged } from './judges.ts';
import { LocalGit } from './local-git.ts';

/** How long something may take until it shows. */
const patience = 180_000;

/** Whatever GitLab has not said by then it does not say. */
const quarterOfAnHour = 16 * 60_000;

export interface Assumption {
  readonly what: string;
  readonly holds: boolean;
  /** What the server answered instead. */
  readonly seen: string;
}

/** A scene that cannot be played on this server. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

export type MergeMethod = 'merge' | 'rebase_merge' | 'ff';
export type Files = Readonly<Record<string, string | null | { readonly update: string }>>;

export class Stage {
  readonly house: House;
  readonly target: string;
  readonly first: Account;
  readonly assumptions: Assumption[] = [];
  readonly recorded: Recorded[] = [];
  readonly #second: Account | undefined;
  readonly #admin: Account | undefined;
  /** Accounts made for this scene; they may approve. */
  readonly guests: Account[] = [];
  #git: LocalGit | undefined;
  /** Who asks for muster: whoever sees less. */
  reader: Account;
  readonly #afterwards: (() => Promise<unknown>)[] = [];
  start = '';

  constructor(house: House, name: string) {
    const record = (one: Recorded) => void this.recorded.push(one);
    this.house = house;
    this.target = `${house.prefix}-${house.number()}-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
    this.first = house.first.recordingTo(record);
    this.#second = house.second?.recordingTo(record);
    this.#admin = house.admin?.recordingTo(record);
    this.reader = this.#second ?? this.first;
  }

  get second(): Account {
    if (!this.#second) throw new Skipped('it needs a second token');
    return this.#second;
  }

  get inside(): Inside {
    if (!this.house.inside) throw new Skipped('it needs the stand-in of the tests');
    return this.house.inside;
  }

  get admin(): Account {
    if (!this.#admin) throw new Skipped("it needs an administrator's token");
    return this.#admin;
  }

  path(rest: string): string {
    return `projects/${this.house.project.id}/${rest}`;
  }

  async git(): Promise<LocalGit> {
    return (this.#git ??= await LocalGit.open(`${this.house.folder}/${this.target}`, this.house.project.gitUrl));
  }

  /** alice has the second account, carol the first, and guests are people too. */
  policy(sre: readonly string[]): string {
    const nobody = 900_000_000;
    const guests = Object.fromEntries(this.guests.map(({ id }, place) => [`guest${place + 1}`, { gitlab: id }]));
    const people = {
      alice: { gitlab: this.#second?.id ?? nobody },
      bob: { gitlab: nobody + 1 },
      carol: { gitlab: this.first.id },
      ...guests,
    };
    return policyFile({ people, sre: [...sre, ...Object.keys(guests)] });
  }

  /** The branch with its policy, and one grant. */
  async begin(): Promise<void> {
    this.start = await this.change(
      this.first,
      this.target,
      {
        'policy/policy.yaml': this.policy(['alice', 'bob', 'carol']),
        'policy/groups/klaxon-users.yaml': groupFile(),
        [grantPath('h2o')]: this.grant(),
      },
      { from: 'main' },
    );
  }

  grant(days = 14): string {
    return grantFile(new Date(this.house.time.now() + days * 86_400_000).toISOString().slice(0, 10));
  }

  pause(seconds: number): Promise<void> {
    return this.house.time.pause(seconds * 1000);
  }

  /** Content must have stood there for a minute before somebody approves it. */
  lookAtIt(): Promise<void> {
    return this.pause(70);
  }

  async until<Value>(what: string, probe: () => Promise<Value | undefined>): Promise<Value> {
    const { now } = this.house.time;
    for (const end = now() + patience; ; await this.pause(1)) {
      const found = await probe();
      if (found !== undefined) return found;
      if (now() > end) throw new NotDone(`${what} did not happen within ${patience / 1000} seconds`);
    }
  }

  assume(what: string, holds: boolean, seen: unknown = ''): void {
    this.assumptions.push({ what, holds, seen: typeof seen === 'string' ? seen : (JSON.stringify(seen) ?? String(seen)) });
  }

  /** A commit on a branch, which is made from the target where it is told so. @returns the commit */
  async change(as: Account, branch: string, files: Files, more: { readonly from?: string; readonly title?: string } = {}): Promise<string> {
    const actions = Object.entries(files).map(([file_path, content]) =>
      content === null
        ? { action: 'delete', file_path }
        : typeof content === 'string'
          ? { action: 'create', file_path, content }
          : { action: 'update', file_path, content: content.update },
    );
    const { body } = await as.done('POST', this.path('repository/commits'), {
      branch,
      commit_message: more.title ?? `Change ${branch}`,
      actions,
      ...(more.from === undefined ? {} : { start_branch: more.from }),
    });
    return text(fields(body)['id']);
  }

  /** A branch with a grant for urbanecm, or other files, and a merge request for it whose first version is written. */
  async open(
    as: Account,
    more: { readonly files?: Files; readonly name?: string; readonly title?: string; readonly target?: string } = {},
  ): Promise<number> {
    const branch = `${this.target}--${more.name ?? 'change'}`;
    const head = await this.change(as, branch, more.files ?? { [grantPath('urbanecm')]: this.grant() }, { from: this.target, ...more });
    const iid = await this.request(as, branch, more.target);
    await this.written(iid, head);
    return iid;
  }

  async request(as: Account, branch: string, target = this.target, source: number = this.house.project.id): Promise<number> {
    const { body } = await as.done('POST', `projects/${source}/merge_requests`, {
      source_branch: branch,
      target_branch: target,
      target_project_id: this.house.project.id,
      title: `Change ${branch}`,
    });
    return Number(fields(body)['iid']);
  }

  /** Waits until a version with this head is written. @returns it */
  async written(iid: number, head: string, count = 1): Promise<Fields> {
    return this.until(`the version ${head.slice(0, 8)} of !${iid}`, async () => {
      const found = (await this.versions(iid)).filter(({ head_commit_sha }) => head_commit_sha === head);
      return found.length >= count ? found[0] : undefined;
    });
  }

  /** Waits until a note that GitLab wrote begins so. */
  async noted(iid: number, words: RegExp): Promise<Fields> {
    return this.until(`the note ${words.source} on !${iid}`, async () =>
      (await this.notes(iid)).rows.find(({ system, body }) => system === true && words.test(text(body))),
    );
  }

  mergeRequest(iid: number): Promise<Fields> {
    return this.reader.one(this.path(`merge_requests/${iid}`));
  }

  async approvals(iid: number): Promise<readonly Fields[]> {
    const { approved_by } = await this.reader.one(this.path(`merge_requests/${iid}/approvals`));
    return Array.isArray(approved_by) ? approved_by.map(fields) : [];
  }

  /** Newest first. */
  async versions(iid: number): Promise<readonly Fields[]> {
    return (await this.reader.list(this.path(`merge_requests/${iid}/versions`))).rows;
  }

  notes(iid: number, as = this.reader): ReturnType<Account['list']> {
    return as.list(this.path(`merge_requests/${iid}/notes?sort=asc&order_by=created_at`));
  }

  async stateEvents(iid: number): Promise<readonly Fields[]> {
    return (await this.reader.list(this.path(`merge_requests/${iid}/resource_state_events`))).rows;
  }

  /** Newest first. */
  async pushes(): Promise<readonly Fields[]> {
    return (await this.reader.list(this.path('events?action=pushed'))).rows.map(({ push_data, ...rest }) => ({
      ...rest,
      ...fields(push_data),
    }));
  }

  approve(as: Account, iid: number, more: Fields = {}): Promise<Answer> {
    return as.ask('POST', this.path(`merge_requests/${iid}/approve`), more);
  }

  /** By the button of the first account. @returns the merge request afterwards */
  async merge(iid: number, how: { readonly method?: MergeMethod; readonly squash?: boolean } = {}): Promise<Fields> {
    const { method = 'merge', squash = false } = how;
    return this.house.alone(async () => {
      await this.first.done('PUT', this.path('').replace(/\/$/, ''), { merge_method: method });
      await this.until(`!${iid} can be merged`, async () => {
        const { detailed_merge_status: status } = await this.first.one(this.path(`merge_requests/${iid}`));
        return ['unchecked', 'checking', 'preparing', 'approvals_syncing'].includes(text(status)) ? undefined : status;
      });
      // GitLab may still be looking whether there are conflicts, and declines meanwhile.
      const options = { squash, should_remove_source_branch: false };
      await this.until(`!${iid} is merged`, async () => {
        const { status } = await this.first.ask('PUT', this.path(`merge_requests/${iid}/merge`), options);
        return status === 200 || undefined;
      });
      return this.merged(iid);
    });
  }

  async merged(iid: number): Promise<Fields> {
    return this.until(`the merge of !${iid}`, async () => {
      const shown = await this.mergeRequest(iid);
      return shown['state'] === 'merged' ? shown : undefined;
    });
  }

  async head(branch = this.target): Promise<string> {
    const { commit } = await this.reader.one(this.path(`repository/branches/${encodeURIComponent(branch)}`));
    return text(fields(commit)['id']);
  }

  async parents(commit: string): Promise<readonly string[]> {
    const { parent_ids } = await this.reader.one(this.path(`repository/commits/${commit}`));
    return Array.isArray(parent_ids) ? parent_ids.map(text) : [];
  }

  /** Done when all is judged. */
  afterwards(work: () => Promise<unknown>): void {
    this.#afterwards.push(work);
  }

  async end(): Promise<void> {
    for (const work of this.#afterwards) await work();
  }

  /** `later`: after so many milliseconds it looks once more, where something waits. */
  judge(later = quarterOfAnHour): Promise<Judged> {
    return this.house.judge({ stage: this, folder: `${this.house.folder}/${this.target}`, later });
  }
}
