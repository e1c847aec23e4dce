import { instant } from '../../src/names.ts';
import type { OpenReview } from '../../src/review/review.ts';
import { team, uid } from '../evidence/evidence-samples.ts';
import { klaxon } from '../membership/membership-samples.ts';

/** The end of 7 December. */
export const until = instant(Date.UTC(2026, 11, 8));
export const path = 'policy/grants/klaxon-users/urbanecm.yaml';

export function openReview(changes: Partial<OpenReview> = {}): OpenReview {
  return {
    kind: 'open',
    restores: false,
    empty: false,
    effects: [{ path, group: klaxon, uid: uid('urbanecm'), effect: 'gains', until }],
    rules: [],
    people: [{ uid: uid('urbanecm'), is: 'known' }],
    changers: { teams: [team('access-owners')], people: [uid('bob'), uid('carol')] },
    needs: [
      {
        paths: [path],
        teams: [team('sre')],
        approvals: 2,
        candidates: [uid('alice'), uid('bob')],
        notCounted: [uid('carol'), uid('urbanecm')],
      },
    ],
    obstacles: [],
    overlaps: [],
    slippedIn: [],
    undecided: [],
    waiting: 0,
    approvals: [],
    signatures: [],
    quorum: [{ path, teams: [team('sre')], needed: 2, by: [] }],
    authors: [uid('carol')],
    enough: false,
    ...changes,
  };
}
