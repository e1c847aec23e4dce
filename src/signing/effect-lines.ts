// What a change does, as the lines of a statement say it: for grants what `check --against` says, for rules one line for everything in them that
// decides who may do what.
import { effectsOf, type Term } from '../check/proposed-change.ts';
import { inOrder, type Duration, type Instant } from '../names.ts';
import type { GroupRules, Limit, Rules } from '../policy/policy.ts';
import type { End } from '../record/grants.ts';
import { count, day, hour, minute, renderInstant, second } from '../time.ts';
import type { StatedChange } from './statement.ts';

export interface ChangedPolicy {
  readonly changes: readonly StatedChange[];
  /** What the changed grant files said before, and say after, as far as they can be understood; by path. */
  readonly before: ReadonlyMap<string, Term>;
  readonly after: ReadonlyMap<string, Term>;
  readonly rulesBefore: Rules;
  /** Where the change is one of rules. */
  readonly rulesAfter?: Rules;
}

/** Sorted, each without the word `effect` before it; as of `at`. */
export function effectLines(
  { changes, before, after, rulesBefore, rulesAfter }: ChangedPolicy,
  folder: string,
  at: Instant,
): readonly string[] {
  const grants = effectsOf(changes, before, after, folder, at).flatMap(({ group, uid, effect, until, from }) => {
    if (effect === 'rules') return [];
    if (effect === 'loses' || until === null) return [`${group} ${uid} loses`];
    const begin = from === undefined || effect === 'shortens' ? '' : ` from ${renderInstant(from)}`;
    return [`${group} ${uid} ${effect}${begin} ${renderTerm(until)}`];
  });
  return [...grants, ...(rulesAfter ? rulesEffects(rulesBefore, rulesAfter) : [])].sort(inOrder);
}

function renderTerm(until: End): string {
  return until === 'open' ? 'without end' : `until ${renderInstant(until)}`;
}

function rulesEffects(before: Rules, after: Rules): readonly string[] {
  const [had, has] = [new Set(factsOf(before)), new Set(factsOf(after))];
  return [
    ...[...had].filter((fact) => !has.has(fact)).map((fact) => `rules drop ${fact}`),
    ...[...has].filter((fact) => !had.has(fact)).map((fact) => `rules add ${fact}`),
  ];
}

/** Each a few words. Texts for people (`purpose`, where the text is that must have been read) are none: the files' digests cover them. */
function factsOf({ people, teams, rules, groups }: Rules): readonly string[] {
  return [
    ...[...people.values()].flatMap(({ uid, gitlab, also, keys }) => [
      `person ${uid}`,
      ...gitlab.map((id) => `person ${uid} gitlab ${id}`),
      ...also.map((other) => `person ${uid} also ${other}`),
      ...keys.map(({ type, fingerprint }) => `person ${uid} key ${fingerprint} ${type}`),
    ]),
    ...[...teams].flatMap(([team, members]) => [`team ${team}`, ...members.map((uid) => `team ${team} member ${uid}`)]),
    ...rules.approvers.map((team) => `approvers ${team}`),
    `approvals ${rules.approvals}`,
    `signed ${rules.signed}`,
    ...[...groups.values()].flatMap((group) => groupFacts(group).map((fact) => `group ${group.group}${fact}`)),
  ];
}

function groupFacts(group: GroupRules): readonly string[] {
  const { members, approvers, limits, longest, understood } = group;
  return [
    '',
    ` owner ${group.owner}`,
    members.kind === 'grants' ? ' members grants' : ` members roster ${members.roster}`,
    ...approvers.map((team) => ` approvers ${team}`),
    ` approvals ${group.approvals}`,
    ` signed ${group.signed}`,
    ` longest ${longest === 'none' ? longest : renderExactly(longest)}`,
    ...group.requires.map((field) => ` requires ${field}`),
    ...(understood ? [` understood ${understood.version}`] : []),
    ` unexplained ${group.unexplained}`,
    ` removals ${renderLimit(limits.removals)}`,
    ` additions ${renderLimit(limits.additions)}`,
    ` minimum ${limits.minimum}`,
  ];
}

function renderExactly(length: Duration): string {
  const units = { day, hour, minute, second };
  const [unit, size] = Object.entries(units).find(([, one]) => length % one === 0) ?? ['second', second];
  return count(length / size, unit);
}

function renderLimit(limit: Limit): string {
  return limit.kind === 'count' ? String(limit.count) : `${limit.percent}%`;
}
