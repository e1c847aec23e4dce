// Who still names a revoked person, as far as this host's record tells, and the asking on GitLab that they follow. Nobody waits long for it.
import { readGeneration } from '../roster/generations.ts';
import { readSecret } from '../config/secret-files.ts';
import type { Configuration } from '../config/configuration.ts';
import { ratify, type RatifyPorts } from './ratify.ts';
import type { Memory } from '../ledger/memory.ts';
import type { GroupName, Instant, RosterName, Uid } from '../names.ts';
import { stillNamed, type StillNamed } from './ratification.ts';
import type { RosterRecord } from '../ledger/record.ts';
import { parseRoster } from '../roster/roster.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { renderAskedFor, renderByHand, renderStillNamed } from './ratification-words.ts';
import type { Caller, HostConfiguration } from '../reconcile/host.ts';
import { openStateToRead } from '../ledger/state.ts';

export interface RevokedTarget {
  readonly uid: Uid;
  readonly only: GroupName | undefined;
}

/** What is left to do after a revocation, and what was done of it. Never throws for anything that GitLab or the record does. */
export async function askToFollow({ uid, only }: RevokedTarget, configuration: HostConfiguration, caller: Caller): Promise<string> {
  const onRecord = await openNamesOnRecord(configuration.state, caller.now());
  if (!onRecord) return `Who still names ${uid} is not known: the record of this host cannot be read, or is empty.\n`;
  const still = onRecord({ uid, only });
  const named = renderStillNamed(uid, still);
  if (still.namedBy.length === 0) return named;
  try {
    if (!configuration.gitlab) return `${named}By hand:\n${renderByHand(uid, still, false)}`;
    const forge = await openForge(configuration.gitlab, caller);
    if (!forge) return `${named}No token may write on GitLab, so by hand:\n${renderByHand(uid, still, true)}`;
    const asked = await ratify(uid, only, still, { forge, targetBranch: configuration.repository.branch });
    return named + asked.map(renderAskedFor).join('');
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Misuse || error instanceof Unusable)) throw error;
    return `${named}Nothing was asked for on GitLab (${error.message}). By hand, later:\n${renderByHand(uid, still, true)}`;
  }
}

/** Undefined where there is no record that could tell. */
export async function openNamesOnRecord(folder: string, now: Instant): Promise<((target: RevokedTarget) => StillNamed) | undefined> {
  try {
    const { memory } = await openStateToRead(folder);
    if (!memory.policy) return undefined;
    const policy = { rules: memory.policy.rules, grants: [...memory.policy.inForce.values()] };
    const people = await rosterPeople(memory, folder);
    return ({ uid, only }) => stillNamed({ uid, ...(only === undefined ? {} : { group: only }) }, policy, people, now);
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return undefined;
    throw error;
  }
}

async function rosterPeople({ rosters }: Memory, folder: string): Promise<ReadonlyMap<RosterName, ReadonlySet<string>>> {
  const people = new Map<RosterName, ReadonlySet<string>>();
  for (const record of rosters.values()) {
    const list = await peopleOfGeneration(record, folder);
    if (list) people.set(record.roster, list);
  }
  return people;
}

/** The people of an accepted list; undefined where it is no longer kept. */
export async function peopleOfGeneration({ roster, sha256 }: RosterRecord, folder: string): Promise<ReadonlySet<string> | undefined> {
  const kept = await readGeneration(folder, roster, sha256);
  const parsed = kept.kind === 'kept' ? parseRoster(kept.bytes) : undefined;
  return parsed && 'uids' in parsed ? new Set(parsed.uids) : undefined;
}

/** One try each: at three in the morning nobody waits for a server that is down. */
async function openForge(gitlab: NonNullable<Configuration['gitlab']>, caller: Caller): Promise<RatifyPorts['forge'] | undefined> {
  const file = caller.environment['MUSTER_GITLAB_TOKEN_FILE'] ?? gitlab.commentTokenFile;
  if (file === undefined) return undefined;
  const [{ openMergeRequests }, { openIssues }] = await Promise.all([import('../gitlab/merge-requests.ts'), import('../gitlab/issues.ts')]);
  const terms = { url: gitlab.url, project: gitlab.project, now: caller.now, token: await readSecret(file), attempts: 1, timeout: 5_000 };
  return { ...openMergeRequests(terms), issue: openIssues(terms).open };
}
