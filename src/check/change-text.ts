// What `check --against` says of a change, for a terminal or a job's log.
import type { Need } from './proposed-change.ts';
import { count } from '../time.ts';
import { renderEffects, renderNames, renderPaths, renderTeams } from '../review/note-words.ts';
import { hang, plain } from '../text.ts';
import type { CheckedChange } from './check-change.ts';

type Change = Pick<CheckedChange, 'effects' | 'needs' | 'rules' | 'onlySigned'>;

export function renderChange({ effects, needs, rules, onlySigned }: Change): string {
  if (needs.length === 0 && effects.length === 0) return 'It changes nothing in the policy.\n';
  const does =
    effects.length > 0
      ? renderEffects(effects, rules, quote).map((line) => hang('  ', line))
      : [hang('  ', 'Nobody gains or loses anything.')];
  const wants = needs.map((need) => hang('  ', renderNeed(need, onlySigned)));
  const whoCounts = onlySigned ? signers : authors;
  const onlyTakes = effects.length > 0 && effects.every(({ effect }) => effect === 'loses' || effect === 'shortens');
  const otherwise = onlyTakes ? [unapproved] : [];
  return ['What it does\n', ...does, ...(wants.length > 0 ? ['\nWhat it needs\n', ...wants, whoCounts, ...otherwise] : [])].join('');
}

const unapproved = hang(
  '  ',
  'Merged without that, it takes access away all the same, and what it takes counts against the limits of the group.',
);

const authors = hang(
  '  ',
  'Whoever opens the merge request or pushes to its branch does not count. Whoever approves does so after the last push.',
);

const signers = hang('  ', 'They sign the branch ("muster approve BRANCH") after the last push to it, and before it is merged.');

function renderNeed({ paths, teams, approvals, signed = 0, candidates, notCounted }: Need, onlySigned: boolean): string {
  const files = renderPaths(paths, quote);
  if (teams.length === 0) return `${files}: nobody can approve this, because the rules before the change do not know the group`;
  const from = candidates.length > 0 ? '' : ' (nobody is left who could)';
  const barred = notCounted.length > 0 ? `; not from ${renderNames(notCounted, quote)}, who gains by it` : '';
  const signatures = signed > 0 && !onlySigned ? `, ${signed} of them signed` : '';
  return `${files}: ${count(approvals, onlySigned ? 'signature' : 'approval')} by ${renderTeams(teams, candidates, quote)}${signatures}${from}${barred}`;
}

function quote(token: string | number): string {
  return plain(String(token));
}
