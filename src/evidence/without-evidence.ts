// `evidence: none`: no forge is asked. Every landing that is well-formed and clean is endorsed as of its committer time, and counts as reviewed by nobody.
import { instant, type Instant } from '../names.ts';
import type { ContentJudge } from '../judge/judge-branch.ts';

/** The committer wrote the time, so it is believed only as far as it lies in the past. */
export function unjudged(now: Instant): ContentJudge {
  return {
    evidence: 'none',
    prepare: () => Promise.resolve([]),
    judge: (_, { commit, committedAt }) =>
      Promise.resolve({
        kind: 'judged',
        evidence: null,
        verdict: {
          kind: 'endorsed',
          reviewed: false,
          commit,
          mergeRequest: null,
          approvedBy: [],
          landedAt: instant(Math.min(committedAt, now)),
        },
      }),
  };
}
