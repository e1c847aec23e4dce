// The statuses a command can end with, and which of several is the one a timer sees.

export const exitStatus = {
  'in order': 0,
  findings: 1,
  misuse: 2,
  held: 3,
  refused: 4,
  input: 5,
  directory: 6,
  pending: 10,
  bug: 70,
  unavailable: 75,
} as const;

export type StatusName = keyof typeof exitStatus;

/** Worst first: of several that hold, the first is the exit status. */
const bySeverity: readonly StatusName[] = ['bug', 'misuse', 'directory', 'input', 'held', 'refused', 'unavailable', 'findings', 'pending'];

export interface Status {
  readonly code: number;
  readonly name: StatusName;
  /** All that hold, worst first; `in order` alone when none does. */
  readonly all: readonly StatusName[];
}

export function statusOf(names: Iterable<StatusName>): Status {
  const holding = new Set(names);
  const all = bySeverity.filter((name) => holding.has(name));
  const [name = 'in order'] = all;
  return { code: exitStatus[name], name, all: all.length > 0 ? all : ['in order'] };
}
