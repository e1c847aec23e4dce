// The lines `effect` of a statement once more, from the words of the specification alone: whoever has access at which moment is written down moment
// by moment, and rules are compared fact by fact. Nothing of muster is used.
import { createHash } from 'node:crypto';

/** A policy as somebody wrote it, before it became text. Times are as they stand in the file. */
export interface PlainGrant {
  readonly group: string;
  readonly uid: string;
  readonly from?: string;
  readonly until?: string;
}

export interface PlainGroup {
  readonly owner: string;
  readonly members: 'grants' | { readonly roster: string };
  readonly approvers?: readonly string[];
  readonly approvals?: number;
  readonly signed?: number;
  readonly longest?: string;
  readonly requires?: readonly string[];
  readonly understood?: { readonly text: string; readonly version: string };
  readonly unexplained?: string;
  readonly limits?: { readonly removals?: number | string; readonly additions?: number | string; readonly minimum?: number };
}

export interface PlainRules {
  readonly people: Readonly<
    Record<string, { readonly gitlab: number | readonly number[]; readonly also?: readonly string[]; readonly keys?: readonly string[] }>
  >;
  readonly teams: Readonly<Record<string, readonly string[]>>;
  readonly rules: { readonly approvers: readonly string[]; readonly approvals?: number; readonly signed?: number };
  readonly groups: Readonly<Record<string, PlainGroup>>;
}

/** Of one grant file; null: it is not there, or says nothing that can be understood. */
export interface PlainChange {
  readonly group: string;
  readonly uid: string;
  readonly before: PlainGrant | null;
  readonly after: PlainGrant | null | 'not understood';
}

/** By bytes. */
export function inOrder(lines: readonly string[]): readonly string[] {
  return lines.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

const oneDay = 86_400_000;
const never = Number.MAX_SAFE_INTEGER;
const isDay = (text: string) => text.length === 'YYYY-MM-DD'.length;
const beginOf = ({ from }: PlainGrant) => (from === undefined ? undefined : Date.parse(from));
const endOf = ({ until }: PlainGrant) => (until === undefined ? never : Date.parse(until) + (isDay(until) ? oneDay : 0));

/** As of `at`. */
export function grantEffect({ group, uid, before, after }: PlainChange, at: number): readonly string[] {
  if (after === 'not understood') return [];
  const files = [before, after].filter((one) => one !== null);
  // Nothing changes between two of these, so they stand for all time that is still to come.
  const moments = [at, ...files.flatMap((one) => [beginOf(one) ?? at, endOf(one)])].filter((moment) => moment >= at && moment < never);
  const times = (grant: PlainGrant | null) =>
    moments.filter((moment) => grant !== null && moment >= (beginOf(grant) ?? 0) && moment < endOf(grant));
  const [had, has] = [times(before), times(after)];
  const more = has.filter((moment) => !had.includes(moment));
  const less = had.filter((moment) => !has.includes(moment));
  if (after === null || has.length === 0) return had.length > 0 ? [`${group} ${uid} loses`] : [];
  if (more.length + less.length === 0) return [];
  const word = had.length === 0 ? 'gains' : more.length > 0 ? 'extends' : 'shortens';
  const begin = beginOf(after);
  const from = begin !== undefined && begin > at && word !== 'shortens' ? ` from ${written(begin)}` : '';
  return [`${group} ${uid} ${word}${from} ${endOf(after) === never ? 'without end' : `until ${written(endOf(after))}`}`];
}

const written = (moment: number) => `${new Date(moment).toISOString().slice(0, 19)}Z`;

export function rulesEffects(before: PlainRules, after: PlainRules): readonly string[] {
  const had = [...new Set(facts(before))];
  const has = [...new Set(facts(after))];
  const drop = had.filter((fact) => !has.includes(fact)).map((fact) => `rules drop ${fact}`);
  return [...drop, ...has.filter((fact) => !had.includes(fact)).map((fact) => `rules add ${fact}`)];
}

function facts({ people, teams, rules, groups }: PlainRules): readonly string[] {
  const all: string[] = [];
  for (const name in people) {
    const { gitlab, also = [], keys = [] } = people[name] as NonNullable<(typeof people)[string]>;
    all.push(`person ${name}`);
    for (const id of [gitlab].flat()) all.push(`person ${name} gitlab ${id}`);
    for (const other of also) all.push(`person ${name} also ${other}`);
    for (const key of keys) all.push(`person ${name} key ${fingerprintOf(key)} ${key.split(' ')[0]}`);
  }
  for (const team in teams) {
    all.push(`team ${team}`);
    for (const name of teams[team] ?? []) all.push(`team ${team} member ${name}`);
  }
  for (const team of rules.approvers) all.push(`approvers ${team}`);
  all.push(`approvals ${rules.approvals ?? 1}`, `signed ${rules.signed ?? 0}`);
  for (const name in groups) for (const fact of groupFacts(groups[name] as PlainGroup)) all.push(`group ${name}${fact && ` ${fact}`}`);
  return all;
}

/** `ssh-keygen -l`: the hash of the middle word. */
function fingerprintOf(line: string): string {
  const hash = createHash('sha256').update(Buffer.from(line.split(' ')[1] ?? '', 'base64'));
  return `SHA256:${hash.digest('base64').replaceAll('=', '')}`;
}

/** With what docs/policy.md says of keys that are not there. */
function groupFacts(group: PlainGroup): readonly string[] {
  const { owner, members, approvers = [owner], approvals = 1, signed = 0, longest = '365 days', requires = [] } = group;
  const { removals = '20%', additions = '50%', minimum = 0 } = group.limits ?? {};
  return [
    '',
    `owner ${owner}`,
    `members ${members === 'grants' ? 'grants' : `roster ${members.roster}`}`,
    ...approvers.map((team) => `approvers ${team}`),
    `approvals ${approvals}`,
    `signed ${signed}`,
    `longest ${longest === 'none' ? 'none' : inWholeUnits(longest)}`,
    ...requires.map((field) => `requires ${field}`),
    ...(group.understood ? [`understood ${group.understood.version}`] : []),
    `unexplained ${group.unexplained ?? 'remove'}`,
    `removals ${removals}`,
    `additions ${additions}`,
    `minimum ${minimum}`,
  ];
}

/** The largest unit, of day, hour, minute and second, that leaves nothing over. */
function inWholeUnits(text: string): string {
  const inSeconds = { week: 604_800, day: 86_400, hour: 3600, minute: 60, second: 1 };
  const [number = '', unit = ''] = text.replace(/s$/, '').split(' ');
  const seconds = Number(number) * inSeconds[unit as keyof typeof inSeconds];
  for (const name of ['day', 'hour', 'minute', 'second'] as const) {
    const many = seconds / inSeconds[name];
    if (Number.isInteger(many)) return `${many} ${name}${many === 1 ? '' : 's'}`;
  }
  return text;
}
