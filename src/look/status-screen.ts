// `muster status`: what a host is doing, on one screen as wide as the terminal, and the same for programs.
import { orNull, refusedJson } from '../report/report-json.ts';
import type { KnownGroup, KnownHold, LastChange } from '../ledger/group-memory.ts';
import type { Dn, GroupName, Instant } from '../names.ts';
import type { Problem } from '../errors.ts';
import type { Foreign } from '../record/other-half.ts';
import type { Now } from '../record/now.ts';
import type { RunEnd } from '../reconcile/run-end.ts';
import { groupStateWords, renderClosing } from '../reconcile/run-text.ts';
import type { GroupReport, Report } from '../report/report.ts';
import { renderHoldCode } from '../report/report-words.ts';
import { renderPending, renderRefusalBriefly } from '../review/refusals.ts';
import { statusOf, type Status } from '../status.ts';
import { cutShort, hang, plain, renderEndOf, renderMoment } from '../text.ts';
import { count, renderDuration, renderInstant } from '../time.ts';

export interface StatusFacts {
  readonly at: Instant;
  readonly standing: { readonly state: 'active' | 'standby'; readonly why: string };
  readonly report: Report;
  readonly dns: ReadonlyMap<GroupName, Dn>;
  readonly known: ReadonlyMap<GroupName, Pick<KnownGroup, 'lastChange'>>;
  /** The last run with a sound clock. */
  readonly lastRun: Instant | undefined;
  readonly end: Foreign<RunEnd | undefined>;
  /** What judging saw when it last looked. */
  readonly now: Now | undefined;
  /** What keeps the record of judging from being taken as it is. */
  readonly problems: readonly Problem[];
}

const indent = ' '.repeat(11);
/** Of each kind: the rest is counted. A screen has 24 lines. */
const most = { problems: 2, holds: 2, waiting: 2, refused: 2, ending: 3, groups: 8, names: 4 } as const;

export function renderStatusScreen(facts: StatusFacts): string {
  const { report, at, standing } = facts;
  return [
    `muster status, ${renderMoment(at)}${report.mode === 'report' ? ': report mode, nothing is written to the directory' : ''}\n`,
    ...(standing.state === 'standby' ? [lines('standby', `this host writes nothing, for ${standing.why}`)] : []),
    lastRunLines(facts),
    judgingLine(facts),
    ...report.rosters.map((one) => rosterLine(one, facts)),
    ...listed(facts.report.groups, most.groups, (group) => groupLines(group, facts), 'groups'),
    ...listed(heldIn(report), most.holds, holdLines, 'held sets'),
    ...listed(report.waiting, most.waiting, (one) => waitingLine(one, report), 'changes that wait for a verdict'),
    ...listed(report.refused, most.refused, (one) => refusedLine(one, report), 'refused files'),
    ...listed(
      report.revocations.filter(({ lifted }) => !lifted),
      most.waiting,
      revokedLine,
      'revocations',
    ),
    ...listed(report.ending, most.ending, ({ until, uid, group }) => lines('ends', `${renderEndOf(until)}: ${uid} in ${group}`), 'ends'),
    report.ending.length > 0 ? lines('', 'Who needs longer asks: muster request GROUP UID --until DAY …') : '',
  ].join('');
}

/** What is too long for two lines is cut: the whole of it is a command away. */
function lines(label: string, text: string): string {
  return hang(label.padEnd(indent.length), `${plain(text)}${cutShort}`);
}

function listed<One>(all: readonly One[], mostOfThem: number, render: (one: One) => string, what: string): readonly string[] {
  const more = all.length - mostOfThem;
  return [...all.slice(0, mostOfThem).map(render), ...(more > 0 ? [lines('', `and ${more} more ${what}: muster plan`)] : [])];
}

function ago(then: Instant, { at }: StatusFacts): string {
  return `${renderMoment(then)} (${renderDuration(at - then)} ago)`;
}

/** Undefined where the end of the last run is not known: it could not be kept, or the run was killed. */
function endOf({ end, lastRun }: StatusFacts): RunEnd | undefined {
  const kept = end.kind === 'read' ? end.content : undefined;
  return kept && (lastRun === undefined || kept.at >= lastRun) ? kept : undefined;
}

function lastRunLines(facts: StatusFacts): string {
  const end = endOf(facts);
  const at = end?.at ?? facts.lastRun;
  if (at === undefined) return lines('last run', 'none on this host yet: see muster.timer, or run "muster reconcile"');
  if (!end) {
    const why = 'message' in facts.end ? ` (${facts.end.message})` : '';
    return lines('last run', `${ago(at, facts)}; how it ended is not known${why}: see journalctl -u muster.service`);
  }
  return [
    lines('last run', `${ago(at, facts)}, ${renderClosing(statusOf(end.statuses))}`),
    ...listed(end.problems, most.problems, (message) => lines('PROBLEM', message), 'problems'),
  ].join('');
}

function judgingLine(facts: StatusFacts): string {
  const { now, report, problems, standing } = facts;
  const known = new Set(endOf(facts)?.problems);
  const news = problems.filter(({ message }) => !known.has(message));
  const notYet = standing.state === 'standby' ? 'nothing is judged on a standby' : 'has not looked yet';
  const looked = now ? `looked at ${ago(now.at, facts)}` : notYet;
  const head = now?.head ? `, branch at ${now.head.slice(0, 12)}` : '';
  const behind = report.judged !== undefined && now?.head !== report.judged ? `, judged up to ${report.judged.slice(0, 12)}` : '';
  return [
    lines('judging', `${looked}${head}${behind}`),
    ...listed(news, most.problems, ({ message }) => lines('PROBLEM', message), 'problems'),
  ].join('');
}

function rosterLine({ roster, people, producedAt }: Report['rosters'][number], facts: StatusFacts): string {
  const seen = endOf(facts)?.rosters.find((one) => one.roster === roster);
  // A list that comes anew every day and says the same is the one that was accepted first.
  const accepted = `${count(people, 'person', 'people')}, list of ${ago(producedAt, facts)}`;
  if (!seen || seen.state === 'fresh') return lines('roster', `${roster}: ${seen ? 'fresh, ' : ''}${accepted}`);
  return lines('ROSTER', `${roster}: ${seen.state.toUpperCase()}, the last accepted list counts: ${accepted}. ${seen.message ?? ''}`);
}

function sourceOf({ rules }: GroupReport): string {
  if (!rules) return ', not in the rules in force';
  return rules.members.kind === 'roster' ? ` from the roster ${rules.members.roster}` : ' from grants';
}

function groupLines(group: GroupReport, facts: StatusFacts): string {
  const last = endOf(facts)?.groups.find((one) => one.group === group.group);
  const size = group.recorded ? count(group.members.length, 'member') : 'members not on record yet';
  const state = last ? `, ${groupStateWords[last.state]}` : '';
  const out = last && last.withheld > 0 ? `; ${last.withheld} named but kept out` : '';
  const change = facts.known.get(group.group)?.lastChange;
  const changed = change ? `; last change ${renderMoment(change.at)}: ${renderChange(change)}` : '';
  return (
    lines('group', `${group.group}: ${size}${sourceOf(group)}${state}${out}${changed}`) +
    (last && last.message !== null ? lines('', last.message) : '')
  );
}

function renderChange({ came, left }: LastChange): string {
  const names = [...left.map((name) => `-${name}`), ...came.map((name) => `+${name}`)];
  return few(names);
}

function few(names: readonly string[]): string {
  return names.length > most.names + 1
    ? `${names.slice(0, most.names).join(', ')} and ${names.length - most.names} more`
    : names.join(', ');
}

type Held = KnownHold & Pick<GroupReport, 'group'>;

function heldIn({ groups }: Report): readonly Held[] {
  return groups.flatMap(({ group, held }) => held.map((hold) => ({ ...hold, group })));
}

function holdLines({ group, code, digest, since, add, remove }: Held): string {
  const changes = few([...remove.map((name) => `-${name}`), ...add.map((name) => `+${name}`)]);
  const what = lines(
    'HELD',
    `${group}, since ${renderMoment(since)}, for an administrator of this host: ${changes}: ${renderHoldCode(code)}`,
  );
  if (code === 'ceiling') return what + lines('', 'If it is right, raise directory.ceilings in the configuration.');
  return `${what}  If it is right:  muster allow ${group} \\\n    ${plain(digest)} \\\n    --reason "…"\n`;
}

function waitingLine({ commit, since, pending }: Report['waiting'][number], { evidence }: Report): string {
  const where = `${commit.slice(0, 12)}${since === undefined ? '' : `, since ${renderMoment(since)}`}`;
  const whom = evidence === 'gitlab' && pending?.code !== 'waits-for-earlier' ? ' for GitLab' : '';
  return lines('waits', `${where}${whom}: ${pending ? renderPending(pending) : 'it has no verdict yet'}`);
}

function refusedLine(refusal: Report['refused'][number], { evidence }: Report): string {
  const whom = refusal.mergeRequest === null ? `whoever pushed ${refusal.commit.slice(0, 12)}` : `whoever opened !${refusal.mergeRequest}`;
  return lines('REFUSED', `${refusal.path.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}, for ${whom}: ${renderRefusalBriefly(refusal, evidence)}`);
}

function revokedLine({ uid, from, at }: Report['revocations'][number]): string {
  return lines('revoked', `${uid} from ${from ?? 'every managed group'}, since ${renderMoment(at)}, until "muster lift ${uid}"`);
}

export function renderStatusJson(facts: StatusFacts, status: Status): string {
  const { report, at, standing, now, problems } = facts;
  const end = endOf(facts);
  const document = {
    muster: 1,
    command: 'status',
    at: renderInstant(at),
    mode: report.mode,
    state: standing.state,
    status,
    lastRun: {
      at: orNull(end?.at ?? facts.lastRun),
      status: end ? statusOf(end.statuses) : null,
      problems: end?.problems ?? [],
    },
    judging: {
      at: orNull(now?.at),
      head: now?.head ?? null,
      judged: report.judged ?? null,
      problems: problems.map(({ code, message }) => ({ code, message })),
    },
    rosters: report.rosters.map(({ roster, people, sha256, producedAt, at: acceptedAt }) => ({
      name: roster,
      state: end?.rosters.find((one) => one.roster === roster)?.state ?? null,
      people,
      sha256,
      producedAt: renderInstant(producedAt),
      acceptedAt: renderInstant(acceptedAt),
    })),
    groups: report.groups.map((group) => groupJson(group, facts)),
    ...waitingJson(report),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function groupJson({ group, rules, recorded, members, held }: GroupReport, facts: StatusFacts): unknown {
  const last = endOf(facts)?.groups.find((one) => one.group === group);
  const change = facts.known.get(group)?.lastChange;
  return {
    group,
    dn: facts.dns.get(group) ?? null,
    state: last?.state ?? null,
    members: recorded ? members.length : null,
    source: rules?.members ?? null,
    withheld: last?.withheld ?? null,
    lastChange: change ? { at: renderInstant(change.at), add: sorted(change.came), remove: sorted(change.left) } : null,
    held: held.map((one) => ({ ...one, since: renderInstant(one.since) })),
    message: last?.message ?? null,
  };
}

function sorted(names: readonly string[]): readonly string[] {
  return [...names].sort();
}

function waitingJson({ waiting, refused, revocations, ending, evidence }: Report): object {
  return {
    waiting: waiting.map(({ commit, since, pending }) => ({
      commit,
      since: orNull(since),
      path: pending?.path ?? null,
      code: pending?.code ?? null,
      message: pending ? renderPending(pending) : null,
    })),
    refused: refusedJson(refused, evidence),
    revoked: revocations.filter(({ lifted }) => !lifted).map(({ uid, from, at }) => ({ uid, group: from, at: renderInstant(at) })),
    ending: ending.map((one) => ({ ...one, until: renderInstant(one.until) })),
  };
}
