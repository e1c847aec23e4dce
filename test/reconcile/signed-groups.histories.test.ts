// Groups that must be signed, in histories of a few steps that went wrong once.
import { describe, expect, it } from 'vitest';
import { withinSignatures } from '../../src/record/effective-policy.ts';
import type { Window } from '../../src/record/grants.ts';
import { klaxon, grantOf, hours, policyOf } from '../membership/membership-samples.ts';
import { seen } from '../signing/signing-world.ts';
import { SignedHistory, type LandingStep, type Lie, type Step } from './signed-history.ts';

const all: Step = { kind: 'run', most: Infinity };
const land = (signer: LandingStep['signer'], ...edits: readonly (readonly [name: string, what: string])[]): LandingStep => ({
  ...{ kind: 'landing', signer, effects: 'true', killed: false },
  edits: edits.map(([name, what]) => ({ name, what })),
});
const claims = (name: string): Lie => ({ what: 'claims', of: 0, other: 0, firstSeen: 'now', verdict: 'of its own', name });
const anew = (meanwhile: LandingStep): Step => ({ kind: 'anew', how: 'by-root', meanwhile });

async function historyOf(how: { readonly host: number; readonly atStart?: boolean }, ...steps: readonly Step[]): Promise<SignedHistory> {
  const history = new SignedHistory({ atStart: false, ...how });
  for (const step of steps) await history.take(step);
  return history;
}

const namesIn = (windows: readonly Window[]) => windows.map(({ path }) => path.split('/').at(-1));

describe('given a ledger that begins with a record from before', () => {
  it('when a grant of the start was deleted in it, then judging cannot bring it back', async () => {
    const history = await historyOf({ host: 1, atStart: true }, land('nobody', ['hoo', 'delete']), all);
    history.lie(claims('hoo'));
    await history.run(Infinity);
    expect([history.windows(), history.inForce()]).toEqual([[], []]);
  });

  it('when it is taken in several runs, then what was signed long ago counts', async () => {
    const wait: Step = { kind: 'wait', hours: 24 * 8 };
    const some: Step = { kind: 'run', most: 4 };
    const history = await historyOf({ host: 1 }, land('alice', ['ep1c', 'add']), wait, some, all);
    expect(namesIn(history.inForce())).toEqual(['ep1c.yaml']);
  });

  it('when the rules want signatures only since, then whom the button let in before stays, and is made longer', async () => {
    const signed: Step = { kind: 'rules', signed: 1 };
    const history = await historyOf(
      { host: 0 },
      land('alice', ['ep1c', 'add'], ['hoo', 'add']),
      signed,
      land('bob', ['hoo', 'longer']),
      all,
    );
    expect([history.lost(), namesIn(history.inForce())]).toEqual([[], ['ep1c.yaml', 'hoo.yaml']]);
  });
});

describe('given a grant that root allowed', () => {
  it('when it is made longer together with another one, and is deleted, then the other one stays', async () => {
    const history = await historyOf(
      { host: 1 },
      ...[all, anew(land('alice', ['ep1c', 'add'])), all],
      ...[land('alice', ['ep1c', 'longer'], ['hoo', 'add']), land('nobody', ['ep1c', 'delete']), all],
    );
    expect([history.lost(), namesIn(history.inForce())]).toEqual([[], ['hoo.yaml']]);
  });

  it('when a later record that root began anew takes from it, then that is gone for good', async () => {
    const history = await historyOf({ host: 1 }, all, anew(land('alice', ['ep1c', 'add'])), anew(land('alice', ['ep1c', 'later'])), all);
    const before = history.inForce();
    history.lie(claims('ep1c'));
    await history.run(Infinity);
    expect(before[0]?.from).toBeGreaterThan(seen);
    expect(history.inForce()[0]?.from).toBe(before[0]?.from);
  });

  it('when somebody signed another time for the same person, then the time between is neither', () => {
    const grant = grantOf('ep1c', { from: undefined, until: hours(1000) });
    const windows = [{ path: grant.path, from: hours(100), until: hours(200) }];
    const allowed = new Map([[grant.path, { path: grant.path, until: hours(50) }]]);
    const groups = [{ group: klaxon, after: 0, before: [] }];
    const within = (of: Partial<typeof grant>) =>
      withinSignatures(policyOf([{ ...grant, ...of }]), { groups, windows }, allowed).grants.map(({ from, until }) => [from, until]);
    expect(within({})).toEqual([[hours(100), hours(200)]]);
    expect(within({ until: hours(50) })).toEqual([[undefined, hours(50)]]);
    expect(within({ from: hours(100), until: hours(200) })).toEqual([[hours(100), hours(200)]]);
  });
});

describe('given a host that asks for more than before', () => {
  const more: Step = { kind: 'ask', signed: 2, touch: true };

  it('then what was signed before stays, also rules, and what comes needs more', async () => {
    const history = await historyOf({ host: 1 }, land('carol', ['ep1c', 'add']), all, more, land('alice', ['hoo', 'add']), all);
    expect([history.lost(), namesIn(history.inForce())]).toEqual([[], ['ep1c.yaml']]);
    for (const step of [land('two', ['ep1c', 'longer'], ['xaosflux', 'add']), all]) await history.take(step);
    expect([history.lost(), namesIn(history.inForce())]).toEqual([[], ['ep1c.yaml', 'xaosflux.yaml']]);
    // Nor can judging say that one was enough.
    history.lie(claims('hoo'));
    await history.run(Infinity);
    expect(namesIn(history.inForce())).toEqual(['ep1c.yaml', 'xaosflux.yaml']);
  });
});
