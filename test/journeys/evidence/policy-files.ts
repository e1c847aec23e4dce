// The policy files of the journeys, with the one thing changed that a test is about.
import { stringify } from 'yaml';

export const grantPath = (uid: string): string => `policy/grants/klaxon-users/${uid}.yaml`;

/** alice, bob and carol may approve grants; bob and carol change the rules. */
export function policyFile(
  change: {
    readonly people?: Readonly<Record<string, unknown>>;
    readonly sre?: readonly string[];
    readonly owners?: readonly string[];
    readonly approvals?: number;
  } = {},
): string {
  return stringify({
    version: 1,
    people: { alice: { gitlab: 42 }, bob: { gitlab: 51 }, carol: { gitlab: 57 }, ...change.people },
    teams: { sre: change.sre ?? ['alice', 'bob', 'carol'], 'access-owners': change.owners ?? ['bob', 'carol'] },
    rules: { approvers: ['access-owners'], approvals: change.approvals ?? 1 },
  });
}

export function groupFile(change: Readonly<Record<string, unknown>> = {}): string {
  return stringify({
    purpose: 'Individuals who may page SRE.',
    owner: 'sre',
    members: 'grants',
    approvers: ['sre'],
    approvals: 1,
    longest: '90 days',
    requires: ['contact'],
    ...change,
  });
}

/** @param until as it stands in the file */
export function grantFile(until: string, more: Readonly<Record<string, string>> = {}): string {
  const fields = { reason: 'an incident', contact: 'irc somebody on libera.chat', until, ...more };
  return Object.entries(fields)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}
