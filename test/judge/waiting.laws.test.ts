// The laws of waiting, on the same invented histories: GitLab stops answering somewhere on the way, and every later landing waits.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../src/judge/form.ts';
import type { Instant } from '../../src/names.ts';
import { effectivePolicy, pathsToRead, tipTree, type WaitingLanding } from '../../src/judge/waiting.ts';
import { isUndecided, type EffectivePolicy } from '../../src/record/effective-policy.ts';
import { folder, grantAt, isRulesPath, onDay, policyTree, readingOf, same, type Tree } from './history-files.ts';
import { fold, type Moment } from './history-fold.ts';
import { grantPaths, histories, type History } from './history-model.ts';
import { gives, grantIn, truthOf } from './history-truth.ts';

interface Outage {
  readonly history: History;
  /** Landings that wait, or would, are those from here to the end of the row. */
  readonly from: number;
  readonly now: Instant;
}

const outages: fc.Arbitrary<Outage> = fc
  .tuple(histories, fc.nat(30), fc.integer({ min: 0, max: 12 }))
  .map(([history, from, tens]) => ({ history, from: Math.min(from, history.events.length), now: onDay(10 * tens + 5) }));

interface Seen {
  readonly policy: EffectivePolicy;
  readonly judged: Moment['state'];
  readonly waiting: readonly WaitingLanding[];
  readonly tip: Tree;
}

function during({ history, from, now }: Outage): Seen {
  const moments = fold(history);
  const judged = (moments[from] ?? moments[0]).state;
  const row = history.events.slice(from);
  const end = row.findIndex(({ kind }) => kind !== 'landing');
  const waitingEvents = end === -1 ? row : row.slice(0, end);
  const waiting = waitingEvents.flatMap((event) =>
    'landing' in event ? [{ landing: event.landing, code: 'gitlab-unavailable', detail: '' }] : [],
  );
  const tip = waitingEvents.at(-1)?.tree ?? history.events[from - 1]?.tree ?? history.first;
  const readings = new Map<string, Reading>();
  for (const path of pathsToRead(judged, waiting, folder).keys()) {
    const file = tip.get(path);
    if (file) readings.set(path, readingOf(path, file));
  }
  return { policy: effectivePolicy(judged, waiting, readings, now, folder), judged, waiting, tip };
}

const later = (now: Instant) =>
  [now, ...Array.from({ length: 30 }, (_, number) => onDay(15 + 10 * number)), onDay(10_000)].filter((at) => at >= now);

describe('given any history whose last landings wait for a verdict', () => {
  it('nobody is in a group by more than was in force before, and by more than the file at the tip says', () => {
    fc.assert(
      fc.property(outages, (outage) => {
        const { policy, judged, tip } = during(outage);
        const wider = [...policy.grants, ...policy.proposed].flatMap((grant) => {
          const before = [judged.inForce.get(grant.path), judged.proposed.get(grant.path)];
          const file = grantIn(tip, grant.path);
          return later(outage.now).filter((at) => gives(grant, at) && !(gives(file, at) && before.some((one) => gives(one, at))));
        });
        expect(wider).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('nobody is unexplained whom a well-formed file at the tip names', () => {
    fc.assert(
      fc.property(outages, (outage) => {
        const { policy, waiting, tip } = during(outage);
        fc.pre(waiting.length > 0);
        for (const path of grantPaths) {
          const file = grantIn(tip, path);
          if (!file || (file.until !== 'open' && file.until <= outage.now)) continue;
          const explained = policy.grants.some((grant) => grant.path === path) || isUndecided(policy, file.group, file.uid);
          expect(explained, path).toBe(true);
        }
      }),
    );
  });

  it('what ends by it has ended for a reason, and comes back when the landings are gone', () => {
    fc.assert(
      fc.property(outages, (outage) => {
        const { policy, judged } = during(outage);
        for (const path of judged.inForce.keys()) {
          expect(policy.ended.has(path), path).toBe(!policy.grants.some((grant) => grant.path === path));
        }
        expect(effectivePolicy(judged, [], new Map(), outage.now, folder).grants.map(({ path }) => path)).toEqual(
          [...judged.inForce.keys()].sort(),
        );
      }),
    );
  });

  it('the tip is what the branch shows, and every path that waits is pending', () => {
    fc.assert(
      fc.property(outages, (outage) => {
        const { policy, judged, waiting, tip } = during(outage);
        expect(new Map([...tipTree(judged, waiting)].sort())).toEqual(new Map([...policyTree(tip)].sort()));
        expect(policy.pending.map(({ path }) => path)).toEqual(
          [...new Set(waiting.flatMap(({ landing }) => landing.changes.map(({ path }) => path)))].sort(),
        );
      }),
    );
  });

  it('refused are exactly the files at the tip that promise more than is in force, the broken ones, and rules that are not in force', () => {
    fc.assert(
      fc.property(outages, (outage) => {
        const { policy, judged, waiting, tip } = during(outage);
        const truth = truthOf(outage.history);
        const rules = truth.rulesTree(outage.from);
        const waits = new Set(waiting.flatMap(({ landing }) => landing.changes.map(({ path }) => path)));
        const refused = new Set(policy.refused.map(({ path }) => path));
        for (const path of new Set([...tip.keys(), ...rules.keys()])) {
          if (path.endsWith('.md')) continue;
          expect(refused.has(path), path).toBe(
            !waits.has(path) && (isRulesPath(path) ? !same(tip.get(path), rules.get(path)) : saysMore(path)),
          );
        }

        function saysMore(path: string): boolean {
          const file = tip.get(path);
          if (!file || judged.proposed.has(path)) return false;
          const grant = grantAt(path, file);
          if (file.mode !== '100644' || !grant) return true;
          // A file that ends before it begins promises nothing, and is told as long as nothing at all is in force there.
          if (grant.from !== undefined && grant.until !== 'open' && grant.from >= grant.until) return refused.has(path);
          return later(outage.now).some((at) => gives(grant, at) && !gives(judged.inForce.get(path), at));
        }
      }),
    );
  });
});
