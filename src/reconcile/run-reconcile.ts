// `muster reconcile`: converge. What the timer runs.
import type { RunReport } from './run.ts';
import type { RunPorts } from './ports.ts';
import { reconcile } from './reconcile.ts';
import type { SurveySettings } from './survey.ts';
import { reportOf, type ReportFrame } from './preview.ts';

export interface Reconciled {
  readonly report: RunReport;
  /** The high-water mark of time may move to this run. */
  readonly clockTrusted: boolean;
}

export async function runReconcile(ports: RunPorts, settings: SurveySettings, frame: ReportFrame): Promise<Reconciled> {
  const { survey: seen, groups, problems, clockTrusted } = await reconcile(ports, settings, frame.mode);
  return { report: { command: 'reconcile', ...reportOf(seen, settings, frame), groups, problems }, clockTrusted };
}
