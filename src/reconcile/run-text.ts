// `plan` and `reconcile` for an SRE at a glance: who, in or out, why, until when; what waits for a person, and what that person does.
import type { Hold } from '../membership/guard.ts';
import type { Addition, Removal } from '../membership/plan.ts';
import { withheldFrom, type GroupResult, type RosterStanding, type RunReport } from './run.ts';
import type { Status } from '../status.ts';
import { count } from '../time.ts';
import { needsWayBack, renderPending, renderRefusalBriefly, wayBackBy } from '../review/refusals.ts';
import { groupState, type GroupState } from './run-json.ts';
import {
  hang,
  plain,
  renderBecause,
  renderClaim,
  renderLink,
  renderMoment,
  renderRemoval,
  renderUnwritten,
  renderWithheld,
  tellingOnce,
} from '../text.ts';

const column = ' '.repeat(11);

/** `notes`: what whoever reads should know once, and what is no fault. */
export function renderRunText(report: RunReport, status: Status, notes: readonly string[] = []): string {
  const problems = report.problems.filter(({ code }) => !code.startsWith('roster-')).map(({ message }) => message);
  const once = tellingOnce();
  const reason = (message: string) => (problems.includes(message) ? 'see PROBLEM below' : once(message));
  const blocks = [
    heading(report),
    report.rules === undefined ? '' : `rules      ${report.rules} at start\n`,
    ...notes.map((note) => hang('NOTE       ', note)),
    ...report.claims.map((claim) => hang('NOTE       ', renderClaim(claim))),
    ...report.rosters.map(renderRoster),
    ...report.groups.map((result) => renderGroup(result, report.command, reason)),
    renderWithheldPeople(report),
    renderRefused(report),
    ...problems.map((message) => hang('PROBLEM    ', plain(message))),
    `${renderClosing(status)}\n`,
  ];
  return blocks.join('');
}

function heading({ command, at, mode, evidence, head, policy }: RunReport): string {
  const notes = [
    mode === 'report' ? 'report mode: nothing is written to the directory' : '',
    head ? `policy at ${head.slice(0, 12)}` : 'no policy',
  ];
  const judged = policy && head && policy.judged !== head ? `, judged up to ${policy.judged.slice(0, 12)}` : '';
  const loud =
    evidence === 'none'
      ? hang('WARNING    ', 'evidence: none. Whatever stands on the branch counts; nobody is asked for an approval.')
      : '';
  return `muster ${command}, ${renderMoment(at)}: ${notes.filter(Boolean).join(', ')}${judged}\n${loud}`;
}

function renderRoster({ roster, state, generation }: RosterStanding): string {
  const people = generation ? count(generation.uids.length, 'person', 'people') : 'nobody yet';
  if (state.kind === 'fresh') return `roster     ${roster}: fresh, ${people}, written ${renderMoment(state.producedAt)}\n`;
  const kept = generation
    ? `the last accepted list counts, ${people}`
    : 'no list was ever accepted, groups that need it are left as they are';
  return `ROSTER     ${roster}: ${state.kind.toUpperCase()}; ${kept}\n${hang(column, plain(state.message))}`;
}

export const groupStateWords: Readonly<Record<GroupState, string>> = {
  'in-sync': 'in sync',
  changes: 'changes wait',
  changed: 'changed',
  held: 'HELD',
  frozen: 'FROZEN',
  failed: 'FAILED',
};

function renderGroup(result: GroupResult, command: RunReport['command'], reason: (message: string) => string): string {
  const { proposal, members, message } = result;
  const state = groupState(result);
  const size = members === undefined ? '' : `, ${count(members, 'member')}`;
  const lines = [`group      ${proposal.group}: ${groupStateWords[state]}${size}\n`];
  if (message !== undefined) lines.push(hang(column, plain(reason(message))));
  if (proposal.kind !== 'planned') return lines.join('');
  const { guarded, plan, observed } = proposal;
  for (const one of renderUnwritten(observed.unwritten)) lines.push(hang(column, one));
  lines.push(renderChanges(guarded, '  '));
  for (const hold of guarded.held) lines.push(renderHold(hold, proposal.group, command));
  for (const { uid } of plan.reported)
    lines.push(hang(`  ? ${plain(uid).padEnd(16)} `, 'no grant explains this member; the rules of the group only report it'));
  return lines.join('');
}

type Line = { readonly mark: '+' | '-'; readonly who: string; readonly why: string };

function renderChanges(
  { add, remove }: { readonly add: readonly Addition[]; readonly remove: readonly Removal[] },
  indent: string,
): string {
  return renderLines(
    [
      ...remove.map(({ uid, because }) => ({ mark: '-' as const, who: plain(uid), why: `out: ${renderRemoval(because)}` })),
      ...add.map(({ uid, because }) => ({ mark: '+' as const, who: uid, why: `in:  ${renderBecause(because)}` })),
    ],
    indent,
  );
}

const mostLines = 40;
// Each is somebody's request: most runs of a lifetime have fewer.
const mostFilesShown = 100;
const mostNames = 200;

/** One line each; where a roster brings many people for the same reason, the reason once and then the names. */
function renderLines(lines: readonly Line[], indent: string): string {
  const blocks = [...byReason(lines).values()].flatMap((same) =>
    same.length > 3 ? [renderMany(same, indent)] : same.map(({ mark, who, why }) => hang(`${indent}${mark} ${who.padEnd(16)} `, why)),
  );
  const more = blocks.length > mostLines ? [`${indent}  and ${blocks.length - mostLines} more; --json shows all\n`] : [];
  return [...blocks.slice(0, mostLines), ...more].join('');
}

function byReason(lines: readonly Line[]): ReadonlyMap<string, readonly Line[]> {
  const reasons = new Map<string, Line[]>();
  for (const line of lines) {
    const reason = line.mark + line.why;
    const same = reasons.get(reason);
    if (same) same.push(line);
    else reasons.set(reason, [line]);
  }
  return reasons;
}

function renderMany(same: readonly Line[], indent: string): string {
  const [{ mark, why } = { mark: '+', why: '' }] = same;
  const names = same.slice(0, mostNames).map(({ who }) => who);
  if (same.length > mostNames) names.push(`and ${same.length - mostNames} more; --json shows all`);
  const start = `${indent}${mark} ${count(same.length, 'person', 'people').padEnd(16)} `;
  return hang(start, why) + hang(' '.repeat(start.length), names.join(', '));
}

export function renderHold({ code, message, digest, add, remove }: Hold, group: string, command: RunReport['command']): string {
  const waits = hang('  ! ', `held, ${code}: ${plain(message)}`) + renderChanges({ add, remove }, '    ');
  if (code === 'ceiling')
    return waits + hang('    ', 'To have it made, an administrator of this host raises directory.ceilings in the configuration.');
  const when = command === 'plan' ? '' : ', and exactly this goes through, once, within 24 hours';
  const stay = remove.filter(({ because }) => because.kind === 'unexplained');
  const adopt =
    code === 'first-run' && stay.length > 0
      ? `    If they are to stay, this prints the grants (or the roster) to merge first:\n      muster adopt ${group}\n`
      : '';
  // In two lines, for the width; a shell takes them as one.
  return `${waits}${adopt}    If this is right, say so${when}:\n      muster allow ${group} \\\n        ${digest} --reason "…"\n`;
}

function renderWithheldPeople({ groups }: RunReport): string {
  const all = groups.flatMap(({ proposal }) => withheldFrom(proposal)).filter(({ reason }) => reason.code !== 'expired');
  const lines = all.map(({ uid, group, reason }) => hang('withheld   ', `${uid} from ${group}: ${renderWithheld(reason)}`));
  const more = lines.length > mostLines ? [`${column}and ${lines.length - mostLines} more; --json shows all\n`] : [];
  return [...lines.slice(0, mostLines), ...more].join('');
}

/** The way back is the same for nearly all refusals, so it is told once, below them. */
function renderRefused({ policy, evidence }: RunReport): string {
  const all = policy?.refused ?? [];
  const unlisted = policy?.unlisted ?? 0;
  const refused = all.map((one) => {
    const merge = one.mergeRequest === null ? one.commit.slice(0, 12) : `!${one.mergeRequest}`;
    const link = renderLink(one.link);
    const page = link === undefined ? '' : hang(column, link);
    return `REFUSED    ${plain(one.path)} (${merge}, ${one.code})\n${hang(column, renderRefusalBriefly(one, evidence))}${page}`;
  });
  const shown =
    refused.length > mostFilesShown
      ? [...refused.slice(0, mostFilesShown), `REFUSED    and ${refused.length - mostFilesShown} more; --json shows all\n`]
      : refused;
  if (unlisted > 0)
    shown.push(
      hang(
        'REFUSED    ',
        `${unlisted} more files in the policy folder that are too many to list, or whose names are too long; no change of the rules or of grants counts until they are gone`,
      ),
    );
  if (unlisted > 0 || all.some((one) => needsWayBack(one, evidence)))
    shown.push(...wayBackBy(evidence).map((step, at) => hang(at === 0 ? 'way back   ' : column, `${at + 1}. ${step}`)));
  const pending = (policy?.pending ?? []).map(
    (one) => `waits      ${plain(one.path)} (${one.commit.slice(0, 12)}, ${one.code})\n${hang(column, renderPending(one))}`,
  );
  return [
    ...shown,
    ...pending.slice(0, mostFilesShown),
    ...(pending.length > mostFilesShown ? [`waits      and ${pending.length - mostFilesShown} more; --json shows all\n`] : []),
  ].join('');
}

const meanings: Readonly<Record<string, string>> = {
  'in order': 'in order',
  held: 'held: changes wait for a person',
  refused: 'refused: some files on the branch are not in force',
  input: 'input: something cannot be used as it is',
  directory: 'directory: it refused or failed',
  unavailable: 'unavailable: something did not answer; the next run may succeed',
  pending: 'pending: changes wait to be made',
};

/** In one line, so that the last line of a log says it all: what decided the status in words, whatever else holds by its name. */
export function renderClosing({ code, all: [first = 'in order', ...others] }: Status): string {
  return `status ${code}: ${meanings[first] ?? first}${others.length > 0 ? `; also ${others.join(', ')}` : ''}`;
}
