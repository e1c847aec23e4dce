// A policy as it was read from files: what could be understood, where it stands, and what is wrong with the rest.
import type { GroupName } from '../names.ts';
import type { Finding, GrantFile, Rules } from './policy.ts';
import type { KeyPath } from './policy-rules.ts';

/** Line and column of a key's value, both from 1; of the nearest thing round it where the key is not there. */
export type Locate = (key: KeyPath) => { readonly line: number; readonly column: number };

export interface LocatedGrant {
  readonly path: string;
  readonly grant: GrantFile;
  readonly at: Locate;
}

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
