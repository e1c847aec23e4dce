// What people type to look, or to ask for something.
import type { Commands } from './command.ts';

export const looking: Commands = {
  check: async (invocation, caller) => (await import('./check/check-command.ts')).runCheck(invocation, caller),
  status: async (invocation, caller) => (await import('./look/status-command.ts')).runStatus(invocation, caller),
  plan: async (invocation, caller) => (await import('./look/plan-command.ts')).runPlan(invocation, caller),
  explain: async (invocation, caller) => (await import('./explain/explain-command.ts')).runExplain(invocation, caller),
  report: async (invocation, caller) => (await import('./report/report-command.ts')).runReport(invocation, caller),
  review: async (invocation, caller) => (await import('./review/review-command.ts')).runReview(invocation, caller),
  approve: async (invocation, caller) => (await import('./approve/approve-command.ts')).runApprove(invocation, caller),
  request: async (invocation, caller) => (await import('./request/request-command.ts')).runRequest(invocation, caller),
  verify: async (invocation, caller) => (await import('./verify/verify-command.ts')).runVerify(invocation, caller),
  doctor: async (invocation, caller) => (await import('./doctor/doctor-command.ts')).runDoctor(invocation, caller),
  init: async (invocation, caller) => (await import('./init/init-command.ts')).runInit(invocation, caller),
  adopt: async (invocation, caller) => (await import('./adopt/adopt-command.ts')).runAdopt(invocation, caller),
};
