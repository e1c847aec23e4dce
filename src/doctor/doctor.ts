// What `muster doctor` looks at, as tables of named checks of one shape: facts in, findings out. What could not be asked is
// `unknown`, with the reason, and never `ok`.

export type Severity = 'ok' | 'advice' | 'error' | 'unknown';

/** Who can put it right. */
export type Fixer =
  | 'the administrator of this host'
  | 'the administrator of the directory'
  | 'a maintainer of the GitLab project'
  | 'the administrator of GitLab'
  | 'the owners of the policy'
  | 'whoever produces or carries the roster';

export interface Fix {
  readonly who: Fixer;
  readonly how: string;
}

/** What one check says of one thing; `subject` names it where a check looks at several: a group, a person, a file. */
export interface Verdict {
  readonly severity: Severity;
  readonly subject?: string;
  readonly message: string;
  readonly fix?: Fix;
  /** Somebody did not answer: another time the check may say more. */
  readonly unanswered?: true;
}

export interface CheckupFinding extends Verdict {
  /** Stable: docs/operating.md and monitoring know it. */
  readonly code: string;
  readonly area: string;
}

/** One row of a table. It says at least one thing, `ok` included. */
export interface Check<Facts> {
  readonly code: string;
  readonly look: (facts: Facts) => readonly Verdict[];
}

/** Facts that had to be asked for: known, or nobody answered, or the answer was that they are not to be had. */
export type Answer<Value> =
  { readonly kind: 'known'; readonly value: Value } | { readonly kind: 'unanswered' | 'refused'; readonly reason: string };

export interface Area<Facts> {
  /** Also the title that people read. */
  readonly area: string;
  /** The first row: it alone says what kept the others from being looked at. */
  readonly checks: readonly [Check<Facts>, ...Check<Facts>[]];
  readonly fixer: Fixer;
  /** What that person does where nothing of the area could be looked at; needless where the facts are this host's own. */
  readonly remedy?: string;
}

/** Every check of an area, in the order of its table. */
export function examine<Facts>(
  { area, checks, fixer, remedy = 'Mend what the message says.' }: Area<Facts>,
  answer: Answer<Facts>,
): readonly CheckupFinding[] {
  const [first, ...others] = checks;
  if (answer.kind === 'known') return checks.flatMap(({ code, look }) => look(answer.value).map((verdict) => ({ code, area, ...verdict })));
  return [
    { code: first.code, area, ...failed(answer, { who: fixer, how: `${remedy} Then run "muster doctor" again.` }) },
    ...others.map(({ code }) => ({ code, area, ...unknown(`not looked at, because of "${first.code}" above`) })),
  ];
}

/** Facts that are not known, as a verdict: no answer is no finding, and an answer that says no is one. */
export function failed({ kind, reason }: Exclude<Answer<unknown>, { kind: 'known' }>, fix: Fix, subject?: string): Verdict {
  return kind === 'unanswered' ? { ...unknown(reason, subject), unanswered: true } : error(reason, fix.who, fix.how, subject);
}

export function known<Value>(value: Value): Answer<Value> {
  return { kind: 'known', value };
}

export function ok(message: string, subject?: string): Verdict {
  return { severity: 'ok', message, ...about(subject) };
}

/** What was found, or else that all is well. */
export function orOk(found: readonly Verdict[], message: string): readonly Verdict[] {
  return found.length > 0 ? found : [ok(message)];
}

export function advice(message: string, who: Fixer, how: string, subject?: string): Verdict {
  return { severity: 'advice', message, fix: { who, how }, ...about(subject) };
}

export function error(message: string, who: Fixer, how: string, subject?: string): Verdict {
  return { severity: 'error', message, fix: { who, how }, ...about(subject) };
}

export function unknown(message: string, subject?: string): Verdict {
  return { severity: 'unknown', message, ...about(subject) };
}

function about(subject: string | undefined): { readonly subject?: string } {
  return subject === undefined ? {} : { subject };
}

/** The statuses that follow: an error is a finding, and silence is unavailability. */
export function checkupStatuses(findings: readonly CheckupFinding[]): readonly ('findings' | 'unavailable')[] {
  return [
    ...(findings.some(({ severity }) => severity === 'error') ? (['findings'] as const) : []),
    ...(findings.some(({ unanswered }) => unanswered) ? (['unavailable'] as const) : []),
  ];
}
