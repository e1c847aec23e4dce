// What can be wrong between files that are each well-formed: named rules of one shape, over a whole policy and over one grant.
// Every rule is a row of a table and says at most what its code says; nothing here knows lines, columns or YAML.
import { grantRules, type GrantRuleCode } from './policy-rules-grants.ts';
import { rulesRules } from './policy-rules-teams.ts';
import type { Duration, GroupName, Instant } from '../names.ts';
import { isOnlySigned, type GrantFile, type Rules, type Finding } from './policy.ts';

/** Where in a file: the keys from the top, list positions as numbers. Empty: the file as a whole. */
export type KeyPath = readonly (string | number)[];

/** Something that keeps a file from taking effect, with the key it is about. */
export interface Objection {
  /** Stable: people and machines look it up in docs/policy.md. */
  readonly code: string;
  readonly key: KeyPath;
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
}

export interface GrantObjection extends Objection {
  readonly code: GrantRuleCode;
}

/** An objection to `policy.yaml`, or to the file of one group. */
export interface RulesObjection extends Objection {
  readonly group?: GroupName;
}

/**
 * What the rules have against a grant that lands at `landedAt`, the most basic first. Empty: nothing.
 * `ceiling` is the host's own longest grant of this group; the tighter of it and the policy's wins.
 */
export function grantObjections(grant: GrantFile, rules: Rules, landedAt: Instant, ceiling?: Duration): readonly GrantObjection[] {
  const groups = [...rules.groups.values()].filter(({ members }) => members.kind === 'grants').map(({ group }) => group);
  const subject = { grant, group: rules.groups.get(grant.group), groups, landedAt, ceiling };
  return grantRules.flatMap((rule) => rule.object(subject).map((objection) => ({ ...objection, code: rule.code })));
}

/**
 * What is wrong between the people, teams and groups of one set of rules. Empty: nothing. `onlySigned`: nothing but signatures approves, by the word
 * of the host, or because nobody has an account on a forge.
 */
export function rulesObjections(rules: Rules, onlySigned = isOnlySigned(rules)): readonly RulesObjection[] {
  return rulesRules.flatMap((rule) => rule.object(rules, onlySigned).map((objection) => ({ ...objection, code: rule.code })));
}

/** Line and column of a key's value, both from 1; of the nearest thing round it where the key is not there. */
type Locate = (key: KeyPath) => { readonly line: number; readonly column: number };

export interface LocatedGrant {
  readonly path: string;
  readonly grant: GrantFile;
  readonly at: Locate;
}

/** A policy as it was read from files: what could be understood, where it stands, and what is wrong with the rest. */
export interface PolicyReading {
  /** Everything wrong with the form of the files, in order. */
  readonly findings: readonly Finding[];
  /** Only when `policy.yaml` and all of `groups/` are well-formed. */
  readonly rules?: {
    readonly rules: Rules;
    readonly files: ReadonlyMap<GroupName | 'policy', { readonly path: string; readonly at: Locate }>;
  };
  /** The well-formed ones, in the order of the files. */
  readonly grants: readonly LocatedGrant[];
}
