// What a run tells the monitoring, as values; the exposition format is the adapter's business. Names and labels are stable: alerts use them.
import type { Revocation } from '../membership/desired.ts';
import type { KnownHold } from '../ledger/group-memory.ts';
import type { Heads } from '../ledger/state.ts';
import type { GroupName, Instant, RosterName } from '../names.ts';
import { isRatified, stillNamed } from '../revocation/ratification.ts';
import type { GroupProposal, RunReport } from './run.ts';
import { exitStatus, type Status } from '../status.ts';
import type { TokenStanding } from '../evidence/tokens.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface MetricsCircumstances {
  readonly status: Status;
  /** The last run with status 0, this one included. */
  readonly lastSuccess: Instant | undefined;
  /** The last run in which nothing waited for a verdict. */
  readonly lastJudged: Instant | undefined;
  readonly holds: ReadonlyMap<GroupName, readonly KnownHold[]>;
  readonly revocations: readonly Revocation[];
  /** Rosters whose file's time means nothing (`older-than: none`): an age of theirs would be an alarm for ever. */
  readonly untimed: ReadonlySet<RosterName>;
  /** Those that are configured. */
  readonly tokens: readonly TokenStanding[];
  /** Undefined where the ledger could not be opened. */
  readonly heads: Heads | undefined;
  /** Milliseconds. */
  readonly duration: number;
}

/** Nothing waits for its verdict, as far as the branch could be looked at: behind a Git that does not answer anything may wait. */
export function isAllJudged({ policy, head, problems }: RunReport): boolean {
  if (problems.some(({ code }) => code.startsWith('git-') || code.startsWith('policy-'))) return false;
  return policy !== undefined && policy.pending.length === 0 && head === policy.judged;
}

const seconds = (at: number) => Math.round(at / 1000);

function one(name: string, help: string, value: number | undefined): Metric {
  return { name, help, samples: value === undefined ? [] : [{ labels: {}, value }] };
}

/** Every metric of a run, in the order of names. A figure that is not known has no sample, never a zero. */
export function metricsOf(report: RunReport, at: MetricsCircumstances): readonly Metric[] {
  const all = [
    ...runMetrics(report, at),
    ...groupMetrics(report, at),
    ...rosterMetrics(report, at),
    ...revocationMetrics(report, at),
    ...tokenMetrics(at),
    headMetric(at),
  ];
  return all.sort((left, right) => (left.name < right.name ? -1 : 1));
}

export function standbyMetrics(now: Instant): readonly Metric[] {
  return [
    one('muster_active', acts, 0),
    one('muster_standby_timestamp_seconds', 'When the standby last found that it is one, Unix time.', seconds(now)),
  ];
}

const acts = '1 where this host keeps the groups, 0 on the standby.';

function runMetrics(report: RunReport, at: MetricsCircumstances): readonly Metric[] {
  const { policy, problems } = report;
  return [
    one('muster_active', acts, 1),
    ...endMetrics(report.at, at),
    one('muster_run_duration_seconds', 'How long the last run took.', at.duration / 1000),
    one('muster_refused_files', 'Files on the branch that are not in force because their evidence does not hold.', policy?.refused.length),
    one('muster_pending_files', 'Files on the branch that wait for a verdict.', policy?.pending.length),
    one(
      'muster_judging_silent',
      '1 where judging has not looked for a quarter of an hour.',
      problems.some(({ code }) => code === 'judging-silent') ? 1 : 0,
    ),
    one('muster_evidence_none', '1 where nobody is asked for approvals.', report.evidence === 'none' ? 1 : 0),
  ];
}

/** How the last run ended: all that there is of one that a misuse kept from beginning. */
export function endMetrics(
  now: Instant,
  { status, lastSuccess, lastJudged }: Pick<MetricsCircumstances, 'status' | 'lastSuccess' | 'lastJudged'>,
): readonly Metric[] {
  return [
    one('muster_exit_status', 'The exit status of the last run.', status.code),
    one(
      'muster_last_judged_timestamp_seconds',
      'When no change of the policy last waited for its verdict, Unix time.',
      lastJudged && seconds(lastJudged),
    ),
    one('muster_last_run_timestamp_seconds', 'When the last run ended, Unix time.', seconds(now)),
    one('muster_last_success_timestamp_seconds', 'When a run last ended in order, Unix time.', lastSuccess && seconds(lastSuccess)),
    {
      name: 'muster_status',
      help: '1 for every status that held in the last run.',
      samples: Object.keys(exitStatus).map((name) => ({
        labels: { status: name.replaceAll(' ', '_') },
        value: status.all.some((held) => held === name) ? 1 : 0,
      })),
    },
  ];
}

function groupMetrics({ groups, at: now }: RunReport, { holds }: MetricsCircumstances): readonly Metric[] {
  const each = (name: string, help: string, value: (group: RunReport['groups'][number]) => number | undefined): Metric => ({
    name,
    help,
    samples: groups.flatMap((group) => {
      const figure = value(group);
      return figure === undefined ? [] : [{ labels: { group: group.proposal.group }, value: figure }];
    }),
  });
  return [
    each('muster_group_members', 'Members of the group at the end of the run.', ({ members }) => members),
    each('muster_group_usable', '0 where the group is frozen or failed.', ({ proposal, status }) =>
      proposal.kind !== 'frozen' && proposal.kind !== 'failed' && !status ? 1 : 0,
    ),
    each('muster_group_held_changes', 'Changes that wait for a person.', ({ proposal }) => heldChanges(proposal)),
    each('muster_group_hold_age_seconds', 'How long the oldest hold of the group has lasted.', ({ proposal }) => {
      const since = (holds.get(proposal.group) ?? []).map((hold) => hold.since);
      return since.length === 0 ? 0 : seconds(now - Math.min(...since));
    }),
  ];
}

function heldChanges(proposal: GroupProposal): number | undefined {
  if (proposal.kind === 'settled') return 0;
  if (proposal.kind !== 'planned') return undefined;
  return proposal.guarded.held.reduce((sum, { add, remove }) => sum + add.length + remove.length, 0);
}

function rosterMetrics({ rosters, at: now }: RunReport, { untimed }: MetricsCircumstances): readonly Metric[] {
  return [
    {
      name: 'muster_roster_fresh',
      help: '1 where the roster could be used as it is now.',
      samples: rosters.map(({ roster, state }) => ({ labels: { roster, state: state.kind }, value: state.kind === 'fresh' ? 1 : 0 })),
    },
    {
      name: 'muster_roster_age_seconds',
      help: 'Age of the list that lies at the roster’s place, by its own time; not where older-than is none.',
      samples: rosters.flatMap(({ roster, state }) =>
        'producedAt' in state && state.producedAt !== undefined && !untimed.has(roster)
          ? [{ labels: { roster }, value: seconds(now - state.producedAt) }]
          : [],
      ),
    },
    {
      name: 'muster_roster_people',
      help: 'People on the list that is in force.',
      samples: rosters.flatMap(({ roster, generation }) => (generation ? [{ labels: { roster }, value: generation.uids.length }] : [])),
    },
  ];
}

/** Nobody is named: this file is read by many. Whether a revocation is ratified is not known without a policy in force. */
function revocationMetrics({ policy, rosters, at: now }: RunReport, { revocations }: MetricsCircumstances): readonly Metric[] {
  const people = new Map(
    rosters.flatMap(({ roster, generation }) => (generation ? [[roster, new Set<string>(generation.uids)] as const] : [])),
  );
  const unratified = policy && revocations.filter((one) => !isRatified(stillNamed(one, policy, people, now)));
  const since = unratified?.flatMap(({ at }) => (at === undefined ? [] : [at]));
  return [
    one('muster_revocations', 'Local revocations in force.', revocations.length),
    one('muster_unratified_revocations', 'Of these, whom a grant in force or a roster still names.', unratified?.length),
    one(
      'muster_unratified_revocation_age_seconds',
      'How long ago the oldest of them was made.',
      since && (since.length === 0 ? 0 : seconds(now - Math.min(...since))),
    ),
  ];
}

/** Two samples, whatever happens: a head that is passed has none any more. */
function headMetric({ heads }: MetricsCircumstances): Metric {
  const chains = heads ? (['ledger', 'record'] as const) : [];
  return {
    name: 'muster_chain_lines',
    help: 'Lines of the chain of hashes, as far as this run knew it; the label sha256 is its head, the hash of the last of them.',
    samples: chains.flatMap((chain) => {
      const head = heads?.[chain];
      return head ? [{ labels: { chain, sha256: head.hash }, value: head.count }] : [];
    }),
  };
}

function tokenMetrics({ tokens }: MetricsCircumstances): readonly Metric[] {
  return [
    {
      name: 'muster_token_usable',
      help: '1 where GitLab took the token, with the scope it needs, when it was last asked.',
      samples: tokens.map(({ token, state }) => ({ labels: { token, state }, value: state === 'good' ? 1 : 0 })),
    },
    {
      name: 'muster_token_expiry_timestamp_seconds',
      help: 'When the token ends, Unix time.',
      samples: tokens.flatMap(({ token, expiresAt }) =>
        expiresAt === undefined ? [] : [{ labels: { token }, value: seconds(expiresAt) }],
      ),
    },
  ];
}
