// `muster status`: what the state folder and the folder of judging hold. Nobody is asked, and nothing is written.
import type { Invocation } from '../cli.ts';
import { hostConfiguration, type Printed } from '../command.ts';
import { requireState, standingOf, type Caller, type HostConfiguration } from '../host.ts';
import { replayTo } from '../ledger/replay.ts';
import { openStateToRead } from '../ledger/state.ts';
import { readEnd } from '../reconcile/run-end.ts';
import { readJudging } from '../reconcile/sources.ts';
import { takeRecord } from '../reconcile/take.ts';
import { nowOf, settingsOf } from '../report/page.ts';
import { reportOf } from '../report/report.ts';
import { statusOf } from '../status.ts';
import { renderStatusJson, renderStatusScreen, type StatusFacts } from './status-screen.ts';

export async function runStatus(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  caller.progress('reading');
  const facts = await readStatus(configuration, caller);
  // What cannot be read as what judging writes is told as elsewhere; whatever else was read is no status of this command.
  const status = statusOf(facts.problems.some(({ code }) => code === 'record-unusable') ? ['input'] : []);
  return { text: invocation.options['json'] === true ? renderStatusJson(facts, status) : renderStatusScreen(facts), status };
}

async function readStatus(configuration: HostConfiguration, caller: Caller): Promise<StatusFacts> {
  requireState(configuration);
  const state = await openStateToRead(configuration.state);
  for (const note of state.notes) caller.warn(note);
  const at = nowOf(state, caller);
  const seen = readJudging(configuration, state.memory);
  const { start, folder } = configuration.repository;
  const judged = takeRecord(state.memory, seen, { start, folder, now: at, clock: caller.now(), lastRun: state.lastRun });
  const settings = settingsOf(configuration, { at, since: undefined }, 'record');
  const standing = await standingOf(configuration);
  return {
    at,
    standing,
    report: reportOf(replayTo(state.records(), settings), { policy: judged.policy, rosterPeople: new Map() }, settings),
    dns: configuration.directory.groups,
    known: state.memory.groups,
    lastRun: state.lastRun,
    end: readEnd(configuration.state),
    now: seen.now.kind === 'read' ? seen.now.content : undefined,
    // A standby judges nothing: that it is silent there is as it should be.
    problems: judged.problems.filter(({ code }) => standing.state === 'active' || code !== 'judging-silent'),
  };
}
