// The tokens by which a host asks GitLab: whether each works, and until when, as far as GitLab said when it was last asked. The end of a
// token does not move, so GitLab is asked once a day and for every new token, and the answer is kept in between.
import type { Instant } from '../names.ts';
import { day, hour } from '../time.ts';
import type { KnownToken } from './token-standings.ts';

/** What GitLab says of the token that asks. */
export interface TokenFacts {
  readonly scopes: readonly string[];
  /** The first instant at which it is of no use, where it has an end. */
  readonly expiresAt?: Instant;
}

/** Why nothing is judged where no token is configured, and who mends that. */
export const noToken =
  'GitLab shows versions, notes and events to nobody without a token: the administrator of this host makes one with the scope read_api and names its file as gitlab.token-file';

/** To read evidence, and to write notes; called as `doctor` calls its checks of them. */
export type TokenName = 'gitlab-token' | 'gitlab-comment-token';

export const neededScope = { 'gitlab-token': 'read_api', 'gitlab-comment-token': 'api' } as const;

/** `api` holds all of `read_api`. */
export function hasScope({ scopes }: TokenFacts, scope: 'read_api' | 'api'): boolean {
  return scopes.includes(scope) || scopes.includes('api');
}

/** Who got no answer asks again sooner, for the answer may be the first. */
export function isDue({ askedAt, isAnswered }: KnownToken, now: Instant): boolean {
  return now < askedAt || now - askedAt >= (isAnswered ? day : hour);
}

/** `unreadable`: its file cannot be used. `narrow`: without the scope that it needs. `unknown`: GitLab has not said yet. */
export type TokenState = 'good' | 'ended' | 'narrow' | 'refused' | 'unreadable' | 'unknown';

export interface TokenStanding {
  readonly token: TokenName;
  readonly state: TokenState;
  /** Where it has one, and that is known. */
  readonly expiresAt?: Instant;
}

export function standingOfToken(token: TokenName, answer: KnownToken['answer'], now: Instant): TokenStanding {
  if (answer === 'none') return { token, state: 'unknown' };
  if (answer === 'refused') return { token, state: 'refused' };
  const { expiresAt } = answer;
  if (expiresAt !== undefined && expiresAt <= now) return { token, state: 'ended', expiresAt };
  return { token, state: hasScope(answer, neededScope[token]) ? 'good' : 'narrow', expiresAt };
}
