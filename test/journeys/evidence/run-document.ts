// What the journeys read of the JSON of `plan` and `reconcile`.
interface Change {
  readonly uid: string;
  readonly because: {
    readonly kind: string;
    readonly mergeRequest?: number | null;
    readonly approvedBy?: readonly string[];
    readonly until?: string | null;
  };
}

interface Verdict {
  readonly path: string;
  readonly commit: string;
  readonly code: string;
  readonly message: string;
}

export interface RunDocument {
  readonly status: { readonly code: number; readonly name: string; readonly all: readonly string[] };
  readonly policy: {
    readonly head: string | null;
    readonly judged: string | null;
    readonly rules?: string;
    readonly refused: readonly (Verdict & { readonly mergeRequest: number | null })[];
    readonly pending: readonly Verdict[];
  };
  readonly groups: readonly {
    readonly state: string;
    readonly add: readonly Change[];
    readonly remove: readonly Change[];
    readonly held: readonly {
      readonly code: string;
      readonly digest: string;
      readonly add: readonly Change[];
      readonly remove: readonly Change[];
    }[];
  }[];
  readonly withheld: readonly { readonly uid: string; readonly code: string }[];
  readonly problems?: readonly { readonly code: string; readonly message: string }[];
}

/** Code and path of everything refused. */
export function refusals({ policy }: RunDocument): readonly string[] {
  return policy.refused.map(({ code, path }) => `${code} ${path}`);
}

/** Codes of what waits, without repetition. */
export function waitsFor({ policy }: RunDocument): readonly string[] {
  return [...new Set(policy.pending.map(({ code }) => code))];
}

export function heldCodes({ groups }: RunDocument): readonly string[] {
  return groups.flatMap(({ held }) => held.map(({ code }) => code));
}
