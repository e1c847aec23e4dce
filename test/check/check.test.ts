import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/policy/parser.ts';
import { check } from '../../src/check/check.ts';
import { duration, instant, type Instant } from '../../src/names.ts';
import { day } from '../../src/time.ts';

const now = instant(Date.UTC(2026, 10, 23, 12));

const good: Readonly<Record<string, string>> = {
  'policy.yaml':
    'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  sre: [alice, bob]\nrules: { approvers: [sre] }\n',
  'groups/klaxon-users.yaml': 'purpose: Individuals.\nowner: sre\nmembers: grants\nlongest: 90 days\nrequires: [contact]\n',
  'grants/klaxon-users/urbanecm.yaml': 'reason: Abuse wave.\ncontact: irc\nuntil: 2026-12-07\n',
};

function checked(changes: Readonly<Record<string, string>> = {}, at: Instant = now, unchanged: readonly string[] = [], within?: number) {
  const files = Object.entries({ ...good, ...changes }).map(([path, text]) => ({
    path: `policy/${path}`,
    bytes: new TextEncoder().encode(text),
  }));
  return check(readPolicy(files, 'policy'), {
    now: at,
    ...(unchanged.length === 0 ? {} : { unchanged: new Set(unchanged) }),
    ...(within === undefined ? {} : { endingWithin: duration(within) }),
  });
}

function told(changes: Readonly<Record<string, string>>, at: Instant = now): readonly string[] {
  return checked(changes, at).findings.map(({ code, severity, path, line, column }) => `${severity} ${code} ${path}:${line}:${column}`);
}

describe('what check answers', () => {
  it('given a policy in order, then the answer has the form of the contract', () => {
    expect(checked()).toEqual({ muster: 1, command: 'check', status: { code: 0, name: 'in order', all: ['in order'] }, findings: [] });
  });

  it('given an error, then the status says so', () => {
    expect(checked({ 'groups/klaxon-users.yaml': 'purpose: x\n' }).status).toEqual({ code: 1, name: 'findings', all: ['findings'] });
  });

  it.each<{ readonly given: string; readonly changes: Readonly<Record<string, string>>; readonly gives: string }>([
    {
      given: 'a stranger on a team',
      changes: { 'policy.yaml': String(good['policy.yaml']).replace('[alice, bob]', '[alice, bob, mallory]') },
      gives: 'error unknown-person policy/policy.yaml:6:21',
    },
    {
      given: 'too few approvers of the rules',
      changes: { 'policy.yaml': String(good['policy.yaml']).replace('[sre] }', '[sre], approvals: 2 }') },
      gives: 'error too-few-approvers policy/policy.yaml:7:39',
    },
    {
      given: 'a team that is none',
      changes: { 'groups/klaxon-users.yaml': `${good['groups/klaxon-users.yaml']}approvers: [sre, nobody]\n` },
      gives: 'error unknown-team policy/groups/klaxon-users.yaml:6:18',
    },
    {
      given: 'a grant that lasts too long',
      changes: { 'grants/klaxon-users/hoo.yaml': 'reason: x\ncontact: irc\nuntil: 2027-02-22\n' },
      gives: 'error too-long policy/grants/klaxon-users/hoo.yaml:3:8',
    },
    {
      given: 'a grant without an end',
      changes: { 'grants/klaxon-users/hoo.yaml': 'reason: x\ncontact: irc\n' },
      gives: 'error too-long policy/grants/klaxon-users/hoo.yaml:1:1',
    },
    {
      given: 'a grant without its contact',
      changes: { 'grants/klaxon-users/hoo.yaml': 'reason: x\nuntil: 2026-12-07\n' },
      gives: 'error missing-field policy/grants/klaxon-users/hoo.yaml:1:1',
    },
    {
      given: 'a grant of no group',
      changes: { 'grants/klaxon/hoo.yaml': 'reason: x\ncontact: irc\nuntil: 2026-12-07\n' },
      gives: 'error unknown-group policy/grants/klaxon/hoo.yaml:1:1',
    },
    {
      given: 'an end before the start',
      changes: { 'grants/klaxon-users/hoo.yaml': 'reason: x\ncontact: irc\nfrom: 2026-12-07\nuntil: 2026-12-01\n' },
      gives: 'error until-before-from policy/grants/klaxon-users/hoo.yaml:4:8',
    },
    {
      given: 'a grant that sleeps',
      changes: { 'grants/klaxon-users/hoo.yaml': 'reason: x\ncontact: irc\nfrom: 2027-01-01\nuntil: 2027-01-07\n' },
      gives: 'error too-dormant policy/grants/klaxon-users/hoo.yaml:3:7',
    },
    {
      given: 'a grant that has ended',
      changes: { 'grants/klaxon-users/hoo.yaml': 'reason: x\ncontact: irc\nuntil: 2026-11-01\n' },
      gives: 'advice ended policy/grants/klaxon-users/hoo.yaml:3:8',
    },
  ])('given $given, then the finding stands at the key it is about', ({ changes, gives }) => {
    expect(told(changes)).toEqual([gives]);
  });

  it('given advice alone, then all is in order', () => {
    expect(checked({}, instant(now + 30 * day)).status.code).toBe(0);
  });

  it('given a grant that may be merged today, when time goes by, then it never becomes an error', () => {
    const longest = { 'grants/klaxon-users/hoo.yaml': 'reason: x\ncontact: irc\nfrom: 2026-12-20\nuntil: 2027-02-20\n' };
    for (let days = 0; days < 400; days += 10) expect(checked(longest, instant(now + days * day)).status.code).toBe(0);
  });

  it.each([
    { given: 'an end within the time asked about', within: 15 * day, gives: ['ends-soon'] },
    { given: 'an end after it', within: 14 * day, gives: [] },
    { given: 'no question', within: undefined, gives: [] },
  ])('given $given, then the advice is $gives and all is in order', ({ within, gives }) => {
    const { findings, status } = checked({}, now, [], within);
    expect(findings.map(({ code, severity, line }) => [code, severity, line])).toEqual(gives.map((code) => [code, 'advice', 3]));
    expect(status.code).toBe(0);
  });

  it.each([
    { until: '2026-12-07', gives: 'the grant ends at the end of 2026-12-07, in 14 days' },
    { until: '2026-11-24T13:00+01:00', gives: 'the grant ends at 2026-11-24 12:00 UTC, in 1 day' },
  ])('given the end $until, then it is told as somebody wrote it', ({ until, gives }) => {
    const grant = `reason: x\ncontact: irc\nuntil: ${until}\n`;
    const { findings } = checked({ 'grants/klaxon-users/urbanecm.yaml': grant }, now, [], 30 * day);
    expect(findings.map(({ message }) => message)).toEqual([gives]);
  });

  it.each(['90 days', '1 week', '36 hours', '1 hour'])(
    'given grants of %s at most, then the end that check proposes is one that it accepts',
    (longest) => {
      const told = (until: string) =>
        checked({
          'groups/klaxon-users.yaml': String(good['groups/klaxon-users.yaml']).replace('90 days', longest),
          'grants/klaxon-users/urbanecm.yaml': `reason: x\ncontact: irc\nuntil: ${until}\n`,
        }).findings;
      const [, proposed = 'none'] = /"until: (\S+)"/.exec(told('2028-01-01')[0]?.fix ?? '') ?? [];

      expect(told(proposed)).toEqual([]);
    },
  );

  it('given a grant that has ended, when endings are asked about, then it is told once, as ended', () => {
    expect(checked({}, instant(now + 30 * day), [], 90 * day).findings.map(({ code }) => code)).toEqual(['ended']);
  });

  it('given rules that have changed and a grant that has not, then the rules are advice to it', () => {
    const { findings, status } = checked(
      { 'groups/klaxon-users.yaml': String(good['groups/klaxon-users.yaml']).replace('90 days', '2 days') },
      now,
      ['policy/grants/klaxon-users/urbanecm.yaml'],
    );
    expect(findings).toMatchObject([{ code: 'too-long', severity: 'advice' }]);
    expect(status.code).toBe(0);
  });

  it('given broken rules, then grants are still read', () => {
    expect(
      told({ 'policy.yaml': 'version: 1\n', 'grants/klaxon-users/hoo.yaml': 'until: never\n' }).map((line) => line.split(' ')[1]),
    ).toEqual(['missing-key', 'bad-time', 'missing-key', 'missing-key', 'missing-key']);
  });
});
