import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/policy/parser.ts';
import { check } from '../../src/check/check.ts';
import { instant } from '../../src/names.ts';
import type { Finding } from '../../src/policy/policy.ts';
import { renderFindings, renderFindingsCodeQuality, renderFindingsJson, renderFindingsJunit } from '../../src/check/findings.ts';

const texts = {
  'policy/policy.yaml':
    'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 42 }\nteams:\n  sre: [alice, bob, no]\nrules:\n  approvers: [sre]\n  approvals: 2\n',
  'policy/groups/klaxon-users.yaml':
    'purpose: Individuals who may page SRE.\nowner: sre\nmembers: grants\nlongest: 90 days\nrequires: [contact, understood]\nunderstood: { text: https://wikitech.wikimedia.org/wiki/Klaxon, version: 2026-11-01 }\n',
  'policy/groups/stewards.yaml': 'purpose: Stewards.\nowner: access-owners\nmembers: { roster: steward }\nlimits: { removals: lots }\n',
  'policy/grants/klaxon-users/hoo.yaml': 'resaon: Import.\nuntil: 2026-02-30\ncontact: &irc irc\n',
  'policy/grants/klaxon-users/mallory.yaml': 'reason: "<script>alert(1)</script> & \\u202e"\n',
  'policy/grants/klaxon-users/urbanecm.yaml': 'reason: Abuse wave.\nuntil: 2026-12-07T18:00\nunderstood: 2025-01-01\n',
  'policy/notes.txt': 'see elsewhere\n',
};

const inOrderButForGrants = {
  'policy/policy.yaml':
    'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  sre: [alice, bob]\nrules:\n  approvers: [sre]\n',
  'policy/groups/klaxon-users.yaml': texts['policy/groups/klaxon-users.yaml'],
  'policy/grants/klaxon-users/hoo.yaml': 'reason: Import.\ncontact: irc\nunderstood: 2025-01-01\nfrom: 2027-01-01\nuntil: 2028-01-01\n',
  'policy/grants/klaxon-users/urbanecm.yaml': 'reason: Abuse wave.\ncontact: irc\nunderstood: 2026-11-01\nuntil: 2026-11-01\n',
};

function checked(files: Readonly<Record<string, string>>) {
  const policy = Object.entries(files).map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));
  return check(readPolicy(policy, 'policy'), { now: instant(Date.UTC(2026, 10, 23, 12)) });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const hostile: Finding = {
  code: 'bad-path',
  severity: 'error',
  path: 'policy/<a>&"\'\n\u202e\u001b[31m.yaml',
  line: 1,
  column: 1,
  message: ']]> <b> & "x" \0',
  fix: "<i>'",
};

describe('what people read of a check', () => {
  it('given files with faults, then each has a line and what to do', async () => {
    await expect(renderFindings(checked(texts))).toMatchFileSnapshot('../golden/check-faults.txt');
  });

  it('given grants that break the rules, then each has a line and what to do', async () => {
    await expect(renderFindings(checked(inOrderButForGrants))).toMatchFileSnapshot('../golden/check-grants.txt');
  });

  it('given nothing to say, then it says that', () => {
    expect(renderFindings({ findings: [] })).toBe('The policy is in order.\n');
  });

  it('given a path and a message made to deceive a terminal, then they stay on their line', () => {
    expect(renderFindings({ findings: [hostile] })).not.toMatch(/[\u001b\u202e\0]|<a>&"'\n/u);
  });
});

describe('what machines read of a check', () => {
  it('given faults, then the JSON is that of the contract', async () => {
    await expect(renderFindingsJson(checked(inOrderButForGrants))).toMatchFileSnapshot('../golden/check-grants.json');
  });

  it('given faults, then the JUnit report has a case for each', async () => {
    await expect(renderFindingsJunit(checked(inOrderButForGrants))).toMatchFileSnapshot('../golden/check-grants.junit.xml');
  });

  it('given faults, then the Code Quality report has an issue for each', async () => {
    await expect(renderFindingsCodeQuality(checked(inOrderButForGrants), digest)).toMatchFileSnapshot(
      '../golden/check-grants.codequality.json',
    );
  });

  it('given nothing to say, then JUnit has one case that passes and Code Quality no issue', () => {
    expect(renderFindingsJunit({ findings: [] })).toContain('tests="1" failures="0"');
    expect(JSON.parse(renderFindingsCodeQuality({ findings: [] }, digest))).toEqual([]);
  });

  it('given hostile text, then the XML has no markup but its own', () => {
    const xml = renderFindingsJunit({ findings: [hostile] });
    const markup = [...xml.matchAll(/<\/?([a-z?]+)/g)].map(([, name]) => name);
    expect(new Set(markup)).toEqual(new Set(['?xml', 'testsuites', 'testsuite', 'testcase', 'failure']));
    expect(xml).not.toMatch(/&(?!(amp|lt|gt|quot|apos);)|[^\n\x20-\x7e]/);
  });

  it('given the same finding twice, and again further down, then fingerprints differ within a report and not between reports', () => {
    const prints = (findings: readonly Finding[]) =>
      JSON.parse(renderFindingsCodeQuality({ findings }, digest)).map(({ fingerprint }: { fingerprint: string }) => fingerprint);
    const both = prints([hostile, hostile]);
    expect(new Set(both).size).toBe(2);
    expect(prints([{ ...hostile, line: 9 }])).toEqual(both.slice(0, 1));
  });
});
