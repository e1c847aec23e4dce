// The alert rules: each watches a metric that muster writes, and the real promtool runs them over time.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { metricsOf, standbyMetrics } from '../../src/reconcile/metrics.ts';
import { exitStatus, statusOf } from '../../src/status.ts';
import type { RosterName } from '../../src/names.ts';
import { steward } from '../membership/membership-samples.ts';
import { troubled } from '../reconcile/run-samples.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const file = fileURLToPath(new URL('../../packaging/prometheus/alerts.yaml', import.meta.url));
const { groups } = parse(readFileSync(file, 'utf8')) as { groups: readonly { readonly rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const circumstances = {
  status: statusOf([]),
  lastSuccess: undefined,
  lastJudged: undefined,
  holds: new Map(),
  revocations: [],
  untimed: new Set<never>(),
  tokens: [],
  heads: undefined,
  open: [],
  duration: 1,
};

describe('given the alert rules', () => {
  const known = new Set([...metricsOf(troubled, circumstances), ...standbyMetrics(troubled.at)].map(({ name }) => name));

  it.each(rules)('when $alert looks at a metric, then muster writes it', ({ expr, annotations }) => {
    const named = expr.match(/\bmuster_\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(known).toContain(name);
    expect(annotations.summary).not.toBe('');
    expect(annotations.description).not.toBe('');
  });

  it('when the time of a roster means nothing, then there is no age to be alarmed by', () => {
    const ages = (untimed: readonly RosterName[]) =>
      metricsOf(troubled, { ...circumstances, untimed: new Set(untimed) }).find(({ name }) => name === 'muster_roster_age_seconds')
        ?.samples;
    expect([ages([])?.length, ages([steward])?.length]).toEqual([1, 0]);
  });

  it('when they ask for a status, then it is one of the contract, and each that a person must look at has an alert', () => {
    const asked = rules.flatMap(({ expr }) => /status=~"([^"]+)"/.exec(expr)?.[1]?.split('|') ?? []);
    for (const status of asked) expect(Object.keys(exitStatus)).toContain(status);
    for (const status of ['misuse', 'input', 'directory', 'bug']) expect(asked).toContain(status);
  });
});

const minutes = (count: number, value: string) => `${value}x${count}`;

/** By series as promtool writes them, one value a minute: which alerts of which labels there are after `at`. */
const cases: readonly {
  readonly given: string;
  readonly at: string;
  readonly series: Record<string, string>;
  readonly fires: Record<string, object[]>;
}[] = [
  {
    given: 'a host in order, and its standby',
    at: '2h',
    series: {
      'muster_active{instance="a"}': minutes(120, '1+0'),
      'muster_active{instance="b"}': minutes(120, '0+0'),
      'muster_standby_timestamp_seconds{instance="b"}': minutes(120, '0+60'),
      'muster_last_run_timestamp_seconds{instance="a"}': minutes(120, '0+60'),
      'muster_last_judged_timestamp_seconds{instance="a"}': minutes(120, '0+60'),
      'muster_status{instance="a",status="in_order"}': minutes(120, '1+0'),
      'muster_status{instance="a",status="directory"}': minutes(120, '0+0'),
      'muster_group_held_changes{group="stewards"}': minutes(120, '0+0'),
      'muster_roster_fresh{roster="steward",state="fresh"}': minutes(120, '1+0'),
      muster_refused_files: minutes(120, '0+0'),
      'muster_judging_silent{instance="a"}': minutes(120, '0+0'),
    },
    fires: {
      MusterFailed: [],
      MusterJudgingSilent: [],
      MusterStale: [],
      MusterAbsent: [],
      MusterStandbyStale: [],
      MusterTwice: [],
      MusterHeld: [],
      MusterRefused: [],
      MusterRosterUnusable: [],
      MusterWaits: [],
    },
  },
  {
    given: 'a run that stopped coming, and no other host',
    at: '2h',
    series: { 'muster_last_run_timestamp_seconds{instance="a"}': minutes(120, '0+0') },
    fires: { MusterStale: [{ instance: 'a', severity: 'critical' }], MusterTwice: [] },
  },
  {
    given: 'a judge that died, or hangs',
    at: '2h',
    series: {
      'muster_judging_silent{instance="a"}': `${minutes(110, '0+0')} ${minutes(10, '1+0')}`,
      'muster_last_run_timestamp_seconds{instance="a"}': minutes(120, '0+60'),
    },
    fires: { MusterJudgingSilent: [{ instance: 'a', severity: 'warning' }], MusterStale: [] },
  },
  { given: 'nobody who tells anything', at: '2h', series: {}, fires: { MusterAbsent: [{ severity: 'critical' }] } },
  {
    given: 'a host that died half an hour ago with its monitoring, and its standby',
    at: '90m',
    series: {
      'muster_active{instance="a"}': `${minutes(60, '1+0')} stale`,
      'muster_last_run_timestamp_seconds{instance="a"}': `${minutes(60, '0+60')} stale`,
      'muster_active{instance="b"}': minutes(120, '0+0'),
      'muster_standby_timestamp_seconds{instance="b"}': minutes(120, '0+60'),
    },
    fires: { MusterAbsent: [{ severity: 'critical' }], MusterStale: [], MusterStandbyStale: [], MusterTwice: [] },
  },
  {
    given: 'two hosts of which each takes the other for the active one',
    at: '2h',
    series: {
      'muster_active{instance="a"}': minutes(120, '0+0'),
      'muster_standby_timestamp_seconds{instance="a"}': minutes(120, '0+60'),
      'muster_active{instance="b"}': minutes(120, '0+0'),
      'muster_standby_timestamp_seconds{instance="b"}': minutes(120, '0+60'),
    },
    fires: { MusterAbsent: [{ severity: 'critical' }] },
  },
  {
    given: 'a standby whose timer is disabled',
    at: '2h',
    series: { 'muster_standby_timestamp_seconds{instance="b"}': minutes(120, '0+0') },
    fires: { MusterStandbyStale: [{ instance: 'b', severity: 'warning' }] },
  },
  {
    given: 'a failover: the metrics of the host that acted are gone, and the other one acts',
    at: '2h',
    series: {
      'muster_active{instance="a"}': `${minutes(90, '1+0')} ${minutes(30, '0+0')}`,
      'muster_last_run_timestamp_seconds{instance="a"}': `${minutes(90, '0+60')} stale`,
      'muster_standby_timestamp_seconds{instance="a"}': `_x90 ${minutes(30, '5400+60')}`,
      'muster_active{instance="b"}': `${minutes(90, '0+0')} ${minutes(30, '1+0')}`,
      'muster_last_run_timestamp_seconds{instance="b"}': `_x90 ${minutes(30, '5400+60')}`,
    },
    fires: { MusterAbsent: [], MusterStale: [], MusterStandbyStale: [], MusterTwice: [] },
  },
  {
    given: 'two active hosts',
    at: '2h',
    series: {
      'muster_active{instance="a"}': minutes(120, '1+0'),
      'muster_active{instance="b"}': minutes(120, '1+0'),
      'muster_last_run_timestamp_seconds{instance="a"}': minutes(120, '0+60'),
      'muster_last_run_timestamp_seconds{instance="b"}': minutes(120, '0+60'),
    },
    fires: { MusterTwice: [{ severity: 'warning' }] },
  },
  {
    given: 'a directory that refuses, a hold, a refused file, a stale roster, a frozen group, no evidence',
    at: '26h',
    series: {
      'muster_status{instance="a",status="directory"}': minutes(1600, '1+0'),
      'muster_group_held_changes{group="stewards"}': minutes(1600, '5+0'),
      'muster_group_hold_age_seconds{group="stewards"}': minutes(1600, '172000+60'),
      'muster_group_usable{group="klaxon-users"}': minutes(1600, '0+0'),
      'muster_roster_fresh{roster="steward",state="stale"}': minutes(1600, '0+0'),
      'muster_roster_age_seconds{roster="steward"}': minutes(1600, '604000+60'),
      'muster_last_judged_timestamp_seconds{instance="a"}': minutes(1600, '0+0'),
      'muster_evidence_none{instance="a"}': minutes(1600, '1+0'),
      muster_refused_files: minutes(1600, '2+0'),
    },
    fires: {
      MusterFailed: [{ instance: 'a', status: 'directory', severity: 'warning' }],
      MusterHeld: [{ group: 'stewards', severity: 'warning' }],
      MusterHeldLong: [{ group: 'stewards', severity: 'critical' }],
      MusterGroupUnusable: [{ group: 'klaxon-users', severity: 'warning' }],
      MusterRosterUnusable: [{ roster: 'steward', state: 'stale', severity: 'warning' }],
      MusterRosterOld: [{ roster: 'steward', severity: 'critical' }],
      MusterRefused: [{ severity: 'warning' }],
      MusterWaits: [{ instance: 'a', severity: 'warning' }],
      MusterWithoutEvidence: [{ instance: 'a', severity: 'warning' }],
    },
  },
  {
    given: 'a revocation that nobody has ratified for two days',
    at: '2h',
    series: {
      'muster_unratified_revocation_age_seconds{instance="a"}': minutes(120, '172800+60'),
      'muster_unratified_revocations{instance="a"}': minutes(120, '1+0'),
    },
    fires: { MusterRevocationUnratified: [] },
  },
  {
    given: 'a revocation that nobody has ratified for more than three days',
    at: '2h',
    series: { 'muster_unratified_revocation_age_seconds{instance="a"}': minutes(120, '255600+60') },
    fires: { MusterRevocationUnratified: [{ instance: 'a', severity: 'warning' }] },
  },
  {
    given: 'revocations for months, all ratified',
    at: '2h',
    series: {
      'muster_revocations{instance="a"}': minutes(120, '3+0'),
      'muster_unratified_revocation_age_seconds{instance="a"}': minutes(120, '0+0'),
    },
    fires: { MusterRevocationUnratified: [] },
  },
  {
    given: 'a token that ends in 15 days, and one that ends in 13',
    at: '2h',
    series: {
      'muster_token_expiry_timestamp_seconds{instance="a",token="gitlab-token"}': minutes(120, `${15 * 86400}+0`),
      'muster_token_expiry_timestamp_seconds{instance="a",token="gitlab-comment-token"}': minutes(120, `${13 * 86400}+0`),
      'muster_token_usable{instance="a",token="gitlab-token",state="good"}': minutes(120, '1+0'),
    },
    fires: { MusterTokenEnds: [{ instance: 'a', token: 'gitlab-comment-token', severity: 'warning' }], MusterTokenUnusable: [] },
  },
  {
    given: 'a token that has ended, one that GitLab has not been asked about yet, and one replaced in time',
    at: '8h',
    series: {
      'muster_token_usable{instance="a",token="gitlab-token",state="ended"}': minutes(480, '0+0'),
      'muster_token_usable{instance="a",token="gitlab-comment-token",state="unknown"}': minutes(480, '0+0'),
      'muster_token_usable{instance="b",token="gitlab-token",state="refused"}': `${minutes(60, '0+0')} _x420`,
      'muster_token_usable{instance="b",token="gitlab-token",state="good"}': `_x60 ${minutes(420, '1+0')}`,
    },
    fires: {
      MusterTokenUnusable: [
        { instance: 'a', token: 'gitlab-token', state: 'ended', severity: 'warning' },
        { instance: 'a', token: 'gitlab-comment-token', state: 'unknown', severity: 'warning' },
      ],
    },
  },
];

const promtool = spawnSync(process.execPath, [fileURLToPath(new URL('../../scripts/promtool.mjs', import.meta.url))], { encoding: 'utf8' });
const folder = mkdtempSync(join(tmpdir(), 'muster-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(promtool.status !== 0)('given the real promtool (skipped where Debian’s package cannot be had)', () => {
  const run = (...args: readonly string[]) => execFileSync(promtool.stdout.trim(), args, { encoding: 'utf8', cwd: folder, stdio: 'pipe' });

  it('when it checks the rules, then they are in order', () => {
    expect(run('check', 'rules', file)).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  it.each(cases)('when there is $given, then these alerts fire', ({ at, series, fires }) => {
    const test = {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: Object.entries(fires).map(([alertname, alerts]) => ({
        eval_time: at,
        alertname,
        exp_alerts: alerts.map((labels) => ({ exp_labels: labels })),
      })),
    };
    // What the annotations say is for people; only who fires is compared.
    const rulesWithoutWords = { groups: groups.map((one) => ({ ...one, rules: one.rules.map(({ annotations: _, ...rule }) => rule) })) };
    writeFileSync(join(folder, 'alerts.yaml'), JSON.stringify(rulesWithoutWords));
    writeFileSync(join(folder, 'test.yaml'), JSON.stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests: [test] }));
    expect(run('test', 'rules', 'test.yaml')).toContain('SUCCESS');
  });

  it('when every alert is counted, then each has a case in which it fires', () => {
    const fired = cases.flatMap(({ fires }) => Object.entries(fires).flatMap(([name, alerts]) => (alerts.length > 0 ? [name] : [])));
    expect(new Set(fired)).toEqual(new Set(rules.map(({ alert }) => alert)));
  });
});
