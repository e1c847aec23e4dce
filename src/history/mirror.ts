// A bare copy of the policy repository: the only thing that is ever read, and disposable. What came in was checked by git's fsck.
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { isBranchName, type CommitId } from '../names.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { openApprovalNotes, type ApprovalNotes } from './approval-notes.ts';
import type { GitSettings } from './environment.ts';
import { createHistory, type History } from './history.ts';
import { branchRef, findDamage, prepareMirror, readTip, removeMirror, shownUrl } from './mirror-layout.ts';
import { createGit, MirrorDamaged, type Git } from './runner.ts';
import { readServerRef, readServerTip, runFetch } from './server.ts';
import { openVersions, readProposal, type Versions } from './versions.ts';

export interface MirrorSettings extends GitSettings {
  /** The branch that is judged, as in `main`. */
  readonly branch: string;
  /** Hears, for people to read, when the mirror had to be fetched anew after it was opened. */
  readonly tell?: (note: string) => void;
}

export interface Mirror {
  /** What had to be thrown away to trust the folder, for people to read. */
  readonly notes: readonly string[];
  readonly history: History;
  /**
   * The branch's tip on the server, now in the mirror too; one small question when nothing moved. Throws Unavailable when the server does not
   * answer, answers with something else than git, or has no branch, and Unusable when it has other branches only, or what it sends is
   * damaged or dangerous.
   */
  fetch(): Promise<CommitId>;
  /** The tip as last fetched; undefined when there never was one. */
  head(): Promise<CommitId | undefined>;
  /** Where a reference stands on the server now; undefined where there is none. Throws as `fetch` does. */
  refOnServer(ref: string): Promise<CommitId | undefined>;
  /** The branch as it stands at `tip`, and what leads to the head of a merge request; undefined where the server has no such commit. */
  proposal(head: CommitId, tip: CommitId): Promise<History | undefined>;
  /** Signed approvals that came as notes of git. */
  readonly approvals: ApprovalNotes;
  /** To compare what merge requests consisted of earlier. */
  readonly versions: Versions;
}

/** So many packs are put together into one: every look-up goes through all of them. */
const mostPacks = 50;

/** Makes `folder` a mirror of `url` if it is not one yet, or not one that can be trusted. One process at a time may have it open. */
export async function openMirror(settings: MirrorSettings): Promise<Mirror> {
  const { folder, url, branch } = settings;
  if (!isBranchName(branch)) throw new Misuse(`repository.branch ${JSON.stringify(branch)} cannot be the name of a branch`);
  // A control character would end the line of the mirror's configuration that holds the url; a dash would make it an option.
  if (/[^\x21-\x7e]|^-|^$/.test(url.replaceAll(' ', ''))) throw new Misuse('repository.url cannot be the address of a repository');
  const notes = prepareMirror(folder, url);
  const git = createGit(settings);
  const upkeep = new Upkeep(settings, git);
  const versions = openVersions(settings);
  return {
    notes,
    history: createHistory(git, (ask) => upkeep.read(ask)),
    fetch: () => upkeep.fetch(),
    head: () => Promise.resolve(readTip(folder)),
    refOnServer: (ref) => readServerRef(git, ref),
    proposal: (head, tip) => upkeep.read(() => readProposal(settings, head, tip)),
    approvals: openApprovalNotes(settings),
    versions: {
      ensureCommits: (commits) => upkeep.read(() => versions.ensureCommits(commits)),
      changeDigests: (pairs) =>
        upkeep.read(
          () => versions.changeDigests(pairs),
          () => versions.ensureCommits(pairs.flat()),
        ),
    },
  };
}

/** Finds out that the mirror is damaged before it is believed, or when it cannot be read, and fetches it anew: once in the life of a process. */
class Upkeep {
  readonly #settings: MirrorSettings;
  readonly #git: Git;
  #checked: string | false = false;
  #renewed: Promise<boolean> | undefined;
  #failure = '';

  constructor(settings: MirrorSettings, git: Git) {
    this.#settings = settings;
    this.#git = git;
  }

  async fetch(): Promise<CommitId> {
    const { folder, branch } = this.#settings;
    const tip = await readServerTip(this.#git, branch);
    if (tip === readTip(folder)) return tip;
    try {
      return await fetchBranch(this.#git, branch);
    } catch (error) {
      // The server has just answered: it may be the mirror that cannot take what comes.
      if (!(error instanceof Unavailable) || readTip(folder) === undefined || !(await this.#renew())) throw error;
      return readTip(folder) ?? tip;
    }
  }

  /** `wanted`: other commits than those of the branch that are read. */
  async read<Result>(work: () => Promise<Result>, wanted: () => Promise<unknown> = () => Promise.resolve()): Promise<Result> {
    const { folder } = this.#settings;
    const damage = this.#damage();
    if (damage !== undefined && !(await this.#renew()))
      throw new MirrorDamaged(
        `the mirror ${folder} is damaged (${damage}) and could not be fetched anew: ${this.#failure}. The next run tries again`,
      );
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MirrorDamaged) || !(await this.#renew())) throw error;
      await wanted();
      return work();
    }
  }

  /** Every byte is looked at once, before the first is read; what is fetched later is checked by git as it comes. */
  #damage(): string | undefined {
    if (this.#checked === false) this.#checked = findDamage(this.#settings.folder) ?? '';
    return this.#checked === '' ? undefined : this.#checked;
  }

  async #renew(): Promise<boolean> {
    this.#renewed ??= this.#fetchAnew();
    return this.#renewed;
  }

  /** Beside the old one, which stays until the new one is whole. */
  async #fetchAnew(): Promise<boolean> {
    const { folder, url, branch } = this.#settings;
    const aside = `${folder}.new`;
    try {
      removeMirror(aside);
      prepareMirror(aside, url);
      await fetchBranch(createGit({ ...this.#settings, folder: aside }), branch);
      removeMirror(folder);
      renameSync(aside, folder);
    } catch (error) {
      if (!(error instanceof Error) || !(error instanceof Unavailable || error instanceof Unusable || 'code' in error)) throw error;
      // Told by whoever wanted to read the old one.
      this.#failure = error.message;
      return false;
    }
    this.#checked = '';
    this.#settings.tell?.(`the mirror ${folder} was damaged, and has been fetched anew`);
    return true;
  }
}

async function fetchBranch(git: Git, branch: string): Promise<CommitId> {
  const outcome = await runFetch(git, [`+refs/heads/${branch}:${branchRef}`]);
  if (outcome.kind === 'damaged')
    throw new Unusable(`branch ${branch} of ${shownUrl(git.settings.url)} holds objects that git refuses: ${outcome.words}`);
  if (outcome.kind === 'unanswered') throw outcome.error;
  const fetched = readTip(git.settings.folder);
  if (fetched === undefined)
    throw new Unavailable('git', `branch ${branch} of ${shownUrl(git.settings.url)} could not be stored in ${git.settings.folder}`);
  await putPacksTogether(git);
  return fetched;
}

async function putPacksTogether(git: Git): Promise<void> {
  const packs = readdirSync(join(git.settings.folder, 'objects', 'pack')).filter((name) => name.endsWith('.pack'));
  if (packs.length <= mostPacks) return;
  // `-n` leaves out the lists for dumb servers. A failure costs speed and nothing else: the packs stay as they are.
  await git.run('mirror', ['repack', '-a', '-d', '-n', '-q']);
}
