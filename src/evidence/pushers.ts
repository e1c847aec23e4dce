// The versions of a merge request, what each contained, and who pushed it: GitLab tells of a push by a note, by an event of the source
// project, or by neither. Somebody who is not known might be anybody; whoever pushed the same content anew has contributed nothing.
import type { CommitId } from '../names.ts';
import { minute, second } from '../time.ts';
import type { Account, Push, Review, Version } from '../record/kept-evidence.ts';

/** Digests of changes D(base→head), by `changeKey`; `refused` where the server no longer gives the commits. */
export type VersionDigests = ReadonlyMap<string, string>;

export function changeKey(base: CommitId, head: CommitId): string {
  return `${base}..${head}`;
}

export function digestOf({ base, head }: Version, digests: VersionDigests): string {
  return base === null || head === null ? 'refused' : (digests.get(changeKey(base, head)) ?? 'refused');
}

/** So long the content must have stood there: the button names no commit, and a page shows what is new up to a minute late. */
export const screenTime = minute;

interface Shown {
  /** The last version that had been there for a minute. */
  readonly settled: Version | undefined;
  /** Those of the minute before the click, or of its very millisecond. */
  readonly fresh: readonly Version[];
}

/** What may have been on the screen at a moment. */
export function versionsShown(versions: readonly Version[], at: number): Shown {
  const there = inTime(versions).filter(({ createdAt }) => createdAt <= at);
  const fresh = there.filter(({ createdAt }) => createdAt > at - screenTime);
  return { settled: there.at(-1 - fresh.length), fresh };
}

function inTime(versions: readonly Version[]): readonly Version[] {
  return [...versions].sort((left, right) => left.createdAt - right.createdAt || left.id - right.id);
}

/** So many versions of one merge request are compared to find who only pushed the same again; whoever pushed others has contributed. */
const mostCompared = 50;

/** The versions whose content decides something: what approvals may have seen, the last one, and those of pushers who may have contributed nothing. */
export function versionsToCompare(review: Review, author: Account | null): readonly Version[] {
  const versions = inTime(review.versions);
  const seen = review.approvals.flatMap(({ at }) => {
    const { settled, fresh } = versionsShown(versions, at);
    return settled ? [settled, ...fresh] : fresh;
  });
  const others = new Set(review.pushes.filter(({ by }) => by?.id !== author?.id).map(({ head }) => head));
  const doubtful = versions.filter(({ head }) => others.has(head));
  const repeated = review.approvals.length === 0 ? [] : [...doubtful, ...unexplained(review, author)].slice(0, mostCompared);
  const before = repeated.flatMap((version) => versions[versions.indexOf(version) - 1] ?? []);
  return versions.filter((one) => [seen, versions.slice(-1), repeated, before].some((some) => some.includes(one)));
}

/** Whether one of these accounts pushed something of what the merge request consists of. */
export function isPusher(review: Review, digests: VersionDigests, isTheirs: (account: Account | null) => boolean): boolean {
  const theirs = review.pushes.filter(({ by }) => isTheirs(by));
  const events = theirs.filter(({ told }) => told === 'event');
  // A note does not say which version it is about; where the events tell of as many pushes, they tell of the same ones.
  if (theirs.length - events.length > events.length) return true;
  return events.some(({ head }) => head === null || bringsContent(head, review, digests));
}

/** A head that no version has contributed to those that came after it. */
function bringsContent(head: CommitId, { versions }: Review, digests: VersionDigests): boolean {
  const of = inTime(versions).filter((version) => version.head === head);
  return of.length === 0 || of.some((version) => isNew(version, inTime(versions), digests));
}

/** Other content than the version before had. The first is new; one with the same head is not, whatever it is compared with. */
function isNew(version: Version, versions: readonly Version[], digests: VersionDigests): boolean {
  const before = versions[versions.indexOf(version) - 1];
  if (!before) return true;
  const digest = digestOf(version, digests);
  return version.head !== before.head && (digest === 'refused' || digest !== digestOf(before, digests));
}

/** Whether somebody pushed content of whom GitLab says nothing, or only that the account is no longer there. */
export function isPusherUnknown(review: Review, author: Account | null, digests: VersionDigests): boolean {
  if (isPusher(review, digests, (account) => account === null)) return true;
  return unexplained(review, author).some((version) => isNew(version, inTime(review.versions), digests));
}

/** The review as it would be if the account of the token saw every note; undefined where it sees them all. */
export function asIfNothingHidden(review: Review, author: Account | null): Review | undefined {
  if (review.hiddenNotes === 0) return undefined;
  const [first] = inTime(review.versions);
  // A hidden note cannot be about what was there before the merge request.
  return unexplained(review, author).some((version) => version === first) ? undefined : { ...review, hiddenNotes: 0, eventsShown: false };
}

/** GitLab writes the note of a push after its version; its clock and its workers may be some seconds apart. */
const noteSlack = 10 * second;

/** Versions with a head of their own of which neither an event nor a note tells who pushed it. */
function unexplained(review: Review, author: Account | null): readonly Version[] {
  const { pushes, hiddenNotes, eventsShown } = review;
  const versions = inTime(review.versions);
  const pushed = versions.filter(({ head }, place) => place === 0 || head !== versions[place - 1]?.head);
  const notes = pushes.filter(({ told }) => told === 'note');
  const events = pushes.filter(({ told }) => told === 'event');
  const byEvent = ({ head, createdAt }: Version): boolean =>
    events.some((push) => (push.head === null ? isAuthors(push, author) && push.at <= createdAt : push.head === head));
  // From each version on there are as many notes as there are versions; the first one was pushed before there was anything to write a note on.
  const byNote = ({ createdAt }: Version, place: number): boolean =>
    place > 0 && notes.filter(({ at }) => at >= createdAt - noteSlack).length >= pushed.length - place;
  // Where no events are shown, nobody is known to have pushed the first version, and that is left at that: its author opened it.
  return pushed.filter((version, place) => !byEvent(version) && !byNote(version, place) && (eventsShown || (place > 0 && hiddenNotes > 0)));
}

function isAuthors({ by }: Push, author: Account | null): boolean {
  return by !== null && by.id === author?.id;
}
