// The first condition: what can be said against a landing by looking at it, before anybody is asked who approved it.
import type { UnderstoodFiles } from './effective.ts';
import { type PolicyState, type RefusalCode } from '../record/policy-state.ts';
import type { Landing, PathChange } from '../history/landing.ts';
import { duration, parseGroupName, type Duration, type GroupName, type Instant } from '../names.ts';
import { grantObjections, rulesObjections, type GrantObjection } from '../policy/policy-rules.ts';
import type { GrantRuleCode } from '../policy/policy-rules-grants.ts';
import { grantAt, isRules, mostFiles, mostListedFiles, place, type Finding, type GrantFile, type Rules } from '../policy/policy.ts';

/** One file after the landing, as far as it could be understood. */
export type Reading =
  | { readonly kind: 'grant'; readonly grant: GrantFile }
  | { readonly kind: 'rules' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'unreadable'; readonly detail: string; readonly finding?: ReadingFinding };

/** Which finding of `check` keeps a file from being understood, and what to write instead: nothing of it is in an author's words. */
export type ReadingFinding = Pick<Finding, 'code' | 'fix'>;

export interface Readings {
  readonly files: ReadonlyMap<string, Reading>;
  /** The whole rules as they are after a landing that changes them; `unread` where they were not clean before it. */
  readonly rules?:
    | { readonly kind: 'valid'; readonly value: Rules }
    | { readonly kind: 'invalid'; readonly detail: string; readonly finding?: ReadingFinding }
    | { readonly kind: 'unread' };
}

export interface FormSettings {
  readonly folder: string;
  /** The host's ceilings on the length of grants; the tighter of these and the policy wins. */
  readonly longest: ReadonlyMap<GroupName, Duration>;
  /** The host takes nothing but signatures. */
  readonly onlySigned?: boolean | undefined;
}

export interface FormObjection {
  readonly code: RefusalCode;
  readonly detail: string;
  readonly finding?: ReadingFinding | undefined;
}

/** The first thing wrong with the form of a landing; undefined when nothing is. Lengths are measured later, from the merge. */
export function formObjection(state: PolicyState, landing: Landing, readings: Readings, settings: FormSettings): FormObjection | undefined {
  const { changes } = landing;
  const { folder } = settings;
  if (landing.parents > 2) return { code: 'not-bound', detail: `a merge of ${landing.parents} parents` };
  if (landing.hiddenBy !== undefined) return { code: 'hidden-diff', detail: landing.hiddenBy };
  if (landing.cut || changes.length > mostFiles)
    return { code: 'too-many-files', detail: `${landing.cut ? `more than ${mostListedFiles}` : changes.length} files` };
  if (landing.outside > 0)
    return { code: 'impure', detail: `${landing.outside > mostFiles ? `more than ${mostFiles}` : landing.outside} outside ${folder}/` };
  for (const change of changes) {
    const objection = pathObjection(change, readings, folder);
    if (objection) return objection;
  }
  const rulesChange = changes.some(({ path }) => isRules(path, folder));
  if (rulesChange && changes.some(({ path }) => !isRules(path, folder)))
    return { code: 'mixed', detail: 'policy.yaml or groups/ together with grants/' };
  return rulesChange ? rulesObjection(readings, settings) : firstGrantObjection(landing, readings, state.rules);
}

function pathObjection({ path, after }: PathChange, readings: Readings, folder: string): FormObjection | undefined {
  if (!isWellFormed(path, folder)) return { code: 'unexpected-path', detail: path };
  if (!after) return undefined;
  if (after.mode !== '100644') return { code: 'file-mode', detail: `${path} has mode ${after.mode}` };
  const reading = readings.files.get(path);
  if (!reading) return { code: 'unreadable', detail: path };
  if (reading.kind === 'too-large') return { code: 'too-large', detail: path };
  return reading.kind === 'unreadable' ? { code: 'unreadable', detail: reading.detail, finding: reading.finding } : undefined;
}

/** The allowed shapes of paths, letter by letter: lower-case ASCII, three kinds of places. */
export function isWellFormed(path: string, folder: string): boolean {
  const where = place(path, folder);
  switch (where.kind) {
    case 'policy':
      return true;
    case 'group':
      return parseGroupName(where.name) !== undefined;
    case 'grant':
      return grantAt(path, folder) !== undefined;
    case 'other':
      return false;
  }
}

/** Of what has a path inside the policy folder, that which may be shown anywhere, with the path from the root. */
export function wellFormedOnly<One extends { readonly path: string }>(ones: readonly One[], folder: string): readonly One[] {
  return ones.map((one) => ({ ...one, path: `${folder}/${one.path}` })).filter(({ path }) => isWellFormed(path, folder));
}

function rulesObjection(readings: Readings, { onlySigned }: FormSettings): FormObjection | undefined {
  if (!readings.rules) return { code: 'rules-invalid', detail: 'the rules could not be read' };
  if (readings.rules.kind === 'unread') return undefined;
  if (readings.rules.kind === 'invalid') return { code: 'rules-invalid', detail: readings.rules.detail, finding: readings.rules.finding };
  const [objection] = rulesObjections(readings.rules.value, onlySigned);
  if (!objection) return undefined;
  return { code: objection.code === 'too-few-approvers' ? 'too-few-approvers' : 'rules-invalid', detail: objection.message };
}

/** What is an error in `check` is refused on the branch: each rule of a grant, by the name of its refusal. */
export const refusalOf: Readonly<Record<GrantRuleCode, RefusalCode>> = {
  'unknown-group': 'unknown-group',
  'group-not-by-grants': 'not-by-grants',
  'until-before-from': 'until-before-from',
  'understood-version': 'understood-version',
  'missing-field': 'missing-field',
  'too-long': 'too-long',
  'too-dormant': 'too-dormant',
};

/** Those that are measured from the merge. */
const timed: ReadonlySet<GrantRuleCode> = new Set<GrantRuleCode>(['too-long', 'too-dormant']);

function firstGrantObjection(landing: Landing, readings: Readings, rules: Rules): FormObjection | undefined {
  const objections = grantsOf(landing, readings).flatMap((grant) => grantObjections(grant, rules, landing.committedAt));
  return first(objections.filter(({ code }) => !timed.has(code)));
}

/**
 * Objections to the lengths of a landing's grants, measured from its merge: `too-long`, `too-dormant`.
 * The merge time is GitLab's; a committer time is what anybody wrote into the commit.
 */
export function lengthObjection(
  landing: Landing,
  readings: Readings,
  rules: Rules,
  landedAt: Instant,
  settings: FormSettings,
): FormObjection | undefined {
  const objections = grantsOf(landing, readings).flatMap((grant) => {
    const ceiling = settings.longest.get(grant.group);
    return grantObjections(grant, rules, landedAt, ceiling === undefined ? undefined : duration(ceiling));
  });
  return first(objections.filter(({ code }) => timed.has(code)));
}

function grantsOf(landing: Landing, readings: Readings): readonly GrantFile[] {
  return landing.changes.flatMap(({ path }) => {
    const reading = readings.files.get(path);
    return reading?.kind === 'grant' ? [reading.grant] : [];
  });
}

function first([objection]: readonly GrantObjection[]): FormObjection | undefined {
  return objection && { code: refusalOf[objection.code], detail: objection.message };
}

/** The readings in the form the step of the fold takes. */
export function understood(readings: Readings): UnderstoodFiles {
  const grants = new Map<string, GrantFile>();
  for (const [path, reading] of readings.files) if (reading.kind === 'grant') grants.set(path, reading.grant);
  return { grants, rules: readings.rules?.kind === 'valid' ? readings.rules.value : undefined };
}
