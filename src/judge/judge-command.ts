// `muster judge`: fetch and judge what is new, and write verdicts. What `reconcile` starts for itself, and a unit of its own does.
import { randomBytes } from 'node:crypto';
import { lchownSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Invocation } from '../cli.ts';
import type { Printed } from '../command.ts';
import { errnoOf, Misuse, stateFailure, Unusable } from '../errors.ts';
import { replaceFile } from '../kept-files.ts';
import { inOrderOfPath } from '../names.ts';
import { readConfiguration, standingOf, type Caller } from '../host.ts';
import { begunAnewIn } from '../record/other-half.ts';
import { statusOf, type StatusName } from '../status.ts';
import { plain } from '../text.ts';
import { renderInstant } from '../time.ts';
import { forJudging, judgeOnce, type JudgeConfiguration, type Looked } from './judge-once.ts';
import { nextRecordIn } from './own-record.ts';

export async function runJudge({ options }: Invocation, caller: Caller): Promise<Printed> {
  const named = typeof options['config'] === 'string' ? options['config'] : undefined;
  const configuration = forJudging(await readConfiguration(named, caller));
  const json = options['json'] === true;
  const { state, why } = await standingOf(configuration);
  if (state === 'standby') {
    const status = statusOf([]);
    const text = json
      ? `${JSON.stringify({ muster: 1, command: 'judge', at: renderInstant(caller.now()), state, status }, null, 2)}\n`
      : `This host is the standby, for ${why}: nothing is judged here.\n`;
    return { text, status };
  }
  if (options['beginAnew'] === true) setAside(configuration, caller);
  await goOnAsOwnerOfJudged(configuration, caller);
  makeFolder(configuration);
  const looked = await judgeOnce(configuration, caller);
  const status = statusOf(statusesOf(looked));
  return { text: json ? renderJson(looked, status) : renderText(looked), status };
}

/** What one look ends with: what cannot be used, what did not answer, and what is refused as long as that lasts. */
function statusesOf({ judged: { policy, problems } }: Looked): readonly StatusName[] {
  const names = problems.map(({ status }) => status);
  if (policy && policy.refused.length + policy.unlisted > 0) names.push('refused');
  if (policy && policy.pending.length > 0) names.push('unavailable');
  return names;
}

function renderText({ judged: { policy, head, problems }, now }: Looked): string {
  const lines = [
    `judged   ${policy ? `up to ${policy.judged.slice(0, 12)}` : 'nothing yet'}${head && head !== policy?.judged ? `, the branch is at ${head.slice(0, 12)}` : ''}`,
    `record   ${now.record.line} lines`,
    ...(policy?.refused ?? []).map(({ path, code }) => `refused  ${path}: ${code}`),
    ...(policy && policy.unlisted > 0 ? [`refused  and ${policy.unlisted} more`] : []),
    ...(policy?.pending ?? []).map(({ path, detail }) => `waits    ${path}: ${detail}`),
    ...problems.map(({ message }) => `PROBLEM  ${message}`),
  ];
  return lines.map((line) => `${plain(line)}\n`).join('');
}

function renderJson({ judged: { policy, head, problems }, now }: Looked, status: Printed['status']): string {
  const document = {
    muster: 1,
    command: 'judge',
    at: renderInstant(now.at),
    state: 'active',
    status,
    head: head ?? null,
    judged: policy?.judged ?? null,
    record: now.record,
    refused: [...(policy?.refused ?? [])].sort(inOrderOfPath),
    unlisted: policy?.unlisted ?? 0,
    pending: [...(policy?.pending ?? [])].sort(inOrderOfPath),
    problems,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** As root, judging goes on as whoever owns its folder, and never as root. */
async function goOnAsOwnerOfJudged({ judged, state }: JudgeConfiguration, { goOnAs }: Caller): Promise<void> {
  if (!goOnAs) return;
  const owner = ownerOfFirst(judged, state);
  if (owner && owner.uid !== 0) await goOnAs(owner);
}

function ownerOfFirst(...paths: readonly string[]): { readonly uid: number; readonly gid: number } | undefined {
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found) return found;
  }
  return undefined;
}

/** Its own folder below the state folder is made where it is missing; one that the configuration names is not: it is as lost as the state folder. */
function makeFolder({ judged, state }: JudgeConfiguration): void {
  try {
    if (dirname(judged) === state) mkdirSync(judged, { mode: 0o750 });
    else statSync(judged);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    // The account that only judges may make nothing in the state folder.
    const isForJudge = dirname(judged) !== state || errnoOf(error) === 'EACCES';
    throw isForJudge ? missing(judged, error) : stateFailure('ledger', state, `${judged} cannot be made`, error);
  }
}

function missing(judged: string, error: unknown): Unusable {
  return new Unusable(
    `the folder of judging ${judged} cannot be used (${errnoOf(error)}). The administrator of this host mounts it or restores it from its backup; on a new host it is made, empty, for the account that judges: install -d -m 0750 -o muster-judge -g muster-judge ${judged}`,
    { cause: error },
  );
}

/**
 * The old record is kept beside the new one, whose name root chooses: it stands in converging's own folder, where judging cannot write, and what
 * that record would add or lengthen is held there as `new-start`.
 */
function setAside({ judged, state }: JudgeConfiguration, { goOnAs, now }: Caller): void {
  if (!goOnAs) throw new Misuse('"muster judge --begin-anew" is for root: judging must not be able to begin its record anew by itself');
  const id = randomBytes(16).toString('hex');
  const suffix = renderInstant(now()).replaceAll(/[^0-9TZ]/g, '');
  try {
    for (const file of ['record.jsonl', 'record.head']) renameIfThere(join(judged, file), join(judged, `${suffix}-${file}`));
    rmSync(join(judged, 'now.json'), { force: true });
    writeFor(nextRecordIn(judged), `${id}\n`, judged);
    writeFor(begunAnewIn(state), `${id}\n`, state);
  } catch (error) {
    throw stateFailure('ledger', judged, `the record of judging in ${judged} could not be set aside`, error);
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** A file of whoever owns the folder. */
function writeFor(path: string, text: string, folder: string): void {
  const { uid, gid } = statSync(folder);
  replaceFile(path, text);
  lchownSync(path, uid, gid);
}
