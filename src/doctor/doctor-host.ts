// The host's own side of a checkup: its configuration, its secrets and the state folder.
import type { EvidenceKind } from '../evidence/evidence.ts';
import type { Standing } from '../host.ts';
import { advice, error, failed, ok, unknown, type Answer, type Area, type Check, type Verdict } from './doctor.ts';
import type { CommitId, Instant } from '../names.ts';
import { count, day, hour, renderDuration } from '../time.ts';
import { renderMoment } from '../text.ts';

const administrator = 'the administrator of this host';

/** What stat(2) says of a path. */
export interface PathMode {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** The permission bits. */
  readonly mode: number;
  /** Numeric user id. */
  readonly owner: number;
}

export interface ConfigurationFacts {
  /** Of the file's bytes: `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly start: CommitId;
  readonly file: Answer<PathMode>;
  /** Files that are needed, and what keeps each from being used. */
  readonly files: readonly { readonly path: string; readonly isSecret: boolean; readonly problem?: string }[];
  /** Files outside the state folder that runs write, by their keys, and what keeps each from being written. */
  readonly outputs: readonly { readonly key: 'metrics' | 'report'; readonly path: string; readonly problem?: string }[];
  readonly standing: Answer<Standing>;
  readonly mode: 'enforce' | 'report';
  readonly evidence: EvidenceKind;
  /** Groups of the host, and those of its ceilings that bound a judge that was taken over. */
  readonly ceilings: readonly {
    readonly group: string;
    /** The one that `source` names. */
    readonly roster?: string | undefined;
    readonly missing: readonly ('source' | 'members' | 'longest' | 'additions' | 'removals')[];
  }[];
}

const configurationChecks: readonly [Check<ConfigurationFacts>, ...Check<ConfigurationFacts>[]] = [
  {
    code: 'configuration',
    look: ({ digest, start }) => [ok(`start ${start}, file ${digest}: both hosts must print the same start`)],
  },
  { code: 'configuration-mode', look: ({ file }) => [safeMode(file, 'the configuration')] },
  { code: 'secret-file', look: ({ files }) => files.map(usableFile) },
  { code: 'output-file', look: ({ outputs }) => outputs.map(writableFile) },
  { code: 'active', look: ({ standing }) => [standingOf(standing)] },
  { code: 'mode', look: ({ mode }) => [modeOf(mode)] },
  { code: 'evidence', look: ({ evidence }) => [evidenceOf(evidence)] },
  { code: 'ceilings', look: ({ ceilings }) => ceilings.map(ceilingsOf) },
];

export const configurationArea: Area<ConfigurationFacts> = {
  area: 'Configuration',
  checks: configurationChecks,
  fixer: administrator,
};

const writableByOthers = 0o022;

function safeMode(file: Answer<PathMode>, what: string): Verdict {
  if (file.kind !== 'known') return failed(file, { who: administrator, how: `Put ${what} in place.` });
  const { path, mode, owner } = file.value;
  const bits = bitsOf(file.value);
  if ((mode & writableByOthers) !== 0)
    return error(`${path} may be changed by others than its owner (mode ${bits})`, administrator, `chmod go-w ${path}`);
  if (owner !== 0)
    return advice(
      `${path} belongs to user ${owner}, who can change what muster may touch`,
      administrator,
      `On a maintenance host it belongs to root: chown root ${path}`,
    );
  return ok(`${path} belongs to root, mode ${bits}`);
}

function usableFile({ path, isSecret, problem }: ConfigurationFacts['files'][number]): Verdict {
  if (problem === undefined) return ok(`this account can read it${isSecret ? ', and not everybody can' : ''}`, path);
  // systemd.exec(5), LoadCredential=: put there for the service, and gone with it.
  if (path.startsWith('/run/credentials/')) return unknown(`${problem}: such a file is there only while the service runs`, path);
  return error(
    problem,
    administrator,
    isSecret
      ? 'Correct the file, its owner (root), its group (the account that reads it) and its mode (0640).'
      : 'Correct the file, or the key that names it.',
    path,
  );
}

function writableFile({ key, path, problem }: ConfigurationFacts['outputs'][number]): Verdict {
  if (problem === undefined) return ok(`${path} can be written`, key);
  const how = `Let this account write in its folder, as in "setfacl -m u:muster:rwx FOLDER", or correct the key "${key}".`;
  return error(problem, administrator, how, key);
}

function standingOf(standing: Answer<Standing>): Verdict {
  if (standing.kind !== 'known') return failed(standing, { who: administrator, how: 'Correct the key "active".' });
  const { state, why } = standing.value;
  return ok(
    state === 'active'
      ? `this host is the active one, for ${why}`
      : `this host is the standby, for ${why}: the timer does nothing, revoke and allow refuse`,
  );
}

function modeOf(mode: 'enforce' | 'report'): Verdict {
  if (mode === 'enforce') return ok('enforce: runs change the directory');
  return advice(
    'report: runs say what they would do and change nothing',
    administrator,
    'Write "mode: enforce" once you agree with the plans.',
  );
}

function evidenceOf(evidence: EvidenceKind): Verdict {
  if (evidence === 'gitlab') return ok('gitlab: access needs an approval by an authorised person');
  if (evidence === 'signed') return ok('signed: access needs the signatures of two authorised people at least; no forge is asked');
  return advice(
    'none: whoever may push to the branch gives access, and nobody’s approval is asked for',
    administrator,
    'Add the section "gitlab" and write "evidence: gitlab"; without GitLab write "evidence: signed" (docs/signing.md).',
  );
}

function ceilingsOf({ group, roster, missing }: ConfigurationFacts['ceilings'][number]): Verdict {
  if (missing.length === 0) return ok('the host bounds what judging may give and take', group);
  const without = `no ceiling on ${missing.join(', ')}`;
  const could = missing.filter((key) => key !== 'removals').map((key) => consequences[key]);
  const said = could.length > 0 ? `whoever broke into judging could ${could.join(', and ')}` : consequences.removals;
  return advice(
    `${without}: ${said}`,
    administrator,
    roster === undefined
      ? `Write directory.ceilings, as in "GROUP: { source: grants, members: 40, longest: 180 days, additions: 10, removals: 10 }"; for a roster "source: roster NAME", and no longest.`
      : `Write directory.ceilings, as in "GROUP: { source: roster ${roster}, members: 40, additions: 40, removals: 10 }".`,
    group,
  );
}

const consequences = {
  source: 'take the members from elsewhere',
  members: 'add as many people as they like',
  longest: 'add them for as long as they like',
  additions: 'add all of them at once',
  removals: 'whoever broke into judging could take everybody out',
} as const;

export interface StateFacts {
  readonly folder: PathMode;
  /** The folders in it that decide something, as far as they are there. */
  readonly inner: readonly PathMode[];
  /** As access(2) says for this process. */
  readonly writable: boolean;
  readonly freeBytes: number;
  readonly ledger: Answer<{ readonly records: number; readonly notes: readonly string[] }>;
  readonly revocations: Answer<{ readonly count: number; readonly warnings: readonly string[] }>;
  readonly lastRun: Instant | undefined;
  readonly isActive: boolean;
  readonly now: Instant;
}

export const stateArea: Area<StateFacts> = {
  area: 'State',
  fixer: administrator,
  remedy:
    'On a new host make the folder that "state" names, and give it to the account of muster. On any other restore it from its backup (docs/operating.md), or correct the key.',
  checks: [
    { code: 'state-folder', look: (facts) => [stateFolder(facts)] },
    { code: 'ledger', look: ({ ledger }) => [ledgerOf(ledger)] },
    { code: 'disk', look: (facts) => [disk(facts)] },
    { code: 'revocations', look: ({ revocations }) => [revocationsOf(revocations)] },
    { code: 'last-run', look: (facts) => [lastRunOf(facts)] },
  ],
};

function stateFolder({ folder, inner, writable }: StateFacts): Verdict {
  if (folder.kind !== 'folder') return error(`${folder.path} is not a folder`, administrator, 'Correct the key "state".');
  const open = [folder, ...inner].find(({ mode }) => (mode & writableByOthers) !== 0);
  if (open)
    return error(
      `${open.path} may be written by others than its owner (mode ${bitsOf(open)})`,
      administrator,
      `chmod go-w ${open.path}; whoever writes there can end revocations`,
    );
  const said = `${folder.path}, mode ${bitsOf(folder)}`;
  return writable ? ok(`${said}, writable`) : unknown(`${said}: this account may not write it; run doctor as the account of the timer`);
}

function bitsOf({ mode }: PathMode): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function ledgerOf(ledger: StateFacts['ledger']): Verdict {
  if (ledger.kind !== 'known')
    return failed(ledger, { who: administrator, how: 'Compare it with a backup; docs/operating.md says how to start a new one.' });
  const { records, notes } = ledger.value;
  return ok([records === 0 ? 'new: nothing recorded yet' : `sound, ${count(records, 'record')}`, ...notes].join('. '));
}

const leastFree = 100 * 1024 * 1024;

function disk({ freeBytes }: StateFacts): Verdict {
  const megabytes = Math.floor(freeBytes / 1024 / 1024);
  if (freeBytes >= leastFree) return ok(`${megabytes} MiB free`);
  return error(
    `${megabytes} MiB free: on a full disk nobody is added to a group`,
    administrator,
    'Make room on the file system of the state folder.',
  );
}

function revocationsOf(revocations: StateFacts['revocations']): Verdict {
  if (revocations.kind !== 'known')
    return failed(revocations, { who: administrator, how: 'Look at the folder "revoked" under the state folder.' });
  const { warnings, count: inForce } = revocations.value;
  if (warnings.length > 0) return error(warnings.join(' '), administrator, 'Mend or lift these; they revoke all the same.');
  return ok(
    inForce === 0
      ? 'nobody is revoked on this host'
      : `${count(inForce, 'revocation')} in force; a standby needs the same files, and muster-standby@.timer copies them`,
  );
}

function lastRunOf({ lastRun, isActive, now }: StateFacts): Verdict {
  if (lastRun === undefined)
    return isActive
      ? advice('no run yet', administrator, 'Look at "muster plan", and then start the timer.')
      : ok('no run yet, as it should be on the standby');
  const age = now - lastRun;
  const said = `the last run with a sound clock was at ${renderMoment(lastRun)}`;
  if (!isActive || age <= 2 * hour) return ok(said);
  const how = 'Look at the timer, and at "journalctl -u muster.service".';
  const late = `${said}, ${renderDuration(age)} ago`;
  return age > day ? error(late, administrator, how) : advice(late, administrator, how);
}
