// The kinds of values that policy files hold: how each is read from text, what to say when it is not one, and how an editor knows it.
import * as v from 'valibot';
import { parseExactUid, parseGroupName, parseRosterName, parseTeamName } from '../names.ts';
import { sshFingerprint } from '../digest.ts';
import { parseKeyLine, type SshKey } from '../signing/ssh-key.ts';
import { parseDuration, parseEnd, parseStart } from '../time.ts';
import { complaint, unknownKey, quoted } from './yaml-problems.ts';

/** JSON Schema for editors. They read YAML by its core schema, so `42` reaches them as a number and `no`, sometimes, as a boolean. */
type EditorSchema = Readonly<Record<string, unknown>>;

interface Kind<Value> {
  readonly code: string;
  /** With its article: it begins a sentence that ends in "is expected". */
  readonly what: string;
  readonly fix: string;
  readonly read: (text: string) => Value | undefined;
  readonly editor: EditorSchema;
}

export function kind<Value>({ code, what, fix, read, editor }: Kind<Value>) {
  return v.pipe(
    v.string(complaint('wrong-type', `${what} is expected here, not a list and not further keys`, fix)),
    v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
      const value = dataset.typed && dataset.value !== '' ? read(dataset.value) : undefined;
      if (value !== undefined) return value;
      addIssue({
        message:
          dataset.value === ''
            ? complaint('empty-value', `nothing is written here; ${what} is expected`, fix)
            : complaint(code, `${quoted(dataset.value)} is not ${what}`, fix),
      });
      return NEVER;
    }),
    v.metadata(editor),
  );
}

const nameInEditors = { type: ['string', 'number', 'boolean', 'null'], pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' };
const wordInEditors = { type: ['string', 'number', 'boolean', 'null'] };

/** Left over from an example: dots, a word in angle brackets, "TODO". */
const leftOver = /^(?:\u2026|\.{3,}|<[^<>]*>|(?:todo|fixme|tbd|xxx+|uid|group|your[ _-]?[a-z]+)\b[:.!?]?)$/i;

export const freeText = v.pipe(
  kind({
    code: 'bad-text',
    what: 'a text',
    fix: 'Write a sentence for the people who approve.',
    read: (text) => text.trim() || undefined,
    editor: { ...wordInEditors, minLength: 1 },
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed && leftOver.test(dataset.value))
      addIssue({
        message: complaint('placeholder', `${quoted(dataset.value)} is left over from an example`, 'Write what is meant in its place.'),
      });
  }),
);

export const uid = kind({
  code: 'bad-uid',
  what: 'a uid',
  fix: 'A uid has 1 to 64 of a-z, 0-9, "_", "." and "-", lower case, and does not start with "." or "-".',
  read: parseExactUid,
  editor: { ...nameInEditors, pattern: '^[a-z0-9_][a-z0-9._-]{0,63}$' },
});

const nameFix = 'A name has 1 to 64 of a-z, 0-9, ".", "_" and "-", lower case, and starts with a letter or a digit.';
export const teamName = kind({ code: 'bad-name', what: 'the name of a team', fix: nameFix, read: parseTeamName, editor: nameInEditors });
export const rosterName = kind({
  code: 'bad-name',
  what: 'the name of a roster',
  fix: nameFix,
  read: parseRosterName,
  editor: nameInEditors,
});
export const groupName = kind({ code: 'bad-name', what: 'the name of a group', fix: nameFix, read: parseGroupName, editor: nameInEditors });

/** The day, or any other short name, under which a text was published. */
export const versionName = kind({
  code: 'bad-version',
  what: 'a version',
  fix: 'Write the version of the text as one word, such as the day it was published, 2026-11-01.',
  read: (text) => (/^[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}$/.test(text) ? text : undefined),
  editor: { ...wordInEditors, pattern: '^[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}$' },
});

function wholeNumber(text: string, least: number): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(text) && Number(text) >= least ? Number(text) : undefined;
}

/** JSON Schema of a whole number, as a number or as digits in quotes. */
function numberInEditors(minimum: number): EditorSchema {
  return { type: ['integer', 'string'], minimum, pattern: minimum === 0 ? '^(0|[1-9][0-9]{0,8})$' : '^[1-9][0-9]{0,8}$' };
}

export const gitlabId = kind({
  code: 'bad-gitlab-id',
  what: 'a numeric GitLab id',
  fix: 'Write the number that GitLab shows as the user ID on the profile page.',
  read: (text) => wholeNumber(text, 1),
  editor: numberInEditors(1),
});
export const positive = kind({
  code: 'bad-number',
  what: 'a whole number from 1',
  fix: 'Write digits only, 1 or more.',
  read: (text) => wholeNumber(text, 1),
  editor: numberInEditors(1),
});
export const natural = kind({
  code: 'bad-number',
  what: 'a whole number',
  fix: 'Write digits only, 0 or more.',
  read: (text) => wholeNumber(text, 0),
  editor: numberInEditors(0),
});

export const limit = kind({
  code: 'bad-limit',
  what: 'a limit',
  fix: 'Write a number of members, such as 3, or a percentage of them, such as 20%.',
  read: (text) => {
    const percent = /^(\d{1,3})%$/.exec(text)?.[1];
    if (percent !== undefined) return Number(percent) <= 100 ? ({ kind: 'percent', percent: Number(percent) } as const) : undefined;
    const count = wholeNumber(text, 0);
    return count === undefined ? undefined : ({ kind: 'count', count } as const);
  },
  editor: { type: ['integer', 'string'], minimum: 0, pattern: '^((0|[1-9][0-9]{0,8})|(100|[0-9]{1,2})%)$' },
});

const durationInEditors = '[1-9][0-9]{0,5} (second|minute|hour|day|week)s?';
const durationFix = 'Write a whole number and a unit, such as "90 days", "26 hours" or "2 weeks".';
export const lengthOfTime = kind({
  code: 'bad-duration',
  what: 'a length of time',
  fix: durationFix,
  read: parseDuration,
  editor: { type: 'string', pattern: `^${durationInEditors}$` },
});
/** `none` means something else for each key: where it may stand is said in the advice. */
function lengthOrNone(where: string) {
  return kind({
    code: 'bad-duration',
    what: 'a length of time',
    fix: `${durationFix.slice(0, -1)}; or "none" ${where}.`,
    read: (text) => (text === 'none' ? ('none' as const) : parseDuration(text)),
    editor: { type: 'string', pattern: `^(none|${durationInEditors})$` },
  });
}

export const longest = lengthOrNone('where grants need no end');
export const oldest = lengthOrNone('where the time of the file means nothing');

const timeFix =
  'Write a day that exists, such as 2026-12-07, or a time with its zone, such as 2026-12-07T18:00+01:00; between the years 2000 and 2199.';
const timeInEditors = {
  type: 'string',
  pattern: '^2[01][0-9]{2}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?(Z|[+-][01][0-9]:[0-5][0-9]))?$',
};
export const start = kind({ code: 'bad-time', what: 'a day or a time', fix: timeFix, read: parseStart, editor: timeInEditors });
export const end = kind({ code: 'bad-time', what: 'a day or a time', fix: timeFix, read: parseEnd, editor: timeInEditors });

const keyFix =
  'Write the line that "ssh-keygen -y -f KEY" prints, in quotes: ed25519, ecdsa, a security key (sk-…), or RSA from 3072 bits.';

/** A public key that may sign. What is wrong with another one is worth saying, so this is no `kind`. */
export const sshKey = v.pipe(
  v.string(complaint('wrong-type', 'an SSH key is expected here, not a list and not further keys', keyFix)),
  v.rawTransform<string, SshKey>(({ dataset, addIssue, NEVER }) => {
    const read = parseKeyLine(dataset.typed ? dataset.value : '', sshFingerprint);
    if (read.kind === 'valid') return read.key;
    addIssue({ message: complaint('bad-ssh-key', `this is ${read.why}`, keyFix) });
    return NEVER;
  }),
  v.metadata({ type: 'string' }),
);

export const formatVersion = kind({
  code: 'bad-version',
  what: 'a version of the policy format that this muster knows',
  fix: 'Write "version: 1".',
  read: (text) => (text === '1' ? 1 : undefined),
  editor: { type: ['integer', 'string'], enum: [1, '1'] },
});

/** One of a few words. */
export function word<const Word extends string>(...words: readonly [Word, ...Word[]]) {
  const listed = words.map((one) => `"${one}"`).join(' or ');
  return kind({
    code: 'bad-word',
    what: listed,
    fix: `Write ${listed}.`,
    read: (text) => words.find((one) => one === text),
    editor: { enum: words },
  });
}

/** A map with these keys and no others. */
export function map<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<Entries, undefined>>> {
  const known = Object.keys(entries);
  const message = complaint(
    'wrong-type',
    'keys are expected here, each with its value',
    `The keys that may stand here: ${known.join(', ')}.`,
  );
  const unknown: v.GenericSchema<unknown, never> = v.never(unknownKey(known));
  return v.pipe(v.custom<object>(isMap, message), v.objectWithRest(entries, unknown, message));
}

/** A map whose keys are names that the author chooses. `parse` is what `key` reads with. */
export function mapOf<Key extends string, Value>(
  key: v.GenericSchema<string, string>,
  parse: (text: string) => Key | undefined,
  value: v.GenericSchema<unknown, Value>,
  fix: string,
) {
  const message = complaint('wrong-type', 'names are expected here, each with what belongs to it', fix);
  return v.pipe(
    v.custom<object>(isMap, message),
    v.record(key, value, message),
    v.transform((record): ReadonlyMap<Key, Value> => {
      const named = new Map<Key, Value>();
      for (const [text, one] of Object.entries(record)) {
        const name = parse(text);
        if (name !== undefined) named.set(name, one);
      }
      return named;
    }),
  );
}

/** A list of at least one, without repetition. */
export function list<Value>(item: v.GenericSchema<unknown, Value>, example: string) {
  const fix = `Write a list, such as ${example}.`;
  return v.pipe(
    v.array(item, complaint('wrong-type', 'a list is expected here', fix)),
    v.checkItems(
      (one, position, all) => all.indexOf(one) === position,
      complaint('repeated', 'this stands in the list twice', 'Keep it once.'),
    ),
    v.rawTransform<Value[], readonly [Value, ...Value[]]>(({ dataset, addIssue, NEVER }) => {
      const [first, ...others] = dataset.typed ? dataset.value : [];
      if (first !== undefined) return [first, ...others];
      addIssue({ message: complaint('empty-list', 'the list is empty', fix) });
      return NEVER;
    }),
    v.metadata({ minItems: 1, uniqueItems: true }),
  );
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
