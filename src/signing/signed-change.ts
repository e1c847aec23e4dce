// One change of the policy as a statement says it: worked out from contents, before and after, under the rules before. Whoever signs, whoever
// judges and whoever verifies work it out here, each from contents of their own.
import { reviewedPaths } from '../evidence/beneficiaries.ts';
import type { ReviewedPath } from '../evidence/approval.ts';
import { withChanges } from '../record/deltas.ts';
import type { PolicyParser } from '../judge/landing-files.ts';
import { isRules, place, type GrantFile, type Rules } from '../policy/policy.ts';
import { instant, type Instant, type Uid } from '../names.ts';
import type { Term } from '../check/proposed-change.ts';
import { effectLines, type ChangedPolicy } from './effect-lines.ts';
import { changeLines, rulesDigest, type Place, type StatedChange, type StatedFile, type Statement } from './statement.ts';

/** A file as git has it. */
export interface Content {
  readonly mode: string;
  readonly bytes: Uint8Array;
}

export interface ContentChange {
  /** From the root of the repository. */
  readonly path: string;
  readonly before?: Content;
  readonly after?: Content;
}

/** By path from the root of the repository. */
export type RulesFiles = ReadonlyMap<string, Content>;

/** With the contents of all that it changes; undefined where one is missing, or where a path stands twice, as no landing has it. */
export function withContents<File>(
  changes: readonly { readonly path: string; readonly before?: File; readonly after?: File }[],
  contentOf: (file: File) => Content | undefined,
): readonly ContentChange[] | undefined {
  if (new Set(changes.map(({ path }) => path)).size < changes.length) return undefined;
  const whole = changes.map(({ path, before, after }): ContentChange => {
    const [old, young] = [before && contentOf(before), after && contentOf(after)];
    return { path, before: old, after: young };
  });
  const isWhole = changes.every(({ before, after }, at) => !before === !whole[at]?.before && !after === !whole[at]?.after);
  return isWhole ? whole : undefined;
}

export function digestOfRules(files: RulesFiles, sha256: Readers['sha256']): string {
  return rulesDigest(
    [...files].map(([path, { mode, bytes }]) => ({ path, mode, sha256: sha256(bytes) })),
    sha256,
  );
}

export interface SignedChange {
  readonly stated: readonly StatedChange[];
  /** The lines of the change: two landings that bring the same have the same. */
  readonly lines: string;
  /** `rulesDigest` before the change. */
  readonly rulesDigest: string;
  readonly rules: Rules;
  /** Where it is a change of rules that are understood. */
  readonly rulesAfter?: Rules;
  /** With who gains by it. */
  readonly reviewed: readonly ReviewedPath[];
  /** Of grants that `inForce` knows of, compared with what they give, and not with what their files said. */
  readonly effectsAt: (at: Instant, inForce?: InForce) => readonly string[];
}

/** What a grant file gives before the change; undefined where that is not known. */
export type InForce = (path: string) => Term | 'nothing' | undefined;

/** What reads policy files, and what makes `sha256:<hex>`. */
export interface Readers {
  readonly parser: PolicyParser;
  readonly sha256: (content: string | Uint8Array) => string;
}

/**
 * `rulesFiles` are the rules files in force before the change, by path from the root of the repository. Undefined where they cannot be understood:
 * then nothing can be signed. `changes` are all that the landing changes.
 */
export function signedChange(
  changes: readonly ContentChange[],
  rulesFiles: RulesFiles,
  folder: string,
  { parser, sha256 }: Readers,
): SignedChange | undefined {
  const rules = rulesOf(rulesFiles, folder, parser);
  if (!rules) return undefined;
  const stated = changes.map(({ path, before, after }): StatedChange => ({ path, ...statedFiles(before, after, sha256) }));
  const rulesAfter = changes.some(({ path }) => isRules(path, folder))
    ? rulesOf(rulesFilesAfter(rulesFiles, changes, folder), folder, parser)
    : undefined;
  const policy = {
    changes: stated,
    before: grantsOf(
      changes.map(({ path, before }) => [path, before] as const),
      folder,
      parser,
    ),
    after: grantsOf(
      changes.map(({ path, after }) => [path, after] as const),
      folder,
      parser,
    ),
    rulesBefore: rules,
    rulesAfter,
  };
  return {
    stated,
    lines: changeLines(stated).join('\n'),
    rulesDigest: digestOfRules(rulesFiles, sha256),
    rules,
    rulesAfter,
    reviewed: reviewedPaths({ changes: stated }, rules, rulesAfter, folder),
    effectsAt: (at, inForce = () => undefined) => effectLines({ ...policy, before: givenBy(policy, inForce) }, folder, at),
  };
}

function givenBy({ changes, before }: ChangedPolicy, inForce: InForce): ReadonlyMap<string, Term> {
  const given = new Map(before);
  for (const { path } of changes) {
    const term = inForce(path);
    if (term === 'nothing') given.delete(path);
    else if (term) given.set(path, term);
  }
  return given;
}

/** What `signer` signs. Statements know whole seconds. */
export function statementOf(
  { change, inForce }: { readonly change: SignedChange; readonly inForce: InForce },
  place: Place,
  signer: Uid,
  now: Instant,
  validity: number,
): Statement {
  const at = instant(Math.floor(now / 1000) * 1000);
  return {
    ...place,
    rules: change.rulesDigest,
    changes: change.stated,
    effects: change.effectsAt(at, inForce),
    signer,
    at,
    until: instant(at + validity),
  };
}

function statedFiles(
  before: Content | undefined,
  after: Content | undefined,
  sha256: Readers['sha256'],
): Pick<StatedChange, 'before' | 'after'> {
  const stated = ({ mode, bytes }: Content): StatedFile => ({ mode, sha256: sha256(bytes) });
  return { ...(before && { before: stated(before) }), ...(after && { after: stated(after) }) };
}

export function rulesOf(files: RulesFiles, folder: string, parser: PolicyParser): Rules | undefined {
  const parsed = parser.parseRules(
    [...files].map(([path, { bytes }]) => ({ path, bytes })),
    folder,
  );
  return parsed.kind === 'valid' ? parsed.value : undefined;
}

export function rulesFilesAfter(before: RulesFiles, changes: readonly ContentChange[], folder: string): RulesFiles {
  return withChanges(
    before,
    changes.filter(({ path }) => isRules(path, folder)),
  );
}

function grantsOf(
  files: readonly (readonly [string, Content | undefined])[],
  folder: string,
  parser: PolicyParser,
): ReadonlyMap<string, GrantFile> {
  const grants = new Map<string, GrantFile>();
  for (const [path, file] of files) {
    if (!file || place(path, folder).kind !== 'grant') continue;
    const parsed = parser.parseGrant({ path, bytes: file.bytes }, folder);
    if (parsed.kind === 'valid') grants.set(path, parsed.value);
  }
  return grants;
}
