// `muster check`: is the policy well-formed, and within its own rules? Needs nothing but the files.
import type { SignedCeilings } from '../evidence/approval.ts';
import { renderEndOf } from '../text.ts';
import type { Duration, Instant } from '../names.ts';
import { byPlace, type Finding } from '../policy/policy.ts';
import { grantObjections, rulesObjections, type LocatedGrant, type PolicyReading, type Objection } from '../policy/policy-rules.ts';
import { renderDuration } from '../time.ts';
import { statusOf, type Status } from '../status.ts';

/** What `check --json` prints. */
export interface CheckResult {
  readonly muster: 1;
  readonly command: 'check';
  readonly status: Status;
  /** By path, line and column. */
  readonly findings: readonly Finding[];
}

/** What the caller knows beyond the policy itself. */
export interface CheckOptions {
  readonly now: Instant;
  /** What reading the folder already found: links, strange names. */
  readonly found?: readonly Finding[];
  /** With a change: grants that it leaves as they were. Changed rules are advice to them, and so is an end that has passed. */
  readonly unchanged?: ReadonlySet<string>;
  /** Advises of grants that end this soon. */
  readonly endingWithin?: Duration;
  /** The host's; without them the policy says whether anything but signatures approves. */
  readonly ceilings?: SignedCeilings;
}

/**
 * Every finding about a policy. Advice alone leaves the status in order.
 * When a grant landed is not known here, so its length is measured from `now`: what may be merged today passes, and what passed
 * once never fails because time went by.
 */
export function check(policy: PolicyReading, { now, found = [], unchanged, endingWithin, ceilings }: CheckOptions): CheckResult {
  const findings = [
    ...found,
    ...policy.findings,
    ...rulesFindings(policy, ceilings),
    ...policy.grants.flatMap((grant) => [
      ...grantFindings(grant, policy, now, unchanged?.has(grant.path) ? 'advice' : 'error'),
      ...endFindings(grant, now, endingWithin, unchanged && !unchanged.has(grant.path) ? 'error' : 'advice'),
    ]),
  ].sort(byPlace);
  const isWrong = findings.some(({ severity }) => severity === 'error');
  return { muster: 1, command: 'check', status: statusOf(isWrong ? ['findings'] : []), findings };
}

function rulesFindings({ rules }: PolicyReading, ceilings: CheckOptions['ceilings']): readonly Finding[] {
  if (!rules) return [];
  return rulesObjections(rules.rules, ceilings?.only).flatMap((objection) => {
    const file = rules.files.get(objection.group ?? 'policy');
    return file ? [findingOf(file, objection, 'error')] : [];
  });
}

function grantFindings(located: LocatedGrant, { rules }: PolicyReading, now: Instant, severity: Finding['severity']): readonly Finding[] {
  const objections = rules ? grantObjections(located.grant, rules.rules, now) : [];
  return objections.map((objection) => findingOf(located, objection, severity));
}

/** `severity`: of an end that has passed. Whoever adds or edits such a grant means something else. */
function endFindings(
  located: LocatedGrant,
  now: Instant,
  endingWithin: Duration | undefined,
  severity: Finding['severity'],
): readonly Finding[] {
  const { until } = located.grant;
  if (until === 'open') return [];
  if (until <= now) {
    const ended: Objection = {
      code: 'ended',
      key: ['until'],
      message: `the grant ended ${renderEndOf(until)} and gives nothing any more`,
      fix: 'Delete the file, or write a later "until" where access is needed again.',
    };
    return [findingOf(located, ended, severity)];
  }
  if (endingWithin === undefined || until > now + endingWithin) return [];
  const endsSoon: Objection = {
    code: 'ends-soon',
    key: ['until'],
    message: `the grant ends ${renderEndOf(until)}, in ${renderDuration(until - now)}`,
    fix: 'Let it end, or ask for a later "until" where access is still needed.',
  };
  return [findingOf(located, endsSoon, 'advice')];
}

function findingOf(
  { path, at }: Pick<LocatedGrant, 'path' | 'at'>,
  { code, key, message, fix }: Objection,
  severity: Finding['severity'],
): Finding {
  const { line, column } = at(key);
  return { code, severity, path, line, column, message, fix };
}
