// The note on a merge request that is open: what it does, what it needs, which approvals count, what happens next.
import { renderNotCounted } from '../evidence/approval-words.ts';
import type { Need } from '../check/proposed-change.ts';
import type { Presence } from '../record/standing.ts';
import { count } from '../time.ts';
import {
  approvalLines,
  asSentence,
  bullets,
  code,
  renderEffects,
  renderPaths,
  renderQuorum,
  renderSections,
  renderTeams,
  signatureLines,
  steps,
} from './note-words.ts';
import { mending, renderRefusalCode } from './refusals.ts';
import type { OpenReview } from './review.ts';
import { signByHand } from '../signing/sign-by-hand.ts';

export function renderOpen(review: OpenReview): string {
  return review.restores ? renderRestoring(review) : renderProposed(review);
}

function renderProposed(review: OpenReview): string {
  const { effects, rules, people, empty } = review;
  const does =
    effects.length > 0
      ? [
          ...renderEffects(effects, rules),
          ...people.flatMap(({ uid, is }) => (is === 'known' ? [`The directory has a person ${code(uid)}.`] : [])),
        ]
      : [empty || isStopped(review) ? '' : 'Nobody gains or loses anything: only words change.'];
  const sections = renderSections(headline(review), [
    { title: 'What it does', text: bullets(does.filter((line) => line !== '')) },
    { title: 'On the branch already, and not in force', text: bullets(unapproved(review)) },
    { title: 'What must be mended', text: bullets(mendings(review)) },
    { title: 'Approvals', text: empty ? '' : bullets(approvals(review)) },
    { title: 'What happens next', text: bullets(nextSteps(review)) },
  ]);
  return `${sections}${isStopped(review) ? '' : renderToSign(review)}`;
}

/** For whoever signs without muster. No line of a statement can end the block that it stands in. */
function renderToSign({ statement }: OpenReview): string {
  if (statement === undefined) return '';
  const how = [
    'Read the text below. Write your name in the policy in place of `NAME`, and save it as `statement`; save the script as `sign.sh`. In a clone of the policy:',
    '```\ngit fetch origin && sh sign.sh statement origin/BRANCH HEAD-OF-THE-MERGE-REQUEST FOLDER-OF-THE-POLICY KEY\n```',
    `\`\`\`\n${statement}\`\`\``,
    `\`\`\`sh\n${signByHand}\`\`\``,
    'Post what it prints as a comment here, between two lines of three backticks.',
  ];
  return `\n<details><summary>Sign it by hand, without muster</summary>\n\n${how.join('\n\n')}\n\n</details>\n`;
}

/** Whoever goes the way back must not be told to wait for approvals. */
function renderRestoring(review: OpenReview): string {
  return renderSections('It undoes an unapproved change. Ready to merge; no approval needed.', [
    { title: 'On the branch already, and not in force', text: bullets(unapproved(review)) },
    { title: 'What must be mended', text: bullets(mendings(review)) },
    {
      title: 'What happens next',
      text: steps([
        'Merge this one.',
        'Is the change wanted after all? Then press "Revert" here: this opens a second merge request, which brings the change back.',
        'Have the second one approved, and only then merge it.',
      ]),
    },
  ]);
}

export function isStopped({ obstacles, overlaps, people }: OpenReview): boolean {
  return obstacles.length + overlaps.length + people.filter(({ is }) => strangers[is] !== undefined).length > 0;
}

function onlyNarrows({ effects }: OpenReview): boolean {
  return effects.length > 0 && effects.every(({ effect }) => effect === 'loses' || effect === 'shortens');
}

function headline(review: OpenReview): string {
  if (review.empty)
    return review.slippedIn.length > 0
      ? 'Merging this changes nothing: its files are on the branch already, unapproved.'
      : 'Merging this changes nothing in the policy.';
  if (isStopped(review)) return 'Not ready. Merged as it is, it has no effect.';
  if (review.enough) return 'Approved: it can be merged now.';
  if (onlyNarrows(review)) return 'Needs approval. Merged without it, it takes access away all the same.';
  return 'Needs approval. Merged without it, this has no effect.';
}

/** Why somebody gets nothing by a grant that is approved. */
const strangers: Readonly<Record<Presence, string | undefined>> = {
  known: undefined,
  'not-told': undefined,
  'unknown-person':
    'the directory has no person with this name, so the grant would give nothing. Correct the name of the file; or, if the account does not exist yet, have it made first.',
  'ambiguous-person': 'the directory has more than one entry with this name. Its administrators must mend that first.',
  locked: 'the account is locked in the directory, so the grant would give nothing until it is unlocked.',
};

/** No letter that Markdown, a mention or a link is made of. */
const isHarmless = /^[A-Za-z0-9 .,:;"\u2026()/_?+%-]+$/;

function mendings({ obstacles, overlaps, people }: OpenReview): readonly string[] {
  const ofForm = obstacles.map(({ code: of, path, line, finding }) => {
    const kind = of === 'ended' ? 'its end has passed, so it gives nothing' : renderRefusalCode(of);
    const what = finding ? `${kind} (${code(finding.code)})` : kind;
    const how = finding && isHarmless.test(finding.fix) ? finding.fix : mending[of];
    if (path === undefined) return `${asSentence(what)} ${how}`;
    return `${code(path)}${line === undefined ? '' : `, line ${line}`}: ${what}. ${how}`;
  });
  const mixed = overlaps.map(
    (path) =>
      `${code(path)}: the branch changed this file too, so nobody has seen what a merge would make of it. Merge the branch into this one, or rebase, and have that approved.`,
  );
  const unknown = people.flatMap(({ uid, is }) => (strangers[is] === undefined ? [] : [`${code(uid)}: ${strangers[is]}`]));
  return [...ofForm, ...mixed, ...unknown];
}

/** What somebody put on the branch without approval: a diff against the branch does not show it as new. */
function unapproved({ slippedIn, undecided }: OpenReview): readonly string[] {
  const waits = undecided.map(({ path, commit }) => `${code(path)}, since commit ${code(commit.slice(0, 12))}: it is not judged yet.`);
  const refused = slippedIn.map(
    ({ path, commit, code: of }) =>
      `${code(path)}, since commit ${code(commit.slice(0, 12))}: ${renderRefusalCode(of)}. What is said above is measured against what is in force, not against this file.`,
  );
  return [...refused, ...waits];
}

function approvals(review: OpenReview): readonly string[] {
  const { needs, approvals: given, signatures, unreadable = [] } = review;
  const unread = unreadable.map(
    ({ line, message }) => `A signed text here cannot be read: ${line === undefined ? '' : `line ${line}: `}${message}.`,
  );
  return [
    ...needs.map((need) => renderNeed(need, review)),
    ...approvalLines(given, renderNotCounted),
    ...signatureLines(signatures),
    ...unread,
  ];
}

/** The team first, then who of it can act. */
function renderNeed(need: Need, { quorum, authors, changers }: OpenReview): string {
  const { paths, teams, approvals: needed, signed = 0, notCounted, candidates } = need;
  const files = `${renderPaths(paths)}:`;
  const mayChange = `${renderTeams(changers.teams, changers.people)} can change the rules`;
  if (teams.length === 0) return `${files} nobody can approve this, because the rules do not know the group. ${mayChange}.`;
  const ofThese = quorum.filter(({ path }) => paths.includes(path)).sort((left, right) => left.by.length - right.by.length);
  const by = ofThese[0]?.by ?? [];
  const signatures = { there: fewest(ofThese.map((one) => one.signed?.by.length ?? 0)), needed: signed };
  const there = `${files} ${renderQuorum(by.length, needed, teams, signatures)}.`;
  const missing = needed - by.length;
  if (missing <= 0 && signatures.there >= signed) return there;
  const left = candidates.filter((uid) => !by.includes(uid));
  const barred = notCounted.map((uid) => `${code(uid)}, who ${authors.includes(uid) ? 'opened this or pushed to it' : 'gains by it'}`);
  const more = barred.length > 5 ? `, nor from ${barred.length - 5} more` : '';
  const not = barred.length === 0 ? '' : ` Not from ${barred.slice(0, 5).join(', nor from ')}${more}.`;
  if (missing <= 0) return `${there} Those who approved sign it with "muster approve", or others do.${not}`;
  const toSign = signed > 0 ? ` ${count(signed - signatures.there, 'of them is', 'of them are')} to be signed.` : '';
  const tooFew =
    left.length >= missing ? '' : ` Only ${count(left.length, 'person', 'people')} can give one, so it cannot be approved. ${mayChange}.`;
  const what = `${count(missing, by.length > 0 ? 'more approval' : 'approval')} missing, by ${renderTeams(teams, left)}`;
  return `${files} ${what}.${toSign}${not}${tooFew}`;
}

function tooFewCanApprove({ paths, teams, approvals: needed, candidates }: Need, { quorum }: OpenReview): boolean {
  const by = quorum.filter(({ path }) => paths.includes(path)).sort((left, right) => left.by.length - right.by.length)[0]?.by ?? [];
  return teams.length > 0 && candidates.filter((uid) => !by.includes(uid)).length < needed - by.length;
}

function fewest(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : Math.min(...counts);
}

function nextSteps(review: OpenReview): readonly string[] {
  const { empty, slippedIn, waiting, enough, needs, approvals: approved } = review;
  const earlier = waiting > 0 ? [`${count(waiting, 'file')} on the branch wait to be judged; this one is judged after them.`] : [];
  if (empty && slippedIn.length > 0)
    return [
      'First revert what is on the branch (nobody needs to approve that). Then press "Revert" on that revert, and have what this opens approved before it is merged.',
      ...earlier,
    ];
  if (empty) return earlier;
  if (isStopped(review))
    return [
      `Mend what is named above, and push.${approved.length > 0 ? ' Whoever approved before that revokes the approval and approves again.' : ''}`,
      ...earlier,
    ];
  if (enough)
    return [
      'Merge it within 14 days of the approval, and push nothing before. muster acts on it some minutes after the merge, and says so here.',
      ...earlier,
    ];
  if (onlyNarrows(review)) {
    return [
      'Have it approved before it is merged. Merged without approval it takes access away too, within the limits of the group, and then nothing else can be changed in these files until it is reverted.',
      ...earlier,
    ];
  }
  const hopeless = needs.some((need) => tooFewCanApprove(need, review));
  return [
    ...(hopeless ? ['First somebody who can change the rules names more who may approve this, in a merge request of its own.'] : []),
    needs.some(({ signed = 0 }) => signed > 0)
      ? 'Somebody who may approve reads the change and signs it with "muster approve", as often as signatures are missing; the others press "Approve". After a further push all of that is done anew.'
      : 'Somebody who may approve reads the change and presses "Approve". After a further push that person revokes the approval and approves again.',
    'Only then is it merged. muster acts on it some minutes later, and says so here.',
    ...earlier,
  ];
}
