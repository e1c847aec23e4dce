// Facts of a world in order, area by area, and one change at a time that a check must notice: here the host's own.
import { examine, type Answer, type Area, type CheckupFinding, type Severity } from '../../src/doctor/doctor.ts';
import { configurationArea, stateArea, type PathMode } from '../../src/doctor/doctor-host.ts';
import { clockArea, rosterArea, timerArea } from '../../src/doctor/doctor-runs.ts';
import { instant, parseCommitId, parseRosterName } from '../../src/names.ts';

export const noon = instant(Date.parse('2026-11-23T12:00:00Z'));
export const hours = (number: number) => instant(noon + number * 3_600_000);

export interface Case {
  readonly area: string;
  readonly code: string;
  readonly given: string;
  readonly gives: Severity;
  readonly findings: readonly CheckupFinding[];
}

export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a sample is malformed');
  return value;
}

export const known = <Value>(value: Value): Answer<Value> => ({ kind: 'known', value });
export const silent: Answer<never> = { kind: 'unanswered', reason: 'it did not answer' };
export const denied: Answer<never> = { kind: 'refused', reason: 'it said no' };

/** The case in order for every check of the area, and then what each change makes of the check it is about. */
export function casesOf<Facts>(
  area: Area<Facts>,
  good: NoInfer<Facts>,
  changes: readonly (readonly [string, string, Partial<NoInfer<Facts>>, Severity])[],
): Case[] {
  const found = (facts: Facts, code: string) => examine(area, known(facts)).filter((one) => one.code === code);
  const passes = area.checks.map(({ code }) => ({
    area: area.area,
    code,
    given: 'all in order',
    gives: 'ok' as const,
    findings: found(good, code),
  }));
  const fails = changes.map(([code, given, change, gives]) => ({
    area: area.area,
    code,
    given,
    gives,
    findings: found({ ...good, ...change }, code),
  }));
  return [...passes, ...fails];
}

const file = (mode: number, more: Partial<PathMode> = {}): PathMode => ({
  path: '/etc/muster/muster.yaml',
  kind: 'file',
  mode,
  owner: 0,
  ...more,
});
const folder = (mode: number): PathMode => ({ path: '/var/lib/muster', kind: 'folder', mode, owner: 990 });
export const start = present(parseCommitId('4f'.repeat(20)));

const configuration = casesOf(
  configurationArea,
  {
    digest: `sha256:${'0'.repeat(64)}`,
    start,
    file: known(file(0o640)),
    files: [{ path: '/etc/muster/token', isSecret: true }],
    outputs: [{ key: 'metrics', path: '/var/lib/prometheus/node.d/muster.prom' }],
    standing: known({ state: 'active', why: 'it has the file /etc/muster/active' } as const),
    mode: 'enforce',
    evidence: 'gitlab',
    ceilings: [{ group: 'klaxon-users', missing: [] }],
  },
  [
    ['configuration-mode', 'a file that its group may write', { file: known(file(0o660)) }, 'error'],
    ['configuration-mode', 'a file that everybody may write', { file: known(file(0o602)) }, 'error'],
    ['configuration-mode', 'a file of somebody else', { file: known(file(0o600, { owner: 1000 })) }, 'advice'],
    ['configuration-mode', 'a file that is not there', { file: denied }, 'error'],
    [
      'secret-file',
      'a secret that everybody may read',
      { files: [{ path: '/etc/muster/token', isSecret: true, problem: 'everybody may read it' }] },
      'error',
    ],
    ['secret-file', 'certificates', { files: [{ path: '/etc/ssl/certs/ca-certificates.crt', isSecret: false }] }, 'ok'],
    [
      'secret-file',
      'a credential of the service',
      { files: [{ path: '/run/credentials/muster.service/x', isSecret: true, problem: 'it is not there' }] },
      'unknown',
    ],
    [
      'output-file',
      'a folder that only others may write in',
      { outputs: [{ key: 'report', path: '/var/www/muster/index.html', problem: 'this account may not write in /var/www/muster' }] },
      'error',
    ],
    ['active', 'the standby', { standing: known({ state: 'standby', why: 'it has no file /etc/muster/active' } as const) }, 'ok'],
    ['active', 'a flag that cannot be looked at', { standing: silent }, 'unknown'],
    ['mode', 'report', { mode: 'report' }, 'advice'],
    ['evidence', 'none', { evidence: 'none' }, 'advice'],
    [
      'ceilings',
      'none at all',
      { ceilings: [{ group: 'klaxon-users', missing: ['source', 'members', 'longest', 'additions', 'removals'] }] },
      'advice',
    ],
    ['ceilings', 'none on removals of a roster', { ceilings: [{ group: 'stewards', roster: 'steward', missing: ['removals'] }] }, 'advice'],
    ['ceilings', 'none on removals', { ceilings: [{ group: 'klaxon-users', missing: ['removals'] }] }, 'advice'],
  ],
);

const state = casesOf(
  stateArea,
  {
    folder: folder(0o711),
    inner: [folder(0o700)],
    writable: true,
    freeBytes: 5e9,
    ledger: known({ records: 12, notes: [] }),
    revocations: known({ count: 0, warnings: [] }),
    lastRun: hours(-1),
    isActive: true,
    now: noon,
  },
  [
    ['state-folder', 'a folder that everybody may write', { folder: folder(0o777) }, 'error'],
    ['state-folder', 'a folder in it that its group may write', { inner: [folder(0o770)] }, 'error'],
    ['state-folder', 'a file', { folder: file(0o600) }, 'error'],
    ['state-folder', 'another account', { writable: false }, 'unknown'],
    ['ledger', 'a broken chain', { ledger: denied }, 'error'],
    ['ledger', 'a disk that does not answer', { ledger: silent }, 'unknown'],
    ['disk', 'a nearly full disk', { freeBytes: 1e6 }, 'error'],
    ['revocations', 'a damaged revocation', { revocations: known({ count: 1, warnings: ['x.json is damaged.'] }) }, 'error'],
    ['revocations', 'a folder that cannot be read', { revocations: silent }, 'unknown'],
    ['last-run', 'none yet', { lastRun: undefined }, 'advice'],
    ['last-run', 'none yet, on the standby', { lastRun: undefined, isActive: false }, 'ok'],
    ['last-run', 'three hours ago', { lastRun: hours(-3) }, 'advice'],
    ['last-run', 'two days ago', { lastRun: hours(-48) }, 'error'],
    ['last-run', 'two days ago, on the standby', { lastRun: hours(-48), isActive: false }, 'ok'],
  ],
);

const ended = (result: string, status: number) => ({ result, status, at: hours(-0.1) });
const timer = casesOf(
  timerArea,
  { unit: 'muster', enabled: 'enabled', active: 'active', last: ended('success', 0), isActive: true, isNew: false },
  [
    ['timer', 'one that is not enabled', { enabled: 'disabled', active: 'inactive' }, 'error'],
    ['timer', 'one that is not enabled, before the first run', { enabled: 'disabled', active: 'inactive', isNew: true }, 'advice'],
    ['timer', 'one that is enabled and was stopped', { active: 'inactive' }, 'error'],
    ['timer', 'the one of judging, which is not enabled', { unit: 'muster-judge', enabled: 'disabled', active: 'inactive' }, 'error'],
    ['timer', 'one that is not enabled, on the standby', { enabled: 'disabled', active: 'inactive', isActive: false }, 'ok'],
    ['last-service-run', 'a run that failed', { last: ended('exit-code', 5) }, 'error'],
    ['last-service-run', 'no run', { last: undefined }, 'unknown'],
  ],
);

const clock = casesOf(clockArea, { verdict: { kind: 'sound' }, witness: 'told' }, [
  ['clock', 'one that is behind', { verdict: { kind: 'behind', message: 'it is behind' } }, 'error'],
  ['clock', 'a GitLab that tells no time', { witness: 'silent' }, 'unknown'],
  ['clock', 'nobody to ask', { witness: 'nobody' }, 'unknown'],
]);

export const steward = present(parseRosterName('steward'));
const act = 'carrier' as const;
const fresh = { kind: 'fresh' as const, uids: [], people: 11, notes: [], producedAt: noon, sha256: 'f'.repeat(64) };
const rosters = casesOf(rosterArea, { rosters: [{ roster: steward, state: fresh }] }, [
  ['roster', 'none', { rosters: [] }, 'ok'],
  ['roster', 'a missing one', { rosters: [{ roster: steward, state: { kind: 'missing', message: 'It is not there.', act } }] }, 'error'],
  [
    'roster',
    'a daemon that does not answer',
    { rosters: [{ roster: steward, state: { kind: 'unreadable', message: 'No answer.', act, mayPass: true } }] },
    'unknown',
  ],
]);

export const hostCases: readonly Case[] = [...configuration, ...state, ...timer, ...clock, ...rosters];
