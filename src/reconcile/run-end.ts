// How the last run ended, in a file of the state folder: what the ledger does not tell, for `muster status`.
import { join } from 'node:path';
import * as v from 'valibot';
import { publishFile } from '../kept-files.ts';
import { ownerOf, readForeignText, type Foreign } from '../record/other-half.ts';
import { parseAs, group, instant, natural, roster, texts, type Kept } from '../record/shapes.ts';
import { exitStatus, type Status, type StatusName } from '../status.ts';
import { groupState, groupStates } from './run-json.ts';
import { withheldFrom, type RunReport } from './run.ts';
import type { RosterState } from '../roster/roster.ts';

const rosterStates = ['fresh', 'stale', 'damaged', 'empty', 'missing', 'unreadable'] as const satisfies readonly RosterState['kind'][];

const mostProblems = 10;
/** Letters of a message. */
const longestMessage = 500;
/** Bytes of the whole file. */
const largest = 1024 * 1024;

const message = v.nullable(v.string());

const shape = v.strictObject({
  format: v.literal(1),
  /** The moment by which it decided. */
  at: instant,
  /** All that held, worst first. */
  statuses: v.array(v.custom<StatusName>((value) => typeof value === 'string' && Object.hasOwn(exitStatus, value))),
  problems: texts,
  /** `withheld`: people whom something names and who are no members for it, those whose grant is over left out. */
  groups: v.array(v.strictObject({ group, state: v.picklist(groupStates), withheld: natural, message })),
  rosters: v.array(v.strictObject({ roster, state: v.picklist(rosterStates), message })),
});

export type RunEnd = Kept<typeof shape>;

export function runEnd({ at, problems, groups, rosters }: RunReport, { all }: Status): RunEnd {
  const short = (text: string) => text.slice(0, longestMessage);
  return {
    format: 1,
    at,
    statuses: all,
    problems: problems.slice(0, mostProblems).map((problem) => short(problem.message)),
    groups: groups.map((result) => ({
      group: result.proposal.group,
      state: groupState(result),
      withheld: withheldFrom(result.proposal).filter(({ reason }) => reason.code !== 'expired').length,
      message: result.message === undefined ? null : short(result.message),
    })),
    rosters: rosters.map(({ roster: name, state }) => ({
      roster: name,
      state: state.kind,
      message: state.kind === 'fresh' ? null : short(state.message),
    })),
  };
}

function endIn(state: string): string {
  return join(state, 'run-end.json');
}

/** Throws what the file system says. */
export function keepEnd(state: string, end: RunEnd, pid: number): void {
  publishFile(endIn(state), `${JSON.stringify(end)}\n`, `${endIn(state)}.${pid}.new`, 0o600);
}

/** Its content is undefined where it is not what a run leaves. */
export function readEnd(state: string): Foreign<RunEnd | undefined> {
  const owner = ownerOf(state);
  const found = owner === undefined ? ({ kind: 'absent' } as const) : readForeignText(endIn(state), owner, largest);
  return found.kind === 'read' ? { kind: 'read', content: parseAs(shape, found.content) } : found;
}
