// `muster report` over the record of years, beside reading and parsing the same lines, which is the least that anybody could do.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instant } from '../src/names.ts';
import { isTakenLine, type LedgerRecord } from '../src/ledger/record.ts';
import { day, hour } from '../src/time.ts';
import { openStateToWrite } from '../src/ledger/state.ts';
import { commit } from '../test/evidence/evidence-samples.ts';
import { becauseOf, klaxon, now } from '../test/membership/membership-samples.ts';
import { begins, brought, days, endorsement, grantOf, outcome } from '../test/report/report-samples.ts';
import { medianOf, musterCommand, run, type Command } from './measure.ts';
import { renderSeconds } from './reconcile.ts';
import type { Result, Scenario } from './scenarios.ts';

const year = 365;
const people = 60;
const stay = 20;
const heap = 16;

/** A year of so many merge requests; and ten such years, which must do with a heap that would not hold their record. */
export function report(name: string, mergeRequests: number, mostSeconds: number): Scenario {
  return {
    name,
    what: `muster report of a year of ${mergeRequests} merge requests, beside parsing its lines; ten such years in a heap of ${heap} MB`,
    measure: async (rounds) => {
      const short = await layOut(mergeRequests, 1);
      const long = await layOut(mergeRequests, 10);
      try {
        return await resultOf(short, long, rounds, mostSeconds);
      } finally {
        for (const folder of [short, long]) rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

async function resultOf(short: string, long: string, rounds: number, mostSeconds: number): Promise<Result> {
  const command = (folder: string) => musterCommand(['report', '--format', 'html'], join(folder, 'muster.yaml'));
  const parse: Command = {
    program: process.execPath,
    args: [
      '-e',
      `for (const line of require('fs').readFileSync(${JSON.stringify(join(short, 'state/ledger.jsonl'))}, 'utf8').split('\\n')) if (line) JSON.parse(line)`,
    ],
    environment: {},
  };
  const times = { muster: [] as number[], native: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    for (const [one, contestant] of [
      ['muster', command(short)],
      ['native', parse],
    ] as const) {
      const { seconds } = await run(contestant);
      if (round > 0) times[one].push(seconds);
    }
  }
  const [muster, native] = [medianOf(times.muster), medianOf(times.native)];
  const small = command(long);
  // Throws when that is too little.
  await run({ ...small, args: [`--max-old-space-size=${heap}`, ...small.args] });
  return {
    muster: renderSeconds(muster),
    native: renderSeconds(native),
    ratio: (muster / native).toFixed(2),
    target: `≤ ${mostSeconds} s`,
    isMet: muster <= mostSeconds,
  };
}

/** A host whose record goes back so many years, to the moment that the samples call now. */
async function layOut(mergeRequests: number, years: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  const state = await openStateToWrite(join(folder, 'state'), 'now');
  await state.journal.append(recordsOf(mergeRequests, years));
  await state.keepTime(now, undefined);
  writeFileSync(join(folder, 'password'), 'secret\n', { mode: 0o600 });
  writeFileSync(join(folder, 'muster.yaml'), configuration);
  return folder;
}

const configuration = `repository: { url: policy.git, start: ${commit('a')} }
evidence: none
directory:
  url: ldap://127.0.0.1:1
  bind-dn: cn=nobody
  password-file: password
  people: ou=people,dc=wikimedia,dc=org
  groups: { klaxon-users: "cn=klaxon-users,ou=groups,dc=wikimedia,dc=org" }
state: state
`;

/** A line of judging stands in the ledger with the place that it was taken from. */
function taken(record: LedgerRecord, at: number): LedgerRecord {
  if (!isTakenLine(record)) return record;
  return { ...record, place: { id: commit('b'), head: { count: at + 1, hash: '0'.repeat(64) }, offset: at } };
}

/** Each merge request brings somebody in for twenty days. */
function recordsOf(mergeRequests: number, years: number): readonly LedgerRecord[] {
  const records: LedgerRecord[] = [begins(days(-year * years))];
  for (let number = 0; number < mergeRequests * years; number++) {
    const merged = year * years - (number * year) / mergeRequests;
    const grant = grantOf({ name: `user${number % people}`, mergeRequest: number + 1, merged, until: stay - merged });
    const { uid, path, landedAt } = grant;
    records.push(endorsement(grant), outcome(instant(landedAt + hour), klaxon, 1, [brought(becauseOf(grant), uid)]));
    const ends = instant(landedAt + stay * day);
    if (ends < now) records.push(outcome(ends, klaxon, 0, [], [[uid, { kind: 'expired', path, at: ends }]]));
  }
  return records.sort((left, right) => left.at - right.at).map(taken);
}
