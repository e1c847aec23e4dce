// What muster has to say about a merge request that is still open: what it would do, what is against it, and which approvals are missing.
// The answer is the one that the reconciler would give if it were merged now.
import { countApprovals, lacksSignatures, type Signing } from '../evidence/approval.ts';
import type { ApprovalCount, JudgedApproval, JudgedSignature, PathQuorum } from '../record/approval-count.ts';
import type { VersionDigests } from '../evidence/pushers.ts';
import { reviewedPaths } from '../evidence/beneficiaries.ts';
import { dirtyPath, dirtyRules, isAsEndorsed } from '../judge/effective.ts';
import { type PolicyState, type Refusal, type RefusalCode } from '../record/policy-state.ts';
import type { MergeRequest, Review } from '../record/kept-evidence.ts';
import {
  formObjection,
  isWellFormed,
  refusalOf,
  understood,
  wellFormedOnly,
  type FormSettings,
  type ReadingFinding,
  type Readings,
} from '../judge/form.ts';
import type { Landing } from '../history/landing.ts';
import { duration, inOrder, type Instant, type TeamName, type Uid } from '../names.ts';
import { grantObjections } from '../policy/policy-rules.ts';
import { membersOf, place, type Rules } from '../policy/policy.ts';
import { rulesChanges, type RulesChange } from '../check/rules-change.ts';
import type { Presence, Standing } from '../record/standing.ts';
import { effectsOf, needsOf, type Effect, type Need } from '../check/proposed-change.ts';
import type { Unreadable } from '../signing/carried.ts';
import { isOver } from '../record/grants.ts';
import type { EffectivePolicy, Pending } from '../record/effective-policy.ts';

/** Something that keeps the change from being endorsed, whoever approves it. The path is one that muster accepts, or left out. */
export interface Obstacle {
  /** `ended`: the end has passed. Merged and approved, it would give nothing. */
  readonly code: RefusalCode | 'ended';
  readonly path?: string;
  /** Where in the file, from 1; only where that is known. */
  readonly line?: number;
  readonly finding?: ReadingFinding;
}

export interface Proposal {
  readonly mergeRequest: MergeRequest;
  readonly review: Review;
  /** The landing that merging now would make. */
  readonly landing: Landing;
  readonly readings: Readings;
  /** Paths in the policy folder that the merge request changed, be they on the branch already or not. */
  readonly own: readonly string[];
  /** Paths that the branch and the merge request both changed, each in its own way. */
  readonly overlaps: readonly string[];
  /** The digest of the landing over the whole tree; undefined where nobody can have seen it before the merge. */
  readonly digest: string | undefined;
  readonly digests: VersionDigests;
  readonly signing: Signing;
  /** What is signed, but for the name of whoever signs. */
  readonly statement?: string;
  /** What looks like a signed statement and is none. */
  readonly unreadable?: readonly Unreadable[];
}

export interface OpenReview {
  readonly kind: 'open';
  /** It puts back what is endorsed where somebody changed it without approval: the first half of the way back, which needs no approval. */
  readonly restores: boolean;
  /** Merging changes no file of the policy. */
  readonly empty: boolean;
  readonly effects: readonly Effect[];
  /** What the rules would say otherwise, where they can be understood. */
  readonly rules: readonly RulesChange[];
  /** Whom it lets in, or gives more time, and whether the directory has them. */
  readonly people: readonly { readonly uid: Uid; readonly is: Presence }[];
  readonly needs: readonly Need[];
  /** Who may change the rules, and so who may approve what. */
  readonly changers: { readonly teams: readonly TeamName[]; readonly people: readonly Uid[] };
  readonly obstacles: readonly Obstacle[];
  /** Well-formed paths among those that both sides changed. */
  readonly overlaps: readonly string[];
  /** Files of this change that differ on the branch from what is in force: somebody put them there without approval. */
  readonly slippedIn: readonly Refusal[];
  /** Files of this change that stand on the branch and wait for their verdict. */
  readonly undecided: readonly Pending[];
  /** How many files on the branch wait for their verdict. */
  readonly waiting: number;
  readonly approvals: readonly JudgedApproval[];
  readonly signatures: readonly JudgedSignature[];
  /** What is needed and there, file by file. */
  readonly quorum: readonly PathQuorum[];
  /** People who opened the merge request or pushed to its branch. */
  readonly authors: readonly Uid[];
  readonly enough: boolean;
  readonly unreadable?: readonly Unreadable[];
  /** What is signed, where signatures are missing. */
  readonly statement?: string;
}

export function reviewOpen(
  proposal: Proposal,
  state: PolicyState,
  policy: EffectivePolicy,
  settings: FormSettings,
  now: Instant,
  presenceOf: Standing['presenceOf'],
): OpenReview {
  const { mergeRequest, review, landing, readings, overlaps, digests, signing } = proposal;
  const { folder } = settings;
  const { grants, rules: rulesAfter } = understood(readings);
  const reviewed = reviewedPaths(landing, state.rules, rulesAfter, folder);
  const authors = personsOf(state.rules, mergeRequest, review);
  const bound = { mergeRequest, mergedAt: now, review };
  // No version has the digest `unseen`: what nobody can have looked at is approved by nobody.
  const count: ApprovalCount = countApprovals(bound, state.rules, reviewed, proposal.digest ?? 'unseen', digests, state.takenOut, signing);
  const touched = new Set(proposal.own);
  const restoring = restores(landing, state);
  // What was taken away without approval does not come back by putting the file back.
  const effects = restoring ? [] : effectsOf(landing.changes, inForce(policy), grants, folder, now);
  const gaining = effects.flatMap(({ uid, effect }) => (uid && (effect === 'gains' || effect === 'extends') ? [uid] : []));
  return {
    kind: 'open',
    restores: restoring,
    empty: landing.changes.length === 0,
    effects,
    rules: restoring || !rulesAfter ? [] : rulesChanges(state.rules, rulesAfter),
    people: [...new Set(gaining)].sort(inOrder).map((uid) => ({ uid, is: presenceOf(uid) })),
    needs: needsOf(reviewed, state.rules, new Set(authors), folder, signing.ceilings),
    changers: { teams: state.rules.rules.approvers, people: membersOf(state.rules, state.rules.rules.approvers) },
    obstacles: restoring ? [] : obstaclesTo(landing, readings, state, policy, settings, now),
    overlaps: overlaps.filter((path) => isWellFormed(path, folder)),
    slippedIn: policy.refused.filter(({ path }) => touched.has(path) && isWellFormed(path, folder)),
    undecided: policy.pending.filter(({ path }) => touched.has(path) && isWellFormed(path, folder)),
    waiting: policy.pending.length,
    approvals: count.approvals,
    signatures: count.signatures ?? [],
    quorum: wellFormedOnly(count.paths, folder),
    authors,
    enough: count.enough,
    ...(proposal.unreadable && { unreadable: proposal.unreadable }),
    ...(proposal.statement !== undefined && count.paths.some(lacksSignatures) && { statement: proposal.statement }),
  };
}

/** Only files that were not as endorsed, and all of them become so. */
function restores({ changes, outside, hiddenBy }: Landing, state: PolicyState): boolean {
  const puts = changes.every(({ path, before, after }) => isAsEndorsed(state, path, after) && !isAsEndorsed(state, path, before));
  return puts && changes.length > 0 && outside === 0 && hiddenBy === undefined;
}

function inForce({ grants }: EffectivePolicy): ReadonlyMap<string, EffectivePolicy['grants'][number]> {
  return new Map(grants.map((grant) => [grant.path, grant]));
}

/** All accounts of a person count, so this is about persons and not about accounts. */
function personsOf(rules: Rules, { author }: MergeRequest, { pushes }: Review): readonly Uid[] {
  const accounts = new Set([author?.id, ...pushes.map(({ by }) => by?.id)]);
  const persons = [...rules.people.values()].filter(({ gitlab }) => gitlab.some((id) => accounts.has(id)));
  return persons.map(({ uid }) => uid).sort(inOrder);
}

/** Everything but missing approvals that judging would have against a landing at `now`. Empty: only approvals can be missing. */
export function obstaclesTo(
  landing: Landing,
  readings: Readings,
  state: PolicyState,
  policy: Pick<EffectivePolicy, 'pending'>,
  settings: FormSettings,
  now: Instant,
): readonly Obstacle[] {
  if (landing.changes.length === 0) return [];
  const { folder } = settings;
  const waits = new Set(policy.pending.map(({ path }) => path));
  const judgedPaths = { ...landing, changes: landing.changes.filter(({ path }) => !waits.has(path)) };
  const found: readonly (Obstacle | undefined)[] = [
    ...formObstacles(landing, readings, state, settings),
    ...grantObstacles(landing, readings, state.rules, settings, now),
    about('rules-dirty', dirtyRules(state, folder), folder),
    about('dirty', dirtyPath(state, judgedPaths), folder),
  ];
  const distinct = new Map(found.flatMap((one) => (one ? [[JSON.stringify(one), one] as const] : [])));
  return [...distinct.values()];
}

/** What is wrong with the landing as a whole, and with each of its files as if it came alone. */
function formObstacles(
  landing: Landing,
  readings: Readings,
  state: PolicyState,
  settings: FormSettings,
): readonly (Obstacle | undefined)[] {
  const { hiddenBy: _, ...shown } = landing;
  const alone = landing.changes.map((change) => ({ ...shown, outside: 0, changes: [change] }));
  const ofGrants = new Set(Object.values(refusalOf));
  return [landing, ...alone].map((one) => {
    const objection = formObjection(state, one, readings, settings);
    return objection && !ofGrants.has(objection.code)
      ? about(objection.code, objection.detail, settings.folder, objection.finding)
      : undefined;
  });
}

function about(code: RefusalCode, detail: string | undefined, folder: string, finding?: ReadingFinding): Obstacle | undefined {
  return detail === undefined ? undefined : { code, ...locate(detail, folder), finding };
}

function grantObstacles(
  { changes }: Landing,
  { files }: Readings,
  rules: Rules,
  { folder, longest }: FormSettings,
  now: Instant,
): readonly Obstacle[] {
  return changes.flatMap(({ path }): readonly Obstacle[] => {
    const reading = files.get(path);
    if (reading?.kind !== 'grant' || !isWellFormed(path, folder) || place(path, folder).kind !== 'grant') return [];
    const ceiling = longest.get(reading.grant.group);
    if (isOver(reading.grant.until, now)) return [{ code: 'ended', path }];
    const objections = grantObjections(reading.grant, rules, now, ceiling === undefined ? undefined : duration(ceiling));
    // What others say of a length depends on the day, and the note would be another one each day.
    return objections.map(({ code, fix }) => ({
      code: refusalOf[code],
      path,
      ...(code === 'missing-field' && { finding: { code, fix } }),
    }));
  });
}

/** Details begin with a path, some with a line: what is well-formed of it may be repeated, the rest may hold what an author wrote. */
function locate(detail: string, folder: string): Pick<Obstacle, 'path' | 'line'> {
  const [, path = detail, line] = /^([^:\s]+)(?::(\d{1,6}):\d{1,6}: |$)/s.exec(detail) ?? [];
  if (!isWellFormed(path, folder)) return {};
  return { path, line: line === undefined ? undefined : Number(line) };
}
