// The one note on a merge request, open or merged: there is one, written anew when something became different.
import { renderOpen } from './note-open.ts';
import { renderEndorsed, renderRefused } from './note-merged.ts';
import { bullets, renderSections } from './note-words.ts';
import type { OpenReview } from './review.ts';
import type { SettledReview } from './settled-review.ts';

/** What else can be said of a merge request that was not merged. */
export type Unmerged = 'closed' | 'merging' | 'other-branch';

export type Reviewed = OpenReview | SettledReview | { readonly kind: 'unmerged'; readonly why: Unmerged };

export function renderNote(review: Reviewed): string {
  switch (review.kind) {
    case 'open':
      return renderOpen(review);
    case 'unmerged':
      return renderUnmerged(review.why);
    case 'nothing':
      return renderSections('Merged. It changes nothing in the policy.', []);
    case 'waiting':
      return renderSections('Merged, and not judged yet: until then it has no effect.', [
        { title: 'Why', text: bullets([renderWaiting(review.code)]) },
      ]);
    case 'refused':
      return renderRefused(review);
    case 'endorsed':
      return renderEndorsed(review);
  }
}

function renderUnmerged(kind: Unmerged): string {
  switch (kind) {
    case 'closed':
      return renderSections('Closed without being merged: it has no effect.', []);
    case 'merging':
      return renderSections('GitLab is merging this. muster judges it as soon as that is done.', []);
    case 'other-branch':
      return renderSections('This is for another branch than the one the policy is read from: merging it has no effect.', []);
  }
}

function renderWaiting(reason: string): string {
  if (reason === 'waits-for-earlier') return 'An earlier change on the branch is not judged yet; this one is judged after it.';
  return 'muster does not have all the answers from GitLab that it needs. It asks again at every run.';
}
