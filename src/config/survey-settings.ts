// What of the host's configuration judging and converging decide by.
import type { ManagedGroup } from '../membership/proposal.ts';
import type { GroupName } from '../names.ts';
import type { SurveySettings } from '../reconcile/survey.ts';
import type { Configuration } from './configuration.ts';

export function surveySettings({ repository, directory }: Configuration): SurveySettings {
  const managed = new Map<GroupName, ManagedGroup>(
    [...(directory?.groups ?? [])].map(([group, dn]) => [group, { dn, ...directory?.ceilings.get(group) }]),
  );
  const longest = new Map([...managed].flatMap(([group, one]) => (one.longest === undefined ? [] : [[group, one.longest] as const])));
  return { start: repository.start, folder: repository.folder, longest, managed };
}
