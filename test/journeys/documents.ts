// The JSON of `plan` and `reconcile`, for tests to read, and words for asking it.

interface Verdict {
  readonly path: string;
  readonly commit: string;
  readonly code: string;
  readonly message: string;
}

export interface RunDocument {
  readonly at: string;
  readonly mode: string;
  readonly state: string;
  readonly status: { readonly code: number; readonly name: string; readonly all: readonly string[] };
  readonly policy: {
    readonly head: string | null;
    /** Of a plan. */
    readonly rules?: string;
    readonly judged: string | null;
    readonly unlisted: number;
    readonly refused: readonly (Verdict & { readonly mergeRequest: number | null })[];
    readonly pending: readonly Verdict[];
  };
  readonly rosters: readonly { readonly name: string; readonly state: string; readonly people: number | null }[];
  readonly groups: readonly GroupDocument[];
  readonly withheld: readonly { readonly group: string; readonly uid: string; readonly code: string; readonly message: string }[];
  readonly claims?: readonly { readonly uid: string; readonly dn: string; readonly changedBy: string | null }[];
  readonly problems?: readonly { readonly code: string; readonly message: string }[];
}

interface ChangeDocument {
  readonly uid: string;
  readonly dn: string;
  readonly because: {
    readonly kind: string;
    readonly mergeRequest?: number | null;
    readonly approvedBy?: readonly string[];
    readonly until?: string | null;
    readonly at?: string;
  };
}

interface HoldDocument {
  readonly code: string;
  readonly message: string;
  readonly digest: string;
  readonly add: readonly ChangeDocument[];
  readonly remove: readonly ChangeDocument[];
}

export interface GroupDocument {
  readonly group: string;
  readonly dn: string | null;
  readonly state: string;
  readonly members: number | null;
  readonly add: readonly ChangeDocument[];
  readonly remove: readonly ChangeDocument[];
  readonly held: readonly HoldDocument[];
  readonly unwritten?: readonly { readonly where: string; readonly value: string; readonly dn: string }[];
  readonly message?: string;
}

export function groupIn(document: RunDocument, name: string): GroupDocument {
  const group = document.groups.find((one) => one.group === name);
  if (!group) throw new Error(`the document has no group ${name}: ${JSON.stringify(document, null, 2)}`);
  return group;
}

/** The one hold of a group with this code. */
export function holdIn(document: RunDocument, name: string, code: string): HoldDocument {
  const hold = groupIn(document, name).held.find((one) => one.code === code);
  if (!hold) throw new Error(`nothing is held as ${code}: ${JSON.stringify(groupIn(document, name), null, 2)}`);
  return hold;
}

/** `base out: left-roster`, in the order of the document. */
export function changesIn({ add, remove }: Pick<GroupDocument, 'add' | 'remove'>): readonly string[] {
  return [...remove.map((one) => `${one.uid} out: ${one.because.kind}`), ...add.map((one) => `${one.uid} in: ${one.because.kind}`)];
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
