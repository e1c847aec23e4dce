// One host over whatever judging leaves, and what may be true of it, worked out beside it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBatch, start as noLine } from '../../src/chain/chain.ts';
import { parseRecord, renderRecord } from '../../src/ledger/ledger-records.ts';
import { emptyMemory, rememberAll, type Memory } from '../../src/ledger/memory.ts';
import { duration, instant, type Instant } from '../../src/names.ts';
import type { Directory } from '../../src/membership/proposal.ts';
import type { RunPorts } from '../../src/reconcile/ports.ts';
import { readJudging } from '../../src/reconcile/sources.ts';
import { reconcile, type RunResult } from '../../src/reconcile/reconcile.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { renderJudgingRecord } from '../../src/record/judging-shapes.ts';
import { renderRunJson } from '../../src/reconcile/run-json.ts';
import { renderRunText } from '../../src/reconcile/run-text.ts';
import { runStatus } from '../../src/reconcile/run.ts';
import { day } from '../../src/time.ts';
import type { GroupChange } from '../../src/directory/directory.ts';
import type { RosterSource } from '../../src/roster/rosters.ts';
import { uid } from '../evidence/evidence-samples.ts';
import { klaxon, now, observedOf, person, sha256, steward } from '../membership/membership-samples.ts';
import { id, nowAt, settings, whole } from './judging-samples.ts';

export const names = ['alice', 'bob', 'carol', 'hoo', 'base', 'melos', 'ep1c', 'hasley', 'mallory', 'vol0'];
export const everybody = names.map((name) => person(name));
export const ceilings = { source: 'grants', members: 5, longest: duration(12 * day), additions: 2, removals: 1 } as const;
export const revoked = 'vol0';

const root = mkdtempSync(join(tmpdir(), 'muster-taken-over-'));

/** After each file: one process runs several, and loads this module once. */
export function endWorlds(): void {
  rmSync(root, { recursive: true, force: true });
}

let worlds = 0;

/** A host with one group, in memory but for what judging leaves; and what may be true of it, worked out beside it. */
export class World {
  readonly #folder = join(root, String((worlds += 1)));
  readonly #memory: Memory = emptyMemory();
  readonly #members = new Set<string>();
  /** When each member's access ends that they came with. */
  readonly #ends = new Map<string, number>();
  #came: number[] = [];
  #went: number[] = [];
  #at = now as number;
  #list = Buffer.from('');

  constructor() {
    for (const path of [this.#folder, join(this.#folder, 'state'), join(this.#folder, 'judged')]) mkdirSync(path, { recursive: true });
  }

  /** `list`: whom the roster that judging fetched names. */
  leave(record: Buffer | string, seenNow: string, list: readonly string[] = names): void {
    writeFileSync(this.place('record.jsonl'), record);
    writeFileSync(this.place('now.json'), seenNow);
    this.#list = Buffer.from(list.map((name) => `${name}\n`).join(''));
  }

  /** A hundred thousand records make thousands of worlds. */
  end(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** In the folder of judging. */
  place(file: string): string {
    return join(this.#folder, 'judged', file);
  }

  get members(): readonly string[] {
    return [...this.#members].sort();
  }

  async run(after: number): Promise<RunResult> {
    this.#at += after;
    const before = new Set(this.#members);
    const result = await reconcile(
      this.#ports(),
      { ...settings, longest: new Map([[klaxon, ceilings.longest]]), managed: new Map([[klaxon, { dn: observedOf([]).dn, ...ceilings }]]) },
      'enforce',
    );
    this.#check(before, result);
    return result;
  }

  #check(before: ReadonlySet<string>, { survey, groups }: RunResult): void {
    const at = this.#at;
    const { policy } = survey.judged;
    // A renewal, within the host's `longest`: also one that was taken away past review and is held.
    const capOf = ({ until, endorsedUntil, landedAt }: GrantInForce) =>
      Math.min(Math.max(...[until, endorsedUntil].map((end) => (end === 'open' ? Infinity : end))), landedAt + ceilings.longest);
    const grants = [...(policy?.grants ?? []), ...[...(policy?.ended.values() ?? [])].map(({ grant }) => grant)];
    const { inForce = [], ended = [], proposed = [] } = this.#memory.policy ?? {};
    for (const [path, grant] of [...inForce, ...proposed, ...[...ended].map(([of, one]) => [of, one.grant] as const)]) {
      const own = `policy/grants/${grant.group}/${grant.uid}.yaml`;
      assert.deepEqual([path, grant.path], [own, own], 'a grant stands at the path of another one');
    }
    const runs = (name: string) => grants.filter((grant) => grant.uid === name && capOf(grant) > at);
    assert.ok(
      grants.every(({ landedAt }) => landedAt <= at),
      'a grant landed later than now',
    );
    const came = [...this.#members].filter((name) => !before.has(name));
    const went = [...before].filter((name) => !this.#members.has(name));
    for (const name of came) {
      assert.notEqual(runs(name).length, 0, `${name} came in without a grant`);
      const inForce = policy?.grants.find((grant) => grant.uid === name && capOf(grant) > at);
      const until = inForce?.until === 'open' ? Infinity : (inForce?.until ?? 0);
      this.#ends.set(name, Math.min(until, (inForce?.landedAt ?? 0) + ceilings.longest));
    }
    this.#came = [...this.#came, ...came.map(() => at)].filter((moment) => at - moment < day);
    this.#went = [...this.#went, ...went.filter((name) => at < (this.#ends.get(name) ?? 0)).map(() => at)].filter(
      (moment) => at - moment < day,
    );
    assert.ok(this.#came.length <= ceilings.additions, 'too many came');
    assert.ok(this.#went.length <= ceilings.removals, 'too many went');
    assert.ok(came.length === 0 || this.#members.size <= ceilings.members, 'too many are in');
    assert.ok(!this.#members.has(revoked), 'somebody revoked is in');
    for (const name of this.#members) assert.ok((this.#ends.get(name) ?? 0) > at || runs(name).length > 0, `${name} is kept past the end`);
    for (const { message = '' } of groups) assert.ok(message.length < 600, message);
  }

  #ports(): RunPorts {
    const memory = this.#memory;
    const at = instant(this.#at);
    const reader = this.#reader();
    const places = { state: join(this.#folder, 'state'), judged: join(this.#folder, 'judged') };
    return {
      sources: {
        signing: undefined,
        judging: () => Promise.resolve(readJudging(places, memory)),
        rosters: new Map([[steward, this.#roster(at)]]),
        revocations: () => Promise.resolve({ revocations: [{ uid: uid(revoked), at: now, reason: 'Left in anger.' }], warnings: [] }),
        memory,
        now: at,
        lastRun: undefined,
        boot: undefined,
        lastBoot: undefined,
        hash: sha256,
      },
      memory,
      journal: {
        append: (records) => {
          // What could not be read back would be the end of the ledger.
          const kept = records.map((record) => parseRecord(JSON.parse(JSON.stringify(renderRecord(record)))));
          assert.ok(!kept.includes(undefined), 'a record cannot be read back');
          rememberAll(
            memory,
            kept.flatMap((record) => record ?? []),
          );
          return Promise.resolve();
        },
        diskFull: undefined,
        inParts: (records) => [records],
      },
      openToRead: () => Promise.resolve(reader),
      openToWrite: () => Promise.resolve({ reader, writer: { apply: (change) => this.#apply(change) } }),
      settled: {
        last: () => ({ context: '', counts: () => false, run: undefined }),
        keep: () => undefined,
        wrote: () => undefined,
      },
      readsElsewhere: false,
      keepGeneration: () => Promise.resolve(),
      isActive: () => Promise.resolve(true),
      progress: () => undefined,
    };
  }

  /** What judging fetched, and may have forged. */
  #roster(producedAt: Instant): RosterSource {
    const bytes = this.#list;
    const list = { kind: 'file', bytes, sha256: sha256(bytes.toString()).slice(7), producedAt, stated: { kind: 'not-asked' } } as const;
    return {
      olderThan: 'none',
      checksum: 'none',
      read: () => Promise.resolve(list),
      kept: () => Promise.resolve({ kind: 'lost', message: 'it was not kept' }),
    };
  }

  #apply({ group: { group }, add, remove }: GroupChange) {
    assert.equal(group, klaxon, 'a group that the host does not list was changed');
    const nameOf = ({ key }: { readonly key: string }) => /^uid=([^,]+)/.exec(key)?.[1] ?? key;
    for (const one of remove) this.#members.delete(nameOf(one));
    for (const one of add) this.#members.add(nameOf(one));
    return Promise.resolve({ kind: 'done' } as const);
  }

  #reader(): Directory {
    const known = new Map(everybody.map((one) => [one.uid, one]));
    return {
      mark: () => Promise.resolve(undefined),
      people: (uids) =>
        Promise.resolve(new Map(uids.flatMap((one) => (known.has(one) ? [[one, known.get(one) ?? 'ambiguous'] as const] : [])))),
      group: () => Promise.resolve(observedOf(everybody.filter((one) => this.#members.has(one.uid)))),
      isMember: (_group, ...dns) => Promise.resolve(everybody.some((one) => dns.includes(one.dn) && this.#members.has(one.uid))),
      claims: () => Promise.resolve([]),
      straight: (name) => person(name),
      withUuid: () => Promise.resolve([]),
      membersBehind: (values) =>
        Promise.resolve(
          new Map(
            values.map(({ key }) => [
              key,
              everybody.map((one) => ({ kind: 'person', person: one }) as const).find((one) => one.person.key === key) ??
                ({ kind: 'absent' } as const),
            ]),
          ),
        ),
    };
  }
}

export const chained = (lines: readonly object[]) => renderBatch(noLine, lines).bytes;
export const honest = whole.map(renderJudgingRecord);
export const seenAt = (line: number, more: object = {}, name = id) => JSON.stringify({ ...nowAt(line, {}, name), ...more });

/** Alice and bob are in, by an honest judge. */
export async function takenOver(): Promise<World> {
  const world = new World();
  world.leave(chained(honest), seenAt(honest.length));
  await world.run(0);
  assert.deepEqual(world.members, ['alice', 'bob']);
  return world;
}

/** To people and to programs: what cannot even be told ends no run. */
export function tell({ survey, groups }: RunResult): void {
  const { judged, now: at, clock, rosters, claims, problems } = survey;
  const { policy, head, tokens, open } = judged;
  const of = { command: 'reconcile', mode: 'enforce', evidence: 'gitlab', start: settings.start } as const;
  const report = { ...of, at, policy, head, tokens, open, clock, rosters, claims, problems, groups };
  const status = runStatus(report, false);
  assert.match(renderRunText(report, status), /klaxon-users/);
  assert.match(renderRunJson(report, status), /klaxon-users/);
}
