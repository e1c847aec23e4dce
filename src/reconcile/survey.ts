// Everything before `apply`: what is in force, who the rosters name, what the directory shows, and what follows. Reads only.
import { judgeClock, steadyNow, type BootClock, type ClockVerdict } from '../membership/clock.ts';
import type { Revocation, RosterGeneration } from '../membership/desired.ts';
import type { Claim, People, WriteMark } from '../directory/directory.ts';
import type { Memory } from '../ledger/memory.ts';
import { minute } from '../time.ts';
import { holdToSignatures, type SigningSource } from './signed-groups.ts';
import { takeRecord, type TakenPolicy, type JudgingSeen } from './take.ts';
import { inOrder, type CommitId, type Duration, type GroupName, type Instant, type RosterName } from '../names.ts';
import type { GroupProposal } from './run.ts';
import { isStillSettled, renderGrounds, type SettledRun } from '../membership/settled.ts';
import { problemOf, type Problem } from '../errors.ts';
import { peopleToFind, proposeGroups, type Directory, type ManagedGroup, type World } from '../membership/proposal.ts';
import {
  generationsThatMayCount,
  readRosters,
  rosterProblems,
  settleRosters,
  type RosterSource,
  type SettledRoster,
} from '../roster/rosters.ts';

/** What a run may ask. Nothing here can write to the directory. */
export interface Sources {
  /** What judging says, and how far it was taken into the ledger. */
  readonly judging: () => Promise<JudgingSeen>;
  /** Undefined where no rules are pinned, and so nothing can be verified. */
  readonly signing: SigningSource | undefined;
  readonly rosters: ReadonlyMap<RosterName, RosterSource>;
  readonly revocations: () => Promise<{ readonly revocations: readonly Revocation[]; readonly warnings: readonly string[] }>;
  readonly memory: Memory;
  readonly now: Instant;
  readonly lastRun: Instant | undefined;
  /** The kernel's clock now, and at the last run. */
  readonly boot: BootClock | undefined;
  readonly lastBoot: BootClock | undefined;
  readonly hash: (text: string) => string;
}

export interface SurveySettings {
  readonly start: CommitId;
  /** The policy's, inside the repository. */
  readonly folder: string;
  /** The host's ceilings on the length of grants. */
  readonly longest: ReadonlyMap<GroupName, Duration>;
  readonly managed: ReadonlyMap<GroupName, ManagedGroup>;
}

export interface Survey {
  /** The moment by which everything was judged: never behind the last run's. */
  readonly now: Instant;
  readonly clock: ClockVerdict;
  readonly judged: TakenPolicy;
  readonly rosters: readonly SettledRoster[];
  /** The one generation of each roster whose names count. */
  readonly generations: readonly RosterGeneration[];
  readonly revocations: readonly Revocation[];
  readonly groups: readonly GroupProposal[];
  /** Who carries the uid of somebody that the policy names: told, without any effect. */
  readonly claims: readonly Claim[];
  /** Stands for all that the groups were judged by; undefined where that cannot be told. */
  readonly stamp?: string;
  /** Of the directory, before anything was written in this run. */
  readonly mark?: string;
  readonly problems: readonly Problem[];
}

type Circumstances = Omit<Survey, 'groups' | 'claims' | 'stamp'>;

/** Opens the directory late, and not at all when there is nothing to ask it. */
export type OpenDirectory = () => Promise<Directory>;

/** What the last run left about groups that were in order. */
export interface LastSettled {
  /** Stands for this build, the host's configuration and the ledger. */
  readonly context: string;
  readonly run: SettledRun | undefined;
  /** The mark has moved with muster's last own write to this directory: only then does one that stands still tell anything. */
  readonly counts: (mark: string) => boolean;
}

/** With `last`, groups that were in order and that nothing has touched since are not judged again. */
export async function survey(
  sources: Sources,
  settings: SurveySettings,
  openDirectory: OpenDirectory,
  last?: LastSettled,
): Promise<Survey> {
  const now = steadyNow(sources.now, sources.lastRun);
  const { memory } = sources;
  const taken = takeRecord(memory, await sources.judging(), { ...settings, now, clock: sources.now, lastRun: sources.lastRun });
  const judged = await holdToSignatures(taken, sources.signing, memory, now);
  const candidates = await readRosters(sources.rosters, memory.rosters, now);
  const clock = checkClock(sources, judged);
  const { revocations, warnings } = await sources.revocations();
  const directory = await reach(openDirectory);
  const grounds = {
    verdicts: judged.records.length,
    policy: judged.policy,
    clock,
    rosters: candidates,
    accepted: memory.rosters,
    revocations,
  };
  const mark = last && (await markOf(directory));
  const counted = mark !== undefined && last?.counts(mark) === true ? mark : undefined;
  const told = last && renderGrounds({ ...grounds, context: last.context, mark: counted });
  const stamp = told === undefined ? undefined : sources.hash(told);
  const settled = last?.run && stamp !== undefined && isStillSettled(last.run, stamp, now) ? last.run.groups : undefined;
  const asked = await generationsThatMayCount(candidates);
  const wanted = { managed: settings.managed, policy: judged.policy, now };
  const first = settled ? undefined : await findPeople(directory, peopleToFind(wanted, asked));
  const rosters = await settleRosters(candidates, memory.rosters, first?.kind === 'directory' ? first.people : undefined, now);
  const generations = rosters.flatMap(({ generation }) => (generation ? [generation] : []));
  const people = first && (await findMorePeople(first, asked, generations));
  const problems: Problem[] = [
    ...judged.problems,
    ...clockProblems(clock),
    ...warnings.map((message) => ({ status: 'input' as const, code: 'revocation-damaged', message })),
    ...rosterProblems(rosters),
  ];
  const circumstances = { now, clock, judged, rosters, generations, revocations, problems };
  const proposed = people ? await propose(circumstances, sources, settings, people) : { groups: settled ?? [], claims: [], problems };
  return { ...circumstances, stamp, mark, ...proposed };
}

/** A directory that does not answer has none; the question for the people will say so. */
async function markOf(directory: Reached): Promise<WriteMark> {
  if (directory.kind === 'problem') return undefined;
  return directory.directory.mark().catch((error: unknown) => {
    problemOf(error, 'directory');
    return undefined;
  });
}

/** The groups of a survey looked at once more, through another connection: nothing but the directory is asked again. */
export async function surveyAgain(
  before: Survey,
  sources: Sources,
  settings: SurveySettings,
  openDirectory: OpenDirectory,
): Promise<Survey> {
  const directory = await reach(openDirectory);
  const people = await findPeople(
    directory,
    peopleToFind({ managed: settings.managed, policy: before.judged.policy, now: before.now }, before.generations),
  );
  const known = before.problems.filter(({ code }) => !code.startsWith('directory-'));
  // Somebody may have been revoked meanwhile.
  const { revocations } = await sources.revocations();
  const circumstances = { ...before, revocations, problems: known };
  return { ...circumstances, ...(await propose(circumstances, sources, settings, people)) };
}

type Reached = { readonly kind: 'directory'; readonly directory: Directory } | { readonly kind: 'problem'; readonly problem: Problem };
type Found = (Extract<Reached, { kind: 'directory' }> & { readonly people: People }) | Extract<Reached, { kind: 'problem' }>;

async function reach(openDirectory: OpenDirectory): Promise<Reached> {
  try {
    return { kind: 'directory', directory: await openDirectory() };
  } catch (error) {
    return { kind: 'problem', problem: problemOf(error, 'directory') };
  }
}

async function findPeople(reached: Reached, uids: Parameters<Directory['people']>[0]): Promise<Found> {
  if (reached.kind === 'problem') return reached;
  try {
    return { ...reached, people: await reached.directory.people(uids) };
  } catch (error) {
    return { kind: 'problem', problem: problemOf(error, 'directory') };
  }
}

/** Where the directory did not know the people of a list, the one before it counts, and its people were not asked for yet. */
async function findMorePeople(found: Found, asked: readonly RosterGeneration[], generations: readonly RosterGeneration[]): Promise<Found> {
  const late = generations.filter(({ roster, sha256 }) => !asked.some((one) => one.roster === roster && one.sha256 === sha256));
  if (found.kind === 'problem' || late.length === 0) return found;
  const more = await findPeople(
    found,
    late.flatMap(({ uids }) => uids),
  );
  return more.kind === 'problem' ? more : { ...found, people: new Map([...found.people, ...more.people]) };
}

async function propose(
  at: Circumstances,
  sources: Sources,
  settings: SurveySettings,
  found: Found,
): Promise<Pick<Survey, 'groups' | 'claims' | 'problems'>> {
  const world: World = {
    ...at,
    managed: settings.managed,
    policy: at.judged.policy,
    withoutPolicy: at.judged.problems[0]?.status ?? 'input',
    memory: sources.memory,
    gains: at.judged.gains,
    caughtUp: at.judged.caughtUp,
    hash: sources.hash,
  };
  if (found.kind === 'directory') {
    const groups = await proposeGroups(world, found.directory, found.people);
    return { groups, claims: await claimsIn(found.directory), problems: at.problems };
  }
  const { problem } = found;
  const groups = [...settings.managed]
    .map(([group, { dn }]) => ({ kind: 'failed', group, dn, status: problem.status, message: problem.message }) as const)
    .sort((left, right) => inOrder(left.group, right.group));
  return { groups, claims: [], problems: [...at.problems, problem] };
}

/** For eyes only: what keeps them from being told keeps nothing else. */
async function claimsIn(directory: Directory): Promise<readonly Claim[]> {
  return directory.claims().catch((error: unknown) => {
    problemOf(error, 'directory');
    return [];
  });
}

/** GitLab's `Date` counts for as long as it may be taken for the present one. */
const freshClock = 15 * minute;

function checkClock(sources: Sources, { clock }: TakenPolicy): ClockVerdict {
  const isFresh = clock !== null && Math.abs(sources.now - clock.receivedAt) <= freshClock;
  return judgeClock({ ...sources, gitlab: isFresh ? clock : undefined });
}

function clockProblems(clock: ClockVerdict): readonly Problem[] {
  if (clock.kind === 'sound') return [];
  return [{ status: 'input', code: `clock-${clock.kind}`, message: `${clock.message}. ${whatToDo(clock.kind)}` }];
}

function whatToDo(kind: Exclude<ClockVerdict['kind'], 'sound'>): string {
  if (kind === 'skewed') return 'Compare both clocks with a third (timedatectl). Until they agree nobody is added; ends go on.';
  return 'Check the clock of this host (timedatectl); if it is right, allow the set held as "clock".';
}
