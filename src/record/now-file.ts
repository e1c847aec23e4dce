// `now.json` as text.
import * as v from 'valibot';
import type { Problem } from '../errors.ts';
import type { TokenStanding } from '../evidence/tokens.ts';
import { refusalCodes } from './policy-state.ts';
import type { Now } from './now.ts';
import { parseAs, commit, end, group, instant, natural, uid, type Shape } from './shapes.ts';

/** Bytes of the whole file. */
export const largestNow = 64 * 1024;
/** Letters of a sentence in it. */
const longestText = 1024;

const line = v.pipe(v.string(), v.maxLength(longestText * 4));

/** A list that was cut for its size, and how many it lacks. */
function listed<One>(one: Shape<One>) {
  return v.strictObject({ list: v.array(one), more: natural });
}

const token: Shape<TokenStanding> = v.strictObject({
  token: v.picklist(['gitlab-token', 'gitlab-comment-token']),
  state: v.picklist(['good', 'ended', 'narrow', 'refused', 'unreadable', 'unknown']),
  expiresAt: v.exactOptional(instant),
});

const problem: Shape<Problem> = v.strictObject({
  status: v.picklist(['input', 'unavailable']),
  code: v.pipe(v.string(), v.regex(/^[a-z-]{1,40}$/)),
  message: line,
});

export const nowShape = v.strictObject({
  format: v.literal(1),
  /** When judging looked. */
  at: instant,
  record: v.strictObject({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)), line: natural }),
  head: v.nullable(commit),
  /** `Date` of GitLab's last answer, and this host's time when it came; null where it was not asked, or said nothing. */
  clock: v.nullable(v.strictObject({ date: instant, receivedAt: instant })),
  /** How the tokens for GitLab stand, for the monitoring. */
  tokens: v.array(token),
  problems: listed(problem),
  /** Of grants in force, what the files at the tip still cover; null: nothing. */
  lessened: listed(
    v.strictObject({
      path: line,
      commit,
      cause: v.picklist(['deleted', 'refused']),
      left: v.nullable(v.strictObject({ from: v.nullable(instant), until: end })),
    }),
  ),
  /** Named by a well-formed file at the tip that nobody could judge yet. */
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
  /** Converging answers whether the directory knows these people (standing.json), for the notes on merge requests. */
  open: listed(v.strictObject({ mergeRequest: natural, group, uid, effect: v.picklist(['gains', 'loses', 'shortens', 'extends']) })),
});

export function renderNow(now: Now): string {
  return `${JSON.stringify(now)}\n`;
}

/** Undefined: it is not what judging writes. */
export function parseNow(text: string): Now | undefined {
  return parseAs(nowShape, text);
}
