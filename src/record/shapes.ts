// What the files that muster keeps are made of: every name is checked by the function that made it, and what is not known is not accepted.
import * as v from 'valibot';
import {
  isInstant,
  parseBlobId,
  parseCommitId,
  parseEntryUuid,
  parseExactUid,
  parseGroupName,
  parseRosterName,
  parseTeamName,
  type Dn,
  type Duration,
  type EntryUuid,
  type Instant,
  type Uid,
} from '../names.ts';

/** What reads back as `Value`, from whatever stands there. */
export type Shape<Value> = v.GenericSchema<unknown, Value>;

/** What a shape reads back, for nobody to change. */
export type Kept<Of extends Shape<unknown>> = Unchanged<v.InferOutput<Of>>;

type Unchanged<Value> = Value extends string | number | boolean | null | undefined
  ? Value
  : Value extends ReadonlyMap<infer Key, infer One>
    ? ReadonlyMap<Key, Unchanged<One>>
    : { readonly [Key in keyof Value]: Unchanged<Value[Key]> };

function name<Name extends string>(parse: (text: string) => Name | undefined) {
  return v.custom<Name>((value) => isName(parse, value));
}

function isName(parse: (text: string) => string | undefined, value: unknown): boolean {
  return typeof value === 'string' && parse(value) === value;
}

/** A list that may have a hundred thousand items: each is looked at, and the list is taken as it stands. */
function listOf<Item>(isItem: (value: unknown) => boolean) {
  return v.custom<Item[]>((value) => Array.isArray(value) && value.every(isItem));
}

export const uid = name(parseExactUid);
export const group = name(parseGroupName);
export const team = name(parseTeamName);
export const roster = name(parseRosterName);
export const commit = name(parseCommitId);
export const blob = name(parseBlobId);
export const uuid = name(parseEntryUuid);
/** Its form is the directory's to judge. */
export const dn = v.custom<Dn>((value) => typeof value === 'string');
export const instant = v.custom<Instant>(isInstant);
export const duration = v.custom<Duration>(isNatural);
export const natural = v.custom<number>(isNatural);
export const texts = listOf<string>((value) => typeof value === 'string');
export const uids = listOf<Uid>((value) => isName(parseExactUid, value));
export const uuids = listOf<EntryUuid>((value) => isName(parseEntryUuid, value));
/** Of an SSH key, as `ssh-keygen -l` prints it. */
export const fingerprint = v.pipe(v.string(), v.regex(/^SHA256:[A-Za-z0-9+/]{43}$/));
/** SHA-256 as hex digits. */
export const hex64 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));

function isNatural(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** What a text holds; undefined where that is not JSON, or of another shape. */
export function parseAs<Value>(shape: Shape<Value>, text: string): Value | undefined {
  try {
    const parsed = v.safeParse(shape, JSON.parse(text), { abortEarly: true });
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** A map is kept as the row of its pairs, and no key stands there twice. */
export function mapOf<Key, Value>(key: Shape<Key>, value: Shape<Value>): Shape<Map<Key, Value>> {
  return v.pipe(
    v.array(v.strictTuple([key, value])),
    v.check((pairs) => new Set(pairs.map(([of]) => of)).size === pairs.length),
    v.transform((pairs) => new Map(pairs)),
  );
}

export const end = v.union([instant, v.literal('open')]);
