// What `check --against` says of a change, for a terminal or a job's log.
import type { Effect, Need } from './proposed-change.ts';
import { count } from '../time.ts';
import { renderUntil } from '../review/note-words.ts';
import { hang, plain, renderMoment } from '../text.ts';

export function renderChange(effects: readonly Effect[], needs: readonly Need[]): string {
  if (needs.length === 0 && effects.length === 0) return 'It changes nothing in the policy.\n';
  const does =
    effects.length > 0 ? effects.map((effect) => hang('  ', renderEffect(effect))) : [hang('  ', 'Nobody gains or loses anything.')];
  const wants = needs.map((need) => hang('  ', renderNeed(need)));
  const onlyTakes = effects.length > 0 && effects.every(({ effect }) => effect === 'loses' || effect === 'shortens');
  const otherwise = onlyTakes ? [unapproved] : [];
  return ['What it does\n', ...does, ...(wants.length > 0 ? ['\nWhat it needs\n', ...wants, authors, ...otherwise] : [])].join('');
}

const unapproved = hang(
  '  ',
  'Merged without that, it takes access away all the same, and what it takes counts against the limits of the group.',
);

const authors = hang(
  '  ',
  'Whoever opens the merge request or pushes to its branch does not count. Whoever approves does so after the last push.',
);

function renderEffect({ path, group, uid, effect, until, from }: Effect): string {
  if (effect === 'rules') return group === null ? 'the people, teams and rules of the policy change' : `the rules of ${group} change`;
  const term = `${from === undefined ? '' : ` from ${renderMoment(from)}`}${until === null ? '' : ` ${renderUntil(until)}`}`;
  switch (effect) {
    case 'gains':
      return `${uid} gets into ${group}${term} (${plain(path)})`;
    case 'loses':
      return `${uid} leaves ${group} (${plain(path)})`;
    case 'extends':
      return `${uid} has more time in ${group}:${term} (${plain(path)})`;
    case 'shortens':
      return `${uid} has less time in ${group}:${term} (${plain(path)})`;
  }
}

function renderNeed({ paths, teams, approvals, signed = 0, candidates, notCounted }: Need): string {
  const files =
    paths.length <= 5
      ? paths.map(plain).join(', ')
      : `${paths.slice(0, 3).map(plain).join(', ')} and ${count(paths.length - 3, 'more file')}`;
  if (teams.length === 0) return `${files}: nobody can approve this, because the rules before the change do not know the group`;
  const from = candidates.length > 0 ? ` (${candidates.join(', ')})` : ' (nobody is left who could)';
  const barred = notCounted.length > 0 ? `; not from ${notCounted.join(', ')}, who gains by it` : '';
  return `${files}: ${count(approvals, 'approval')} by ${teams.join(' or ')}${signed > 0 ? `, ${signed} of them signed` : ''}${from}${barred}`;
}
