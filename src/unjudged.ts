// `evidence: none`: no forge is asked. Every landing that is well-formed and clean is endorsed as of its committer time, and counts as reviewed by nobody.
import type { ContentJudge } from './judging.ts';

export const unjudged: ContentJudge = {
  evidence: 'none',
  prepare: () => Promise.resolve([]),
  judge: (_, { commit, committedAt }) =>
    Promise.resolve({
      kind: 'judged',
      evidence: null,
      verdict: { kind: 'endorsed', reviewed: false, commit, mergeRequest: null, approvedBy: [], landedAt: committedAt },
    }),
};
