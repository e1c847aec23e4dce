// A project in the stand-in for GitLab that has landed thousands of approved merge requests: the commits by one git process, the rest written
// into the stand-in's tables as it would stand there.
import type { Forge } from '../test/support/gitlab/forge.ts';
import type { MergeRequest, Project, User } from '../test/support/gitlab/world.ts';
import type { ImportedCommit } from '../test/support/fast-import.ts';
import { importHistory } from './history.ts';

export interface LandingOrder {
  readonly landings: number;
  readonly group: string;
  /** One landing for each, and then again from the first: a grant is added, and later changed. */
  readonly uids: readonly string[];
}

export interface Landed {
  readonly project: string;
  readonly token: string;
  /** The commit before all landings. */
  readonly start: string;
}

interface People {
  readonly author: User;
  readonly approver: User;
  readonly merger: User;
}

/** A landing is two commits: the head of a branch, and its merge. They are named as the import names them, and later by their ids. */
interface Step {
  /** From 0. */
  readonly index: number;
  readonly mergedAt: number;
  readonly base: string;
  readonly head: string;
  readonly before: string;
  readonly landing: string;
}

const minute = 60_000;
const apart = 120 * minute;

const policy = `version: 1
people: { alice: { gitlab: 42 }, bob: { gitlab: 51 }, carol: { gitlab: 57 } }
teams: { sre: [alice, bob, carol] }
rules: { approvers: [sre], approvals: 1 }
`;
const groupFile =
  'purpose: To be measured.\nowner: sre\nmembers: grants\napprovers: [sre]\napprovals: 1\nlongest: none\nrequires: [contact]\n';

export async function landAll(forge: Forge, { landings, group, uids }: LandingOrder): Promise<Landed> {
  const [approver, author, merger] = [
    forge.createUser('alice', { id: 42 }),
    forge.createUser('bob', { id: 51 }),
    forge.createUser('carol', { id: 57 }),
  ];
  const reader = forge.createUser('muster-reader');
  const project = await forge.createProject('repos/sre/access', {
    members: [
      [author, 40],
      [approver, 40],
      [merger, 40],
      [reader, 20],
    ] as const,
    files: { 'policy/policy.yaml': policy, [`policy/groups/${group}.yaml`]: groupFile },
  });
  const start = await project.git.head('main');
  const steps = stepsAfter(start, landings);
  const commits = steps.flatMap((step) =>
    commitsOf(step, { [`policy/grants/${group}/${uids[step.index % uids.length]}.yaml`]: grantFile(step) }),
  );
  const ids = importHistory(project.git.path, commits);
  for (const step of steps) {
    const named = withIds(step, ids);
    project.git.learn(named.base, named.head, [named.head]);
    project.git.learn(named.before, named.landing, [named.landing, named.head]);
    project.mergeRequests.push(mergeRequestOf(named, project, { author, approver, merger }, forge));
  }
  return { project: project.path, token: forge.createToken(reader, ['read_api', 'read_repository']).value, start };
}

/** The last one merged just now. A branch was made some landings before its own, as in a busy project. */
function stepsAfter(start: string, landings: number): readonly Step[] {
  const first = Math.floor(Date.now() / 1000) * 1000 - landings * apart;
  const landingOf = (index: number) => (index < 0 ? start : `:${2 * index + 2}`);
  return Array.from({ length: landings }, (_, index) => ({
    index,
    mergedAt: first + index * apart,
    base: landingOf(index - 4),
    head: `:${2 * index + 1}`,
    before: landingOf(index - 1),
    landing: landingOf(index),
  }));
}

function withIds(step: Step, ids: readonly string[]): Step {
  const idOf = (name: string) => (name.startsWith(':') ? (ids[Number(name.slice(1)) - 1] ?? '') : name);
  return { ...step, base: idOf(step.base), head: idOf(step.head), before: idOf(step.before), landing: idOf(step.landing) };
}

function grantFile({ index }: Step): string {
  return `reason: Needed for measurement number ${index}.\ncontact: irc somebody on libera.chat\nuntil: 2099-12-07\n`;
}

function commitsOf({ index, mergedAt, base, head, before }: Step, files: ImportedCommit['files']): readonly ImportedCommit[] {
  return [
    {
      ref: `refs/merge-requests/${index + 1}/head`,
      parents: [base],
      files,
      author: 'Bob <bob@example.org>',
      message: `Grant ${index}`,
      seconds: (mergedAt - 60 * minute) / 1000,
    },
    {
      ref: 'refs/heads/main',
      parents: [before, head],
      files,
      author: 'Carol <carol@example.org>',
      message: `Merge branch 'change-${index}' into 'main'`,
      seconds: mergedAt / 1000,
    },
  ];
}

/** Opened by the author, approved, and merged by the button an hour after it was opened. */
function mergeRequestOf(
  { index, mergedAt, base, head, landing }: Step,
  project: Project,
  { author, approver, merger }: People,
  forge: Forge,
): MergeRequest {
  const openedAt = mergedAt - 60 * minute;
  const approvedAt = mergedAt - 10 * minute;
  const noted = approvedAt + forge.noteDelay;
  return {
    id: forge.nextId(),
    iid: index + 1,
    project,
    source: project,
    sourceBranch: `change-${index}`,
    targetBranch: 'main',
    title: `Grant ${index}`,
    description: '',
    author,
    state: 'merged',
    head,
    mergeCommit: landing,
    squashCommit: null,
    mergedCommit: null,
    mergedAt,
    mergedBy: merger,
    imported: false,
    createdAt: openedAt,
    approvals: [{ user: approver, at: approvedAt }],
    versions: [{ id: forge.nextId(), head, base, start: base, at: openedAt }],
    notes: [{ id: forge.nextId(), body: 'approved this merge request', author: approver, system: true, at: noted, updatedAt: noted }],
    stateEvents: [{ id: forge.nextId(), state: 'merged', user: merger, at: mergedAt, sourceCommit: null, sourceMergeRequest: null }],
    unfinished: null,
  };
}
