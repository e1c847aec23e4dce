// `now.json` as text.
import * as v from 'valibot';
import type { TokenStanding } from '../evidence/tokens.ts';
import { refusalCodes } from './policy-state.ts';
import type { Listed, Now } from './now.ts';
import { parseAs, commit, end, group, instant, natural, uid, type Shape } from './shapes.ts';

/** Bytes of the whole file. */
export const largestNow = 64 * 1024;
/** Letters of a sentence in it. */
const longestText = 1024;

const line = v.pipe(v.string(), v.maxLength(longestText * 4));

function listed<One>(one: Shape<One>): Shape<Listed<One>> {
  return v.strictObject({ list: v.array(one), more: natural });
}

const token: Shape<TokenStanding> = v.pipe(
  v.strictObject({
    token: v.picklist(['gitlab-token', 'gitlab-comment-token']),
    state: v.picklist(['good', 'ended', 'narrow', 'refused', 'unreadable', 'unknown']),
    expiresAt: v.exactOptional(instant),
  }),
  v.transform(({ token: name, state, expiresAt }) => ({ token: name, state, expiresAt })),
);

const shape: Shape<Now> = v.strictObject({
  format: v.literal(1),
  at: instant,
  record: v.strictObject({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)), line: natural }),
  head: v.nullable(commit),
  clock: v.nullable(v.strictObject({ date: instant, receivedAt: instant })),
  tokens: v.array(token),
  problems: listed(
    v.strictObject({ status: v.picklist(['input', 'unavailable']), code: v.pipe(v.string(), v.regex(/^[a-z-]{1,40}$/)), message: line }),
  ),
  lessened: listed(
    v.strictObject({
      path: line,
      commit,
      cause: v.picklist(['deleted', 'refused']),
      left: v.nullable(v.strictObject({ from: v.nullable(instant), until: end })),
    }),
  ),
  undecided: listed(v.strictObject({ group, uid })),
  refused: listed(
    v.strictObject({
      path: line,
      commit,
      mergeRequest: v.nullable(natural),
      code: v.picklist(refusalCodes),
      detail: line,
      link: v.exactOptional(line),
    }),
  ),
  pending: listed(v.strictObject({ path: line, commit, code: v.pipe(v.string(), v.regex(/^[a-z-]{1,40}$/)), detail: line })),
  open: listed(v.strictObject({ mergeRequest: natural, group, uid, effect: v.picklist(['gains', 'loses', 'shortens', 'extends']) })),
});

export function renderNow(now: Now): string {
  return `${JSON.stringify(now)}\n`;
}

/** Undefined: it is not what judging writes. */
export function parseNow(text: string): Now | undefined {
  return parseAs(shape, text);
}
