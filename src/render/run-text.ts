// `plan` and `reconcile` for an SRE at a glance: who, in or out, why, until when; what waits for a person, and what that person does.
import type { Hold } from '../domain/guard.ts';
import type { Addition, Removal } from '../domain/plan.ts';
import type { GroupResult, RosterStanding, RunReport } from '../domain/run.ts';
import type { Status } from '../domain/status.ts';
import { count, renderInstant } from '../domain/time.ts';
import { renderPending, renderRefusal } from './refusals.ts';
import { groupState, type GroupState } from './run-json.ts';
import { plain, renderBecause, renderRemoval, renderWithheld } from './words.ts';

export function renderRunText(report: RunReport, status: Status): string {
  const blocks = [
    heading(report),
    ...report.rosters.map(renderRoster),
    ...report.groups.map((result) => renderGroup(result, report.command)),
    renderWithheldPeople(report),
    renderRefused(report),
    ...report.problems.filter(({ code }) => !code.startsWith('roster-')).map(({ message }) => `PROBLEM    ${plain(message)}\n`),
    `${closing(status)}\n`,
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
      ? 'WARNING    evidence: none. Whatever stands on the branch counts; no merge request and no approval is asked for.\n'
      : '';
  return `muster ${command}, ${renderInstant(at)}: ${notes.filter(Boolean).join(', ')}${judged}\n${loud}`;
}

function renderRoster({ roster, state, generation }: RosterStanding): string {
  const people = generation ? count(generation.uids.length, 'person', 'people') : 'nobody yet';
  if (state.kind === 'fresh') return `roster     ${roster}: fresh, ${people}, written ${renderInstant(state.producedAt)}\n`;
  const kept = generation
    ? `kept: the last accepted list, ${people}`
    : 'no list was ever accepted, groups that need it are left as they are';
  return `ROSTER     ${roster}: ${state.kind.toUpperCase()}; ${kept}\n           ${plain(state.message)}\n`;
}

const words: Readonly<Record<GroupState, string>> = {
  'in-sync': 'in sync',
  changes: 'changes wait',
  changed: 'changed',
  held: 'HELD',
  frozen: 'FROZEN',
  failed: 'FAILED',
};

function renderGroup(result: GroupResult, command: RunReport['command']): string {
  const { proposal, members, message } = result;
  const state = groupState(result);
  const size = members === undefined ? '' : `, ${count(members, 'member')}`;
  const lines = [`group      ${proposal.group}: ${words[state]}${size}\n`];
  if (message !== undefined) lines.push(`           ${plain(message)}\n`);
  if (proposal.kind !== 'planned') return lines.join('');
  const { guarded, plan } = proposal;
  lines.push(...several(guarded.remove, renderOut), ...several(guarded.add, renderIn));
  for (const hold of guarded.held) lines.push(renderHold(hold, proposal.group, command));
  for (const { uid } of plan.reported) lines.push(`  ? ${plain(uid)}  no grant explains this member; the group's rules only report it\n`);
  return lines.join('');
}

const mostShown = 40;

function several<Change>(changes: readonly Change[], render: (change: Change, mark: string) => string, indent = '  '): readonly string[] {
  const shown = changes.slice(0, mostShown).map((change) => render(change, indent));
  return changes.length > mostShown ? [...shown, `${indent}  and ${changes.length - mostShown} more; --json shows all\n`] : shown;
}

function renderIn({ uid, because }: Addition, indent: string): string {
  return `${indent}+ ${uid.padEnd(16)} in:  ${renderBecause(because)}\n`;
}

function renderOut({ uid, because }: Removal, indent: string): string {
  return `${indent}- ${plain(uid).padEnd(16)} out: ${renderRemoval(because)}\n`;
}

function renderHold({ code, message, digest, add, remove }: Hold, group: string, command: RunReport['command']): string {
  const waits = `  ! held, ${code}: ${plain(message)}\n`;
  const next =
    code === 'ceiling'
      ? '      To let them in, an administrator of this host raises directory.ceilings in the configuration.\n'
      : `      If this is right:  muster allow ${group} ${digest} --reason "…"\n`;
  const hint = command === 'plan' || code === 'ceiling' ? '' : '      It then goes through once, at the next run.\n';
  return [waits, ...several(remove, renderOut, '      '), ...several(add, renderIn, '      '), next, hint].join('');
}

function renderWithheldPeople({ groups }: RunReport): string {
  const all = groups
    .flatMap(({ proposal }) => (proposal.kind === 'planned' ? proposal.desired.withheld : []))
    .filter(({ reason }) => reason.code !== 'expired');
  return several(all, ({ uid, group, reason }) => `withheld   ${uid} from ${group}: ${renderWithheld(reason)}\n`, '').join('');
}

function renderRefused({ policy }: RunReport): string {
  const refused = (policy?.refused ?? []).map((one) => {
    const merge = one.mergeRequest === null ? one.commit.slice(0, 12) : `!${one.mergeRequest}`;
    return `REFUSED    ${plain(one.path)} (${merge}, ${one.code})\n           ${renderRefusal(one)}\n`;
  });
  const pending = (policy?.pending ?? []).map(
    (one) => `waits      ${plain(one.path)} (${one.commit.slice(0, 12)}, ${one.code})\n           ${renderPending(one)}\n`,
  );
  return [...refused, ...pending].join('');
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

function closing({ code, all }: Status): string {
  return `status ${code}: ${all.map((name) => meanings[name] ?? name).join('; ')}`;
}
