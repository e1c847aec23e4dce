// What a run needs round it, as a checkup sees it: the timer that starts it, a clock to believe, and rosters to read.
import { advice, error, ok, orOk, unknown, type Area, type Verdict } from './doctor.ts';
import type { ClockVerdict } from '../membership/clock.ts';
import type { Instant, RosterName } from '../names.ts';
import type { RosterState } from '../roster/roster.ts';
import { count } from '../time.ts';
import { renderMoment } from '../text.ts';

const administrator = 'the administrator of this host';

/** What systemd says of a timer and of the last run it started. */
export interface TimerFacts {
  /** Of both the timer and its service: `muster`, or `muster-judge` where judging has a unit of its own. */
  readonly unit: 'muster' | 'muster-judge';
  /** `enabled`, `disabled`, `not-found`, … */
  readonly enabled: string;
  /** `active`, `inactive`, `failed`, … */
  readonly active: string;
  /** How the service ended last, and its exit status; undefined before the first time. */
  readonly last: { readonly result: string; readonly status: number; readonly at: Instant } | undefined;
  readonly isActive: boolean;
  /** Nothing has run here yet: the timer is the last step of an installation. */
  readonly isNew: boolean;
}

export const timerArea: Area<TimerFacts> = {
  area: 'Timer',
  fixer: administrator,
  checks: [
    { code: 'timer', look: (facts) => [timerOf(facts)] },
    { code: 'last-service-run', look: (facts) => [lastServiceRun(facts)] },
  ],
};

function timerOf({ unit, enabled, active, isActive, isNew }: TimerFacts): Verdict {
  const runs = enabled.startsWith('enabled') && active === 'active';
  const said = `${unit}.timer is ${enabled} and ${active}`;
  if (runs) return ok(said);
  if (!isActive) return ok(`${said}, and this is the standby`);
  const fix = [administrator, `systemctl enable --now ${unit}.timer`] as const;
  if (isNew) return advice(`${said}; enable it as the last step, when "muster plan" shows what is wanted`, ...fix);
  const without =
    unit === 'muster' ? 'nothing happens by itself on this host, expiry included' : 'what is merged is not judged, and gives nothing';
  return error(`${said}: ${without}`, ...fix);
}

function lastServiceRun({ unit, last }: TimerFacts): Verdict {
  if (!last) return unknown(`systemd knows of no run of ${unit}.service since this host started`);
  const said = `${unit}.service ended at ${renderMoment(last.at)} with status ${last.status}`;
  if (last.result === 'success') return ok(said);
  return error(`${said} (${last.result})`, administrator, `Look at "journalctl -u ${unit}" and at "muster plan".`);
}

export interface ClockFacts {
  readonly verdict: ClockVerdict;
  /** Whether somebody outside this host told the time; `nobody` where no GitLab is configured. */
  readonly witness: 'told' | 'silent' | 'nobody';
}

export const clockArea: Area<ClockFacts> = {
  area: 'Clock',
  fixer: administrator,
  checks: [{ code: 'clock', look: (facts) => [clockOf(facts)] }],
};

function clockOf({ verdict, witness }: ClockFacts): Verdict {
  if (verdict.kind !== 'sound')
    return error(verdict.message, administrator, 'Correct the clock (timedatectl), or allow what is held as "clock".');
  if (witness === 'told') return ok('within five minutes of GitLab’s');
  return unknown(
    witness === 'nobody'
      ? 'not behind the last run; no GitLab is configured, whose time this host’s could be compared with'
      : 'not behind the last run; GitLab gave no time to compare with',
  );
}

export interface RosterFacts {
  readonly rosters: readonly { readonly roster: RosterName; readonly state: RosterState }[];
}

export const rosterArea: Area<RosterFacts> = {
  area: 'Rosters',
  fixer: administrator,
  checks: [{ code: 'roster', look: ({ rosters }) => orOk(rosters.map(rosterOf), 'none is configured') }],
};

function rosterOf({ roster, state }: RosterFacts['rosters'][number]): Verdict {
  if (state.kind === 'fresh')
    return ok(`fresh, ${count(state.people, 'person', 'people')}, written at ${renderMoment(state.producedAt)}`, roster);
  if ('mayPass' in state && state.mayPass) return { ...unknown(state.message, roster), unanswered: true };
  const who = state.act === 'administrator' ? administrator : 'whoever produces or carries the roster';
  return error(`${state.kind}: ${state.message}`, who, 'Until then the last accepted list stays in force.', roster);
}
