import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earlier, isOver, latest, meet, saysMore, type End } from '../../src/record/grants.ts';
import type { Instant } from '../../src/names.ts';
import { ends, grantAndFile, moments, type Span } from '../support/arbitraries.ts';
import { commit } from '../evidence/evidence-samples.ts';
import { grantOf, hours, now } from '../membership/membership-samples.ts';

function gives({ from, until }: Span, at: Instant): boolean {
  return (from === undefined || at >= from) && !isOver(until, at);
}

describe('what an unreviewed edit leaves of a grant', () => {
  it('what is left gives access exactly when the grant did and the file does', () => {
    fc.assert(
      fc.property(grantAndFile, moments, ({ grant, file }, at) => {
        expect(gives(meet(grant, file, commit('b')), at)).toBe(gives(grant, at) && gives(file, at));
      }),
    );
  });

  it('a second time it changes nothing', () => {
    fc.assert(
      fc.property(grantAndFile, ({ grant, file }) => {
        const once = meet(grant, file, commit('b'));
        expect(meet(once, file, commit('c'))).toBe(once);
      }),
    );
  });

  it('writing the old times back does not restore them', () => {
    fc.assert(
      fc.property(grantAndFile, ({ grant, file }) => {
        const once = meet(grant, file, commit('b'));
        expect(meet(once, grant, commit('c'))).toEqual(once);
      }),
    );
  });

  it('given other words and the same times, then the grant is the very same', () => {
    const grant = grantOf('urbanecm', { from: hours(-3) });
    expect(meet(grant, { from: hours(-3), until: grant.until }, commit('b'))).toBe(grant);
  });

  it('given a shorter end, then what was approved and who shortened it stay known', () => {
    const grant = grantOf('urbanecm', { until: hours(48) });
    expect(meet(grant, { until: hours(24) }, commit('b'))).toMatchObject({
      until: hours(24),
      endorsedUntil: hours(48),
      narrowedBy: commit('b'),
      commit: grant.commit,
    });
  });
});

describe('whether a file says more than is in force', () => {
  it('a file does exactly when there is a moment from now on that it gives and the grant does not', () => {
    fc.assert(
      fc.property(grantAndFile, fc.array(moments, { minLength: 1 }), ({ grant, file }, others) => {
        // Access changes at these moments only, and each is the first of its kind.
        const edges = [now, grant.from, grant.until, file.from, file.until].filter((one) => typeof one === 'number');
        const later = [...edges, ...others, hours(24 * 400)].filter((one): one is Instant => one >= now);
        expect(saysMore(file, grant, now)).toBe(later.some((at) => gives(file, at) && !gives(grant, at)));
      }),
    );
  });

  it('what a narrowed grant is left with is never more than it was', () => {
    fc.assert(
      fc.property(grantAndFile, ({ grant, file }) => {
        expect(saysMore(meet(grant, file, commit('b')), grant, now)).toBe(false);
      }),
    );
  });

  it.each([
    { given: 'no grant in force', file: { until: hours(1) }, grant: undefined, more: true },
    { given: 'no grant in force and a file that is over', file: { until: hours(-1) }, grant: undefined, more: false },
    { given: 'a file that ends at this very moment', file: { until: now }, grant: undefined, more: false },
    { given: 'no end', file: { until: 'open' as End }, grant: grantOf('urbanecm'), more: true },
    {
      given: 'an earlier start that has passed for both',
      file: { from: hours(-9), until: hours(1) },
      grant: grantOf('urbanecm', { from: hours(-1) }),
      more: false,
    },
    {
      given: 'an earlier start that is yet to come',
      file: { from: hours(1), until: hours(9) },
      grant: grantOf('urbanecm', { from: hours(2) }),
      more: true,
    },
  ])('given $given, then $more', ({ file, grant, more }) => {
    expect(saysMore(file, grant, now)).toBe(more);
  });
});

describe('ends', () => {
  it('the earlier and the latest of two are the two, and an open end is the latest', () => {
    fc.assert(
      fc.property(ends, ends, (left, right) => {
        expect(new Set([earlier(left, right), latest(left, right)])).toEqual(new Set([left, right]));
        expect(earlier(left, 'open')).toBe(left);
        expect(latest(left, 'open')).toBe('open');
        expect(earlier(left, right)).toBe(earlier(right, left));
      }),
    );
  });

  it.each([
    { until: now, over: true },
    { until: hours(1), over: false },
    { until: hours(-1), over: true },
    { until: 'open' as End, over: false },
  ])('given the end $until, then over is $over: the end is the first instant without access', ({ until, over }) => {
    expect(isOver(until, now)).toBe(over);
  });

  it('what is over stays over', () => {
    fc.assert(
      fc.property(ends, moments, moments, (until, one, other) => {
        const [first, second] = one <= other ? [one, other] : [other, one];
        expect(isOver(until, second) || !isOver(until, first)).toBe(true);
      }),
    );
  });
});
