// Names are types, checked once: whoever holds a Uid, a GroupName or a CommitId need not look at its letters again.
// The casts to branded types stand in this file and nowhere else.

declare const brand: unique symbol;
type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };

/** A person's login. Lower case: the directory compares it ignoring case. */
export type Uid = Branded<string, 'Uid'>;
/** The cn of a managed group, and the name of its file under `groups/`. */
export type GroupName = Branded<string, 'GroupName'>;
export type TeamName = Branded<string, 'TeamName'>;
export type RosterName = Branded<string, 'RosterName'>;
/** The 40 lower-case hex digits of a commit. */
export type CommitId = Branded<string, 'CommitId'>;
/** The 40 lower-case hex digits of a blob: the name of a file's exact content. */
export type BlobId = Branded<string, 'BlobId'>;
/** A distinguished name in the spelling of whoever wrote it (RFC 4514); never compared as a string. */
export type Dn = Branded<string, 'Dn'>;
/** What two DNs have in common when distinguishedNameMatch (RFC 4517, section 4.2.15) calls them equal. */
export type DnKey = Branded<string, 'DnKey'>;
/** The directory's own name for an entry, kept through renames and never used twice (RFC 4530). */
export type EntryUuid = Branded<string, 'EntryUuid'>;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = Branded<number, 'Instant'>;
/** A length of time in milliseconds. */
export type Duration = Branded<number, 'Duration'>;

const keyword = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The uid a person typed, in the one spelling muster uses; undefined when it cannot be one. */
export function parseUid(text: string): Uid | undefined {
  // Nearly all are in that spelling already, and a list may hold a hundred thousand.
  if (/^[a-z0-9_][a-z0-9._-]{0,63}$/.test(text)) return text as Uid;
  const uid = text.trim();
  // Looked at before it is folded: the Kelvin sign becomes an ASCII k.
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(uid) ? (uid.toLowerCase() as Uid) : undefined;
}

// What keeps a line from being a uid in that spelling: another letter, a first letter that may not stand there, nothing, or too much.
const noPlainUid = /[^a-z0-9._\n-]|^[.\n-]|[^\n]{65}/m;

/** The uids of a text that has one on each line, all in the one spelling and the lines ended; undefined for any other text. */
export function parsePlainUids(text: string): readonly Uid[] | undefined {
  return text.endsWith('\n') && !noPlainUid.test(text) ? (text.slice(0, -1).split('\n') as Uid[]) : undefined;
}

/** A uid that is already in the one spelling: what file names and policy files must hold. */
export function parseExactUid(text: string): Uid | undefined {
  return parseUid(text) === text ? (text as Uid) : undefined;
}

export function parseGroupName(text: string): GroupName | undefined {
  return keyword.test(text) ? (text as GroupName) : undefined;
}

export function parseTeamName(text: string): TeamName | undefined {
  return keyword.test(text) ? (text as TeamName) : undefined;
}

export function parseRosterName(text: string): RosterName | undefined {
  return keyword.test(text) ? (text as RosterName) : undefined;
}

export function parseCommitId(text: string): CommitId | undefined {
  return /^[0-9a-f]{40}$/.test(text) ? (text as CommitId) : undefined;
}

export function parseBlobId(text: string): BlobId | undefined {
  return /^[0-9a-f]{40}$/.test(text) ? (text as BlobId) : undefined;
}

/** The rules of git-check-ref-format(1) that matter here: neither an option, nor a pattern, nor a path out of `refs/heads/`. */
export function isBranchName(name: string): boolean {
  return /^[^\x00-\x20\x7f~^:?*[\\]+$/.test(name) && !/^[-/.]|\/[/.]|\.\.|@\{|\.lock$|[/.]$/.test(name);
}

/** A DN as an outside source spells it. Its form is the directory's to judge. */
export function dn(text: string): Dn {
  return text as Dn;
}

/** Only the DN reader of the directory adapter makes keys. */
export function dnKey(text: string): DnKey {
  return text as DnKey;
}

/** In the spelling that `entryUuid` gives, and of a length that servers give. */
export function parseEntryUuid(text: string): EntryUuid | undefined {
  return text.length > 0 && text.length <= 256 && !/[A-Z]/.test(text) ? (text as EntryUuid) : undefined;
}

export function entryUuid(text: string): EntryUuid {
  // Nearly all are in that spelling already, and to look costs less than to fold.
  return (/[A-Z]/.test(text) ? text.toLowerCase() : text) as EntryUuid;
}

/** Stands for an entry where there is none. */
export const noEntry = 'none' as EntryUuid;

export function instant(milliseconds: number): Instant {
  return milliseconds as Instant;
}

const farthest = Date.UTC(9999, 0);

/** Within the calendar, and a year more is as well. What others write may be any number, and beyond the calendar a time cannot even be told. */
export function isInstant(milliseconds: unknown): milliseconds is Instant {
  return Number.isSafeInteger(milliseconds) && Math.abs(Number(milliseconds)) <= farthest;
}

export function duration(milliseconds: number): Duration {
  return milliseconds as Duration;
}

/** The order of sorted lists in every output: by code unit, the same on every machine. */
export function inOrder(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function inOrderOfPath(left: { readonly path: string }, right: { readonly path: string }): number {
  return inOrder(left.path, right.path);
}
