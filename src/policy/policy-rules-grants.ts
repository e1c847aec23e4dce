// The rules a grant must keep, one row each. Lengths are measured from the landing.
import { renderEndOf, renderStartOf } from '../text.ts';
import { nearest } from '../near.ts';
import { inOrder, instant, type Duration, type GroupName, type Instant } from '../names.ts';
import type { GrantFile, GroupRules } from './policy.ts';
import type { Objection } from './policy-rules.ts';
import { day, renderDuration, renderInstant } from '../time.ts';

/** A start further away than this is refused: nobody remembers a grant that sleeps for months. */
export const longestSleep = 30 * day;

/** A row of the table gives the code; this is the rest. */
export type Complaint = Omit<Objection, 'code'>;

/** A grant, the rules of its group where the policy has any, and the moment it takes effect. */
export interface GrantSubject {
  readonly grant: GrantFile;
  readonly group: GroupRules | undefined;
  /** Those that take grants. */
  readonly groups: readonly GroupName[];
  readonly landedAt: Instant;
  readonly ceiling: Duration | undefined;
}

interface GrantRule {
  readonly code: string;
  readonly object: (subject: GrantSubject) => readonly Complaint[];
}

export const grantRules = [
  { code: 'unknown-group', object: unknownGroup },
  { code: 'group-not-by-grants', object: groupNotByGrants },
  { code: 'until-before-from', object: untilBeforeFrom },
  { code: 'missing-field', object: missingFields },
  { code: 'understood-version', object: understoodVersion },
  { code: 'too-long', object: tooLong },
  { code: 'too-dormant', object: tooDormant },
] as const satisfies readonly GrantRule[];

/** What `check` calls the findings of these rules. Judging has a refusal for each of them (judge/form.ts). */
export type GrantRuleCode = (typeof grantRules)[number]['code'];

function unknownGroup({ grant, group, groups }: GrantSubject): readonly Complaint[] {
  if (group) return [];
  const meant = nearest(grant.group, groups);
  const some = groups.toSorted(inOrder).slice(0, 5).join(', ');
  const those = groups.length > 5 ? `${some} and others` : some;
  const there = groups.length === 0 ? 'No group takes grants yet' : `Groups that take grants: ${those}`;
  const fix = meant === undefined ? `${there}. Another one needs groups/${grant.group}.yaml first.` : `Did you mean "${meant}"?`;
  return [{ key: [], message: `the policy has no group "${grant.group}"`, fix }];
}

function groupNotByGrants({ grant, group }: GrantSubject): readonly Complaint[] {
  if (group?.members.kind !== 'roster') return [];
  return [
    {
      key: [],
      message: `the members of "${grant.group}" come from the roster "${group.members.roster}", not from grants`,
      fix: 'Ask those who keep the roster: a grant has no effect here.',
    },
  ];
}

function untilBeforeFrom({ grant }: GrantSubject): readonly Complaint[] {
  if (grant.from === undefined || grant.until === 'open' || grant.until > grant.from) return [];
  return [
    {
      key: ['until'],
      message: `the grant ends ${renderEndOf(grant.until)}, before it starts ${renderStartOf(grant.from)}`,
      fix: 'Write an "until" that is later than "from".',
    },
  ];
}

function missingFields({ grant, group }: GrantSubject): readonly Complaint[] {
  const missing = (group?.requires ?? []).filter((field) => grant[field] === undefined);
  return missing.map((field) => ({
    key: [],
    message: `the group "${grant.group}" requires "${field}", and the grant has none`,
    fix: fieldFix(field, group),
  }));
}

function fieldFix(field: string, group: GroupRules | undefined): string {
  if (field !== 'understood' || !group?.understood) return `Add a line "${field}: …".`;
  return `Once the person has read ${group.understood.text}, add a line "understood: ${group.understood.version}".`;
}

function understoodVersion({ grant, group }: GrantSubject): readonly Complaint[] {
  const current = group?.understood;
  if (!current || grant.understood === undefined || grant.understood === current.version) return [];
  return [
    {
      key: ['understood'],
      message: `the text that people must have read is now at version ${current.version}`,
      fix: `Once the person has read ${current.text}, write "understood: ${current.version}".`,
    },
  ];
}

function tooLong({ grant, group, landedAt, ceiling }: GrantSubject): readonly Complaint[] {
  const longest = tighter(group?.longest ?? 'none', ceiling);
  if (longest === 'none') return [];
  const latest = renderLastEnd(landedAt, longest);
  if (grant.until === 'open') {
    return [
      {
        key: [],
        message: `a grant of "${grant.group}" must end, within ${renderDuration(longest)} of its merge`,
        fix: `Add a line "until: ${latest}", or an earlier end.`,
      },
    ];
  }
  if (grant.until - landedAt <= longest) return [];
  return [
    {
      key: ['until'],
      message: `the grant ends ${renderEndOf(grant.until)}; a grant of "${grant.group}" may last ${renderDuration(longest)} from its merge`,
      fix: `Write "until: ${latest}" or an earlier end, and renew the grant when it is needed longer.`,
    },
  ];
}

/** The latest end as it can be written: the last day that is over by then, or the time itself where a day is too coarse. */
function renderLatest(latest: Instant, longest: Duration): string {
  return longest < 2 * day ? renderInstant(latest) : renderInstant(instant(latest - day)).slice(0, 10);
}

export function tighter(longest: Duration | 'none', ceiling: Duration | undefined): Duration | 'none' {
  if (ceiling === undefined) return longest;
  return longest === 'none' || ceiling < longest ? ceiling : longest;
}

/** The latest "until" that a grant landing then may say. */
export function renderLastEnd(landedAt: Instant, longest: Duration): string {
  return renderLatest(lastEnd(landedAt, longest), longest);
}

/** Six digits of weeks from now would be no date that can be written. */
function lastEnd(landedAt: Instant, longest: Duration): Instant {
  return instant(Math.min(landedAt + longest, Date.UTC(2199, 11, 31)));
}

function tooDormant({ grant, landedAt }: GrantSubject): readonly Complaint[] {
  if (grant.from === undefined || grant.from - landedAt <= longestSleep) return [];
  return [
    {
      key: ['from'],
      message: `the grant starts ${renderStartOf(grant.from)}, more than ${renderDuration(longestSleep)} after its merge`,
      fix: 'Ask for it nearer to the day, or write an earlier "from".',
    },
  ];
}
