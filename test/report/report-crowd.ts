// Ledgers for how the page looks: full, in an ordinary week, and with text made to deceive wherever somebody may write.
import type { LedgerRecord } from '../../src/ledger/record.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { becauseOf, becauseRoster, generation, klaxon, now, sha256 } from '../membership/membership-samples.ts';
import {
  begins,
  brought,
  days,
  endorsement,
  grantOf,
  outcome,
  refusal,
  rosterRecord,
  sampleRecords,
  sampleRules,
  stewards,
} from './report-samples.ts';

/** The same with this text wherever somebody may write what they like. */
export function hostileRecords(text: string): readonly LedgerRecord[] {
  const known = sampleRules(text);
  return [
    ...sampleRecords().map((record): LedgerRecord => {
      if (record.type === 'start') return { ...record, rules: known };
      return 'reason' in record ? { ...record, reason: text } : record;
    }),
    endorsement(
      grantOf({ name: 'bob', mergeRequest: 20, merged: 0.2, until: 20, words: { reason: text, ticket: text, contact: text, link: text } }),
    ),
    outcome(days(-0.1), klaxon, 5, [brought(becauseOf(grantOf({ name: 'bob', mergeRequest: 20, merged: 0.2, until: 20 })), 'bob')]),
    refusal('alice', 21, days(-0.05), text, text),
    { type: 'membership', at: days(-0.02), group: klaxon, appeared: [{ because: null, names: [`cn=${text}`] }], vanished: [], members: 6 },
    { type: 'held', at: days(-0.01), group: klaxon, holds: [{ code: 'ceiling', digest: text, add: [text], remove: [`cn=${text}`] }] },
  ];
}

/** What `showcase` and `crowd` have on their roster. */
export const listedPeople = ['anticomposite', 'base', 'deltaquad', 'ep1c', 'hasley', 'radimer'];

const reasonsAsked = [
  'Handling the cross-wiki abuse wave, may have to page SRE.',
  'Watching the import of the new wikis; may need the databases stopped while nobody else is awake.',
  'Toolforge migration, out of hours',
  'Steward elections: abuse of the voting tool.',
];

/** So many people with access by grants, and most of as many who had it before: for how the page looks when it is full. */
export function crowd(number: number): readonly LedgerRecord[] {
  const names = [
    'anticomposite',
    'base',
    'deltaquad',
    'ep1c',
    'h2o',
    'hasley',
    'hoo',
    'melos',
    'radimer',
    'superpes',
    'urbanecm',
    'martin',
  ];
  const nameOf = (index: number) => `${names[index % names.length]}${index < names.length ? '' : Math.floor(index / names.length) + 1}`;
  const grantFor = (index: number, merged: number, until: number) =>
    grantOf({
      name: nameOf(index),
      mergeRequest: index + 1,
      merged,
      until,
      by: ['alice', 'bob', 'carol'][index % 3] ?? 'alice',
      words: { reason: reasonsAsked[index % reasonsAsked.length] ?? '', ticket: `T${400000 + index}` },
    });
  const before = Array.from({ length: Math.floor(number / 2) }, (_, index) =>
    grantFor(number + index, 340 - ((index * 7) % 200), -(20.5 + ((index * 11) % 100))),
  );
  const now = Array.from({ length: number }, (_, index) => grantFor(index, 1 + ((index * 13) % 110), 2.5 + ((index * 17) % 118)));
  const came = [...before, ...now].flatMap((grant): readonly LedgerRecord[] => [endorsement(grant), cameBy(grant)]);
  const left = before.map((grant) => {
    const at = grant.until === 'open' ? days(0) : grant.until;
    return outcome(at, klaxon, 1, [], [[grant.uid, { kind: 'expired', path: grant.path, at }]]);
  });
  const list = generation(...listedPeople);
  const roster = [rosterRecord(list, days(-350)), outcome(days(-350), stewards, 6, [brought(becauseRoster(list), ...list.uids)])];
  return [begins(days(-360)), ...[...roster, ...came, ...left].sort((one, other) => one.at - other.at)];
}

function cameBy(grant: GrantInForce): LedgerRecord {
  const because = { ...becauseOf(grant), ...(grant.link === undefined ? {} : { link: grant.link }) };
  return outcome(grant.landedAt, klaxon, 1, [brought(because, grant.uid)]);
}

/** For the pictures in README and manual: what an ordinary week looks like, with something to do. */
export function showcase(): readonly LedgerRecord[] {
  const all = generation('anticomposite', 'base', 'deltaquad', 'ep1c', 'hasley', 'hoo', 'melos', 'radimer', 'superpes', 'urbanecm');
  const shorter = generation(...listedPeople);
  const asked = [
    { name: 'martin', mergeRequest: 41, merged: 6.2, until: 1.5, by: 'alice', reason: 'Handling the cross-wiki abuse wave of November.' },
    {
      name: 'erin',
      mergeRequest: 44,
      merged: 3.1,
      until: 8.5,
      by: 'bob',
      reason: 'Watching the import of the new wikis; may need the databases stopped.',
    },
    { name: 'dave', mergeRequest: 43, merged: 10, until: 18.5, by: 'alice', reason: 'Toolforge migration, out of hours.' },
    { name: 'judy', mergeRequest: 38, merged: 40, until: 40.5, by: 'carol', reason: 'Steward elections: abuse of the voting tool.' },
    {
      name: 'ivan',
      mergeRequest: 45,
      merged: 0.3,
      until: 71.5,
      by: 'bob',
      reason: 'On call for the query service while two SREs are away.',
    },
    { name: 'urbanecm', mergeRequest: 21, merged: 110, until: -70.5, by: 'alice', reason: 'Wikimania' },
    { name: 'hoo', mergeRequest: 30, merged: 90, until: -25.5, by: 'bob', reason: 'Wikidata outages' },
  ].map(({ reason, ...one }) => grantOf({ ...one, words: { reason, ticket: `T${399900 + one.mergeRequest}` } }));
  const movements = asked.flatMap((grant): readonly LedgerRecord[] => {
    const at = grant.until;
    const gone = at === 'open' || at > now ? [] : [outcome(at, klaxon, 1, [], [[grant.uid, { kind: 'expired', path: grant.path, at }]])];
    return [endorsement(grant), cameBy(grant), ...gone];
  });
  const held = {
    code: 'too-many-removals',
    digest: sha256('election'),
    add: [],
    remove: ['hoo', 'melos', 'superpes', 'urbanecm'],
  } as const;
  const stewardsStory: readonly LedgerRecord[] = [
    rosterRecord(all, days(-200)),
    outcome(days(-200), stewards, 10, [brought(becauseRoster(all), ...all.uids)]),
    rosterRecord(shorter, days(-2)),
    { type: 'held', at: days(-2), group: stewards, holds: [held] },
    refusal('mallory', 42, days(-4), 'mallory opened the merge request, and nobody else approved it'),
  ];
  return [begins(days(-210)), ...[...movements, ...stewardsStory].sort((one, other) => one.at - other.at)];
}
