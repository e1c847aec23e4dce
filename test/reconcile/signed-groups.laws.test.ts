// Groups that must be signed, through whole histories: an honest judge loses nothing to the program that verifies, and one that was taken over gains
// nothing by whatever it makes of what it has.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignedHistory, type Lie, type Step } from './signed-history.ts';

const people = fc.constantFrom('ep1c', 'hoo', 'xaosflux');
const edit = fc.record({
  name: people,
  what: fc.constantFrom('add', 'longer', 'longer', 'shorter', 'words', 'delete', 'later', 'back'),
});
const landing = fc.record({
  kind: fc.constant('landing'),
  edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
  signer: fc.constantFrom('alice', 'bob', 'carol', 'two', 'nobody', 'again'),
  effects: fc.constantFrom('true', 'true', 'true', 'of-files'),
  killed: fc.boolean(),
});
const run = fc.record({ kind: fc.constant('run'), most: fc.constantFrom(1, 3, 7, Infinity) });
const wait = fc.record({ kind: fc.constant('wait'), hours: fc.constantFrom(1, 30, 24 * 8, 24 * 25) });
const anew = fc.record({ kind: fc.constant('anew'), how: fc.constantFrom('by-root', 'lost'), meanwhile: landing });
const allow = fc.record({ kind: fc.constant('allow') });
const ask = fc.record({ kind: fc.constant('ask'), signed: fc.constantFrom(1, 2), touch: fc.boolean() });
const rules = fc.record({ kind: fc.constant('rules'), signed: fc.constantFrom(0, 1) });

const steps = (...kinds: readonly fc.Arbitrary<Step>[]) => fc.array(fc.oneof(...kinds), { minLength: 3, maxLength: 14 });
const bounded = { seed: 20261201, numRuns: 40 } as const;

describe.each([
  { given: 'a group that must be signed by the word of the host', host: 1, kinds: [landing, landing, run, wait, anew, allow, ask] },
  { given: 'a group that must be signed by the rules alone', host: 0, kinds: [landing, landing, landing, run, wait, rules] },
])('given $given, and an honest judge', ({ host, kinds }) => {
  it('whatever happens, what judging has in force is what counts, and signatures give no more than that', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps(...kinds), async (atStart, all) => {
        const history = new SignedHistory({ host, atStart });
        for (const step of all) {
          await history.take(step);
          expect(history.lost()).toEqual([]);
        }
        await history.take({ kind: 'run', most: Infinity });
        expect(history.lost()).toEqual([]);
        // What nobody saw land waits for a person.
        if (!all.some(({ kind }) => kind === 'anew')) expect(history.windows()).toEqual(history.inForce());
      }),
      bounded,
    );
  }, 20_000);
});

const lie: fc.Arbitrary<Lie> = fc.record({
  what: fc.constantFrom('claims', 'tells again', 'tells as decided', 'mixes', 'leaves out', 'another record'),
  of: fc.nat(20),
  other: fc.nat(20),
  firstSeen: fc.constantFrom('now', 'never', 'told'),
  verdict: fc.constantFrom('of its own', 'of its own', 'of the other', 'of a third', 'none'),
  name: people,
});

describe('given a group that must be signed by the word of the host, and a judge that was taken over after some time', () => {
  it('whatever it tells again, mixes and claims, nobody has more than before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        steps(landing, landing, landing, run, wait, anew),
        fc.array(fc.array(lie, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        async (atStart, all, told) => {
          const history = new SignedHistory({ host: 1, atStart });
          for (const step of all) await history.take(step);
          await history.run(Infinity);
          await history.run(Infinity);
          let before = history.inForce();
          for (const lies of told) {
            for (const one of lies) history.lie(one);
            await history.run(Infinity);
            for (const { path, from = 0, until } of history.inForce()) {
              const had = before.find((window) => window.path === path);
              expect(had).toBeDefined();
              expect(from).toBeGreaterThanOrEqual(had?.from ?? 0);
              expect(until === 'open' ? Infinity : until).toBeLessThanOrEqual(had?.until === 'open' ? Infinity : (had?.until ?? 0));
            }
            before = history.inForce();
          }
        },
      ),
      bounded,
    );
  }, 20_000);
});
