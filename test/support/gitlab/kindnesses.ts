// Where the stand-in can be told to be kinder than GitLab is. Each is a mistake that somebody could make in it, or in the code that it tests; the
// scenes must notice every one.
export const kindnesses = {
  'notes-never-hidden': 'everybody is shown every note',
  'hidden-notes-not-counted': 'a list counts only what it shows',
  'notes-without-token': 'notes, versions and events of a public project are shown to everybody',
  'bulk-push-named': 'a push of many branches is an event for each',
  'old-path-answers': 'a project that was moved answers by its old path',
  'push-resets-approvals': 'a push takes the approvals away',
  'merged-commit-shown': 'merged_commit_sha is in the answers',
  'author-cannot-approve': 'authors cannot approve their own',
  'first-version-at-once': 'the first version is written with the merge request',
  'limits-say-when': 'whoever asks too often is told when to come again',
  'versions-at-once': 'a version is written with the push',
  'approving-again-renews': 'approving twice gives the approval a new time',
  'pushed-merge-unsourced': 'the merged event of a head that was pushed names no source',
  'deleted-accounts-stay': 'what deleted accounts wrote keeps their names',
} as const;

export type Kindness = keyof typeof kindnesses;
