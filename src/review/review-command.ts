// `muster review`: needs the sections `repository` and `gitlab` only. With a ledger it judges from there, without one in memory from `start`.
import type { Invocation } from '../cli.ts';
import {
  openComments,
  openForge,
  reviewMergeRequest,
  reviewSettings,
  type ForgeConfiguration,
  type Reviewed,
  type ReviewPorts,
} from './review-merge-request.ts';
import { steadyNow } from '../membership/clock.ts';
import { nothingStands, readStanding } from '../record/standing.ts';
import { statusOf, type Status, type StatusName } from '../status.ts';
import type { EvidenceKind } from '../evidence/evidence.ts';
import { Misuse } from '../errors.ts';
import { noteMarker } from './note-words.ts';
import { renderNote } from './note.ts';
import { isStopped } from './note-open.ts';
import { branchOf, openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import type { Printed } from '../command.ts';
import { asIfWaited, openEvidence } from '../evidence/open-evidence.ts';
import { keptRecords, ownRecordInMemory } from '../judge/own-record.ts';
import { readRefusedByHand } from '../record/by-hand.ts';
import type { CommitId } from '../names.ts';
import { readConfiguration, surroundingsOf, type Caller } from '../host.ts';

export async function forgeConfiguration({ options }: Invocation, caller: Caller): Promise<ForgeConfiguration> {
  const configuration = await readConfiguration(typeof options['config'] === 'string' ? options['config'] : undefined, caller);
  const { gitlab, evidence, file } = configuration;
  if (!gitlab) throw new Misuse(`${file}: the section "gitlab" is missing${noMergeRequests[evidence]}`);
  return { ...configuration, gitlab };
}

const noMergeRequests: Readonly<Record<EvidenceKind, string>> = {
  gitlab: '',
  signed:
    ': a host with "evidence: signed" has no merge requests to speak of. "muster check --against" says what a branch would do, "muster approve BRANCH" signs it',
  none: ': a host with "evidence: none" has no merge requests to speak of, and whatever is pushed counts',
};

export function parseNumber(text: string): number {
  const digits = /^!?([1-9]\d{0,8})$/.exec(text)?.[1];
  if (digits === undefined) throw new Misuse(`"${text}" is not the number of a merge request`);
  return Number(digits);
}

export async function runReview(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await forgeConfiguration(invocation, caller);
  const iid = parseNumber(invocation.operands[0] ?? '');
  const reviewed = await withPrivateMirror(caller, configuration.judged, (folder) => review(iid, configuration, folder, caller));
  for (const { message } of reviewed.problems) caller.warn(message);
  const text = renderNote(reviewed.review);
  const status = reviewStatus(reviewed);
  const posted = invocation.options['post'] === true ? await post(iid, text, reviewed, configuration, caller) : 'not asked';
  if (invocation.options['json'] === true) {
    const { renderReviewJson } = await import('./review-text.ts');
    return { text: renderReviewJson(iid, reviewed.review, posted, status), status };
  }
  // By the mark muster finds its own note again: nobody has to read it.
  return { text: posted === 'not asked' ? text.replace(`${noteMarker}\n\n`, '') : `The note on !${iid}: ${posted}.\n`, status };
}

/** Whoever may not read what the host keeps is told nothing of how far grants have come. */
export async function review(iid: number, configuration: ForgeConfiguration, folder: string, caller: Caller): Promise<Reviewed> {
  const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller));
  const kept = configuration.judged === undefined ? [] : keptRecords(configuration.judged);
  const record = ownRecordInMemory(kept, caller.now());
  const { project, firstSeen } = record.state();
  const now = steadyNow(caller.now(), record.latest);
  const refused = configuration.state === undefined ? new Map<CommitId, string>() : readRefusedByHand(configuration.state);
  const known = {
    project,
    firstSeen: (commit: CommitId) => firstSeen.get(commit),
    refusedByHand: (commit: CommitId) => refused.get(commit),
  };
  const { judge, signing } = await openEvidence(configuration, mirror, caller, { ...asIfWaited, ...(kept.length > 0 ? known : {}), now });
  const ports: ReviewPorts = {
    branch: branchOf(mirror),
    judge,
    record,
    now,
    forge: await openForge(configuration, caller),
    commits: mirror,
    records: record.records,
    signing,
    ...(configuration.state === undefined ? nothingStands : readStanding(configuration.state)),
  };
  caller.progress('reading');
  return reviewMergeRequest(iid, ports, reviewSettings(configuration));
}

function reviewStatus({ review: of, problems }: Reviewed): Status {
  const names = new Set<StatusName>(problems.map(({ status }) => status));
  if (of.kind === 'open' && isStopped(of)) names.add('findings');
  if (of.kind === 'refused' && !of.healed) names.add('refused');
  if (of.kind === 'waiting') names.add('unavailable');
  return statusOf(names);
}

/** What was judged with half of the answers is not told to others. */
async function post(
  iid: number,
  text: string,
  { review: of, problems }: Reviewed,
  configuration: ForgeConfiguration,
  caller: Caller,
): Promise<string> {
  if (problems.length > 0) return 'left as it is, because not everything could be judged';
  const notes = await openComments(configuration, caller);
  const isNews = of.kind !== 'nothing' && of.kind !== 'unmerged' && !(of.kind === 'open' && of.empty && of.slippedIn.length === 0);
  const done = await notes.write(iid, noteMarker, text, isNews);
  return done === 'none' ? 'not needed' : done;
}
