// `muster request`: needs the sections `repository` and `gitlab` only, and a token to write with; without one it says how to do it by hand.
import { randomBytes } from 'node:crypto';
import type { Mirror } from '../history/mirror.ts';
import type { Invocation } from '../cli.ts';
import type { GrantText } from '../policy/grant-text.ts';
import type { Request, Requested, RequestPorts } from './request.ts';
import { parseGroupName, parseUid } from '../names.ts';
import { statusOf } from '../status.ts';
import { Misuse } from '../errors.ts';
import { branchOf, openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import { renderByHand, renderInForce, renderMendingByHand, renderObjections, renderOpened } from './request-text.ts';
import type { Printed } from '../command.ts';
import { surroundingsOf, surveySettings, type Caller } from '../host.ts';
import type { ForgeConfiguration } from '../review/review-merge-request.ts';
import { forgeConfiguration, parseNumber, review } from '../review/review-command.ts';
import { forgeSettingsWith } from '../gitlab/gitlab.ts';

export async function runRequest(invocation: Invocation, caller: Caller): Promise<Printed> {
  const { mend: number, config: _, ...others } = invocation.options;
  if (number !== undefined && (invocation.operands.length > 0 || Object.keys(others).length > 0))
    throw new Misuse('--mend takes the number of a merge request, and nothing stands beside it: muster request --mend 12');
  const configuration = await forgeConfiguration(invocation, caller);
  return withPrivateMirror(caller, configuration.judged, async (folder) => {
    if (typeof number === 'string') return runMend(parseNumber(number), configuration, folder, caller);
    const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller));
    return runGrant(requestOf(invocation), configuration, mirror, caller);
  });
}

function requestOf({ operands: [groupText = '', uidText = ''], options }: Invocation): Request {
  const group = parseGroupName(groupText);
  if (!group)
    throw new Misuse(groupText === '' ? 'say for which group: muster request GROUP UID' : `"${groupText}" is not the name of a group`);
  if (uidText === 'UID' || groupText === 'GROUP')
    throw new Misuse('write the uid of the person for UID, and the name of the group for GROUP');
  const uid = parseUid(uidText);
  if (!uid) throw new Misuse(uidText === '' ? 'say for whom: muster request GROUP UID' : `"${uidText}" is not a uid`);
  if (options['revoke'] === true) return { group, uid, values: null };
  const values = Object.fromEntries(
    (['reason', 'ticket', 'contact', 'from', 'until', 'understood'] as const).flatMap((key) => {
      const value = options[key];
      return typeof value === 'string' ? [[key, value] as const] : [];
    }),
  ) satisfies GrantText;
  if (Object.keys(values).length === 0) throw new Misuse('say until when and why: --until DAY --reason TEXT');
  return { group, uid, values };
}

/** Names the file of the caller's own token. */
const ownToken = 'MUSTER_GITLAB_TOKEN_FILE';

/** The caller's own token before the one of the notes: the merge request is opened in the name of its account. */
async function openForge({ gitlab }: ForgeConfiguration, caller: Caller) {
  const file = caller.environment[ownToken] ?? gitlab.commentTokenFile;
  if (file === undefined) return undefined;
  const { openMergeRequests } = await import('../gitlab/merge-requests.ts');
  return openMergeRequests(await forgeSettingsWith(file, gitlab, caller.now));
}

async function runGrant(wanted: Request, configuration: ForgeConfiguration, mirror: Mirror, caller: Caller): Promise<Printed> {
  const { request } = await import('./request.ts');
  const { folder, longest } = surveySettings(configuration);
  const ports: RequestPorts = {
    branch: branchOf(mirror),
    forge: await openForge(configuration, caller),
    now: caller.now(),
    unique,
  };
  const requested = await request(wanted, ports, { folder, longest, targetBranch: configuration.repository.branch });
  return { text: renderRequested(requested), status: statusOf(requested.kind === 'findings' ? ['findings'] : []) };
}

function renderRequested(requested: Requested): string {
  if (requested.kind === 'opened') return renderOpened(requested);
  return requested.kind === 'findings' ? renderObjections(requested) : renderByHand(requested);
}

function unique(): string {
  return randomBytes(4).toString('hex');
}

async function runMend(number: number, configuration: ForgeConfiguration, folder: string, caller: Caller): Promise<Printed> {
  const forge = await openForge(configuration, caller);
  if (!forge) throw new Misuse(`there is no token (gitlab.comment-token-file, or MUSTER_GITLAB_TOKEN_FILE): ${renderMendingByHand()}`);
  await refuseToMend(number, configuration, folder, caller);
  const { mend } = await import('./request.ts');
  const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller));
  const { history } = mirror;
  const ports = { branch: branchOf(mirror), parents: history.parents, changes: history.changes, forge, now: caller.now(), unique };
  const { folder: policy, branch } = configuration.repository;
  const { revert, again } = await mend(number, ports, { folder: policy, targetBranch: branch });
  const text = [
    `1. Merge !${revert.iid}, without squashing; nobody needs to approve it: ${revert.url}`,
    `2. Have !${again.iid} approved, and only then merge it: ${again.url}`,
    '',
  ].join('\n');
  return { text, status: statusOf([]) };
}

/** The pair of reverts would take away what was approved. Judged as a note on the merge request would be, by the token of whoever asks. */
async function refuseToMend(number: number, configuration: ForgeConfiguration, folder: string, caller: Caller): Promise<void> {
  const { gitlab } = configuration;
  const asCaller = { ...configuration, gitlab: { ...gitlab, tokenFile: caller.environment[ownToken] ?? gitlab.tokenFile } };
  const { review: standing, problems } = await review(number, asCaller, folder, caller);
  if (standing.kind === 'endorsed') throw new Misuse(renderInForce(number, standing));
  // With half of the answers nothing can be said about it, and what was merged is looked at by its files.
  if (standing.kind === 'waiting' && problems.length === 0)
    throw new Misuse(`!${number} has no verdict yet, and may be in force soon: "muster review ${number}" says what it waits for`);
}
