// Issues that muster opens for people: found again by their title among those of the token's own account, so that nothing is asked for twice.
// https://docs.gitlab.com/api/issues/
import * as v from 'valibot';
import { understand } from './answers.ts';
import { clientFor } from './api.ts';
import { wholeOfTexts } from './lists.ts';
import { requesterSettings, type GitLabSettings } from './gitlab.ts';
import { refusedBy } from './merge-requests.ts';

const issueShape = v.object({ iid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), title: v.string(), web_url: v.string() });

export interface Issues {
  /** The open one with this title, or a new one, confidential. Throws Misuse where GitLab declines, Unavailable where it does not answer. */
  readonly open: (
    project: number,
    draft: { readonly title: string; readonly description: string },
  ) => Promise<{ readonly iid: number; readonly url: string }>;
}

export function openIssues(settings: GitLabSettings): Issues {
  const gitlab = clientFor(requesterSettings(settings));
  const opened = ({ iid, web_url }: v.InferOutput<typeof issueShape>) => ({ iid, url: web_url });
  const find = async (project: number, title: string) => {
    // Whoever may open an issue can give it this title: only one of our own is ours.
    const mine = await wholeOfTexts(
      issueShape,
      (paging) => gitlab.Issues.all({ projectId: project, state: 'opened', scope: 'created_by_me', search: title, in: 'title', ...paging }),
      'the open issues',
    );
    return mine.find((one) => one.title === title);
  };
  return {
    async open(project, { title, description }) {
      try {
        const before = await find(project, title);
        if (before) return opened(before);
        const answer = await gitlab.Issues.create(project, title, { description, confidential: true });
        return opened(understand(issueShape, answer, 'the new issue'));
      } catch (error) {
        return refusedBy(error);
      }
    },
  };
}
