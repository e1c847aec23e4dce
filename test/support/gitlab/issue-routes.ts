// Routes about issues: as much of them as somebody needs who opens one and wants to find it again.
import type { Json } from './entities.ts';
import { text } from './project-routes.ts';
import { list, one, viewer, visibleProject, type Call, type Reply, type Route } from './routing.ts';
import { Refused, type Issue } from './world.ts';

export const issueRoutes: readonly Route[] = [
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/issues$/, handle: search },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/issues$/, handle: create },
];

function shown({ iid, title, description, confidential, state, author }: Issue, call: Call): Json {
  const web_url = `${call.origin}/${visibleProject(call).path}/-/issues/${iid}`;
  return { iid, title, description, confidential, state, author: { id: author.id, username: author.username }, web_url };
}

/** [B] `scope` is `all` unless told; [C] a confidential one is shown to its author, and from Reporter on. */
function search(call: Call): Reply {
  const { issues, members } = visibleProject(call);
  const user = viewer(call);
  const isReporter = (members.get(user.id) ?? 0) >= 20;
  const [state, title] = [call.query.get('state'), call.query.get('search')?.toLowerCase()];
  const found = issues.filter(
    (issue) =>
      (issue.author === user || !issue.confidential || isReporter) &&
      (call.query.get('scope') !== 'created_by_me' || issue.author === user) &&
      (state === null || issue.state === state) &&
      (title === undefined || issue.title.toLowerCase().includes(title)),
  );
  return list(found.toReversed().map((issue) => shown(issue, call)));
}

/** [C] Whoever sees the project may open one, unless its issues are switched off. */
function create(call: Call): Reply {
  const { issues, hasIssues } = visibleProject(call);
  if (!hasIssues) throw new Refused(403, '403 Forbidden');
  const { description, confidential } = call.body;
  const issue: Issue = {
    iid: issues.length + 1,
    title: text(call.body, 'title'),
    description: typeof description === 'string' ? description : '',
    confidential: confidential === true,
    author: viewer(call),
    state: 'opened',
  };
  issues.push(issue);
  return one(shown(issue, call), 201);
}
