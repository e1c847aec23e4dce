// How the tokens for GitLab stand, for the metrics: asked now and then, and told from `tokens.json` in the state folder in between, so that a
// run in which nothing happens asks GitLab nothing. The file is a cache; without it, GitLab is asked.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { replaceFile } from '../kept-files.ts';
import { readSecret } from '../config/secret-files.ts';
import type { Configuration } from '../config/configuration.ts';
import { instant, mapOf, type Kept } from '../record/shapes.ts';
import type { Instant } from '../names.ts';
import { isDue, standingOfToken, type TokenName, type TokenStanding } from './tokens.ts';
import { Misuse, Unavailable, Untrusted, Unusable } from '../errors.ts';
import { sha256 } from '../digest.ts';

type GitLab = NonNullable<Configuration['gitlab']>;
type KnownTokens = ReadonlyMap<TokenName, KnownToken>;

/** Those that are configured. Never throws for anything that GitLab or a file does. */
export async function tokenStandings(gitlab: GitLab | undefined, folder: string, now: Instant): Promise<readonly TokenStanding[]> {
  if (!gitlab) return [];
  const kept = readKnown(folder);
  const known = new Map<TokenName, KnownToken>();
  const standings: TokenStanding[] = [];
  let isNews = false;
  for (const [token, file] of [
    ['gitlab-token', gitlab.tokenFile],
    ['gitlab-comment-token', gitlab.commentTokenFile],
  ] as const) {
    if (file === undefined) continue;
    const secret = await readSecret(file).catch(ignoring(Misuse));
    if (secret === undefined) {
      standings.push({ token, state: 'unreadable' });
      continue;
    }
    // Enough to know it again, and too little of a random secret to find it out.
    const digest = sha256(secret).slice(0, 'sha256:'.length + 16);
    const last = kept.get(token);
    const before = last?.digest === digest ? last : undefined;
    const one = before && !isDue(before, now) ? before : await ask(gitlab, secret, digest, before, now);
    isNews ||= one !== before;
    known.set(token, one);
    standings.push(standingOfToken(token, one.answer, now));
  }
  if (isNews) keep(folder, known);
  return standings;
}

/** Once, and not for long: the run has done its work, and another day will do. */
async function ask(gitlab: GitLab, token: string, digest: string, before: KnownToken | undefined, now: Instant): Promise<KnownToken> {
  const [{ forgeSettings }, { openSettings }] = await Promise.all([import('../gitlab/gitlab.ts'), import('../gitlab/settings.ts')]);
  try {
    const settings = openSettings({ ...forgeSettings(gitlab, () => now), token, attempts: 1, timeout: 5_000 });
    return { digest, askedAt: now, answer: await settings.token(), isAnswered: true };
  } catch (error) {
    const isUnasked = error instanceof Unavailable || error instanceof Untrusted || error instanceof Misuse;
    if (isUnasked) return { digest, askedAt: now, answer: before?.answer ?? 'none', isAnswered: false };
    if (error instanceof Unusable) return { digest, askedAt: now, answer: 'refused', isAnswered: true };
    throw error;
  }
}

const nameOfFile = 'tokens.json';

const factsShape = v.strictObject({ scopes: v.array(v.string()), expiresAt: v.exactOptional(instant) });
const knownShape = v.strictObject({
  /** Stands for the secret: another one in the same file is another token. */
  digest: v.string(),
  askedAt: instant,
  isAnswered: v.boolean(),
  /** The last answer; a question that nobody answered leaves it as it was. */
  answer: v.union([v.picklist(['refused', 'none']), factsShape]),
});

/** What is kept of a token from one run to the next. */
export type KnownToken = Kept<typeof knownShape>;

const tokenName = v.picklist(['gitlab-token', 'gitlab-comment-token'] satisfies readonly TokenName[]);
const fileShape = v.strictObject({ format: v.literal(1), known: mapOf(tokenName, knownShape) });

/** A file that cannot be understood is as good as none. */
function readKnown(folder: string): KnownTokens {
  try {
    return v.parse(fileShape, JSON.parse(readFileSync(join(folder, nameOfFile), 'utf8'))).known;
  } catch {
    return new Map();
  }
}

function keep(folder: string, known: KnownTokens): void {
  try {
    replaceFile(join(folder, nameOfFile), `${JSON.stringify({ format: 1, known: [...known] })}\n`);
  } catch {
    // It costs the next run a question and nothing else.
  }
}

function ignoring(expected: typeof Misuse): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof expected)) throw error;
    return undefined;
  };
}
