// `muster plan`: what would change, may it, and why. The same survey as reconcile makes, and nothing after it.
import type { RunReport } from './run.ts';
import { asProposed } from './run.ts';
import { survey, type OpenDirectory, type Sources, type Survey, type SurveySettings } from './survey.ts';

export type ReportFrame = Pick<RunReport, 'mode' | 'evidence'>;

export async function plan(
  sources: Sources,
  settings: SurveySettings,
  openDirectory: OpenDirectory,
  frame: ReportFrame,
): Promise<RunReport> {
  const seen = await survey(sources, settings, openDirectory);
  return { command: 'plan', ...reportOf(seen, settings, frame), groups: seen.groups.map(asProposed), problems: seen.problems };
}

export function reportOf(seen: Survey, settings: SurveySettings, frame: ReportFrame): Omit<RunReport, 'command' | 'groups' | 'problems'> {
  const { now, judged, clock, rosters, claims } = seen;
  const { head, policy, tokens, open } = judged;
  return { at: now, ...frame, start: settings.start, head, policy, tokens, open, clock, rosters, claims };
}
