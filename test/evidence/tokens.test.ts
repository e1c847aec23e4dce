import { describe, expect, it } from 'vitest';
import type { KnownToken } from '../../src/evidence/token-standings.ts';
import { isDue, standingOfToken, type TokenFacts } from '../../src/evidence/tokens.ts';
import { hours, now } from '../membership/membership-samples.ts';

function facts(changes: Partial<TokenFacts> = {}): TokenFacts {
  return { scopes: ['read_api', 'read_repository'], expiresAt: hours(24 * 60), ...changes };
}

describe('how a token stands', () => {
  it.each([
    { given: 'GitLab took it', answer: facts(), gives: { state: 'good', expiresAt: hours(24 * 60) } },
    { given: 'it has no end', answer: facts({ expiresAt: undefined }), gives: { state: 'good', expiresAt: undefined } },
    { given: 'it ends this very moment', answer: facts({ expiresAt: now }), gives: { state: 'ended', expiresAt: now } },
    { given: 'it has all of the interface', answer: facts({ scopes: ['api'] }), gives: { state: 'good' } },
    { given: 'it may only read the repository', answer: facts({ scopes: ['read_repository'] }), gives: { state: 'narrow' } },
    { given: 'GitLab refused it', answer: 'refused' as const, gives: { state: 'refused', expiresAt: undefined } },
    { given: 'GitLab never answered', answer: 'none' as const, gives: { state: 'unknown', expiresAt: undefined } },
  ])('given $given, then that is its state', ({ answer, gives }) => {
    expect({ expiresAt: undefined, ...standingOfToken('gitlab-token', answer, now) }).toMatchObject({ token: 'gitlab-token', ...gives });
  });

  it('given a token for notes that may only read, then it is too narrow', () => {
    expect(standingOfToken('gitlab-comment-token', facts(), now).state).toBe('narrow');
  });
});

describe('when GitLab is asked', () => {
  const known = (changes: Partial<KnownToken>): KnownToken => ({
    digest: 'sha256:0',
    askedAt: now,
    answer: facts(),
    isAnswered: true,
    ...changes,
  });

  it.each([
    { given: 'it answered an hour ago', one: known({ askedAt: hours(-1) }), gives: false },
    { given: 'it answered a minute less than a day ago', one: known({ askedAt: hours(-23.99) }), gives: false },
    { given: 'it answered a day ago', one: known({ askedAt: hours(-24) }), gives: true },
    { given: 'it did not answer ten minutes ago', one: known({ askedAt: hours(-1 / 6), isAnswered: false }), gives: false },
    { given: 'it did not answer an hour ago', one: known({ askedAt: hours(-1), isAnswered: false }), gives: true },
    { given: 'it was asked by a clock that ran ahead', one: known({ askedAt: hours(1) }), gives: true },
  ])('given $given, then it is $gives', ({ one, gives }) => {
    expect(isDue(one, now)).toBe(gives);
  });
});
