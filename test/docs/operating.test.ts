// The page for operators has every code that a run may show: who finds one there and not here has found a gap.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { WithheldReason } from '../../src/membership/desired.ts';
import { refusalCodes } from '../../src/record/policy-state.ts';
import { renderRefusalCode } from '../../src/review/refusals.ts';
import { holdCodes } from '../../src/membership/guard.ts';
import type { RosterState } from '../../src/roster/roster.ts';
import { exitStatus } from '../../src/status.ts';
import type { ClockVerdict } from '../../src/membership/clock.ts';
import { readSources } from '../support/sources.ts';

const page = readFileSync('docs/operating.md', 'utf8');

// The compiler asks for a line here when there is a new code.
const withheld: Readonly<Record<WithheldReason['code'], true>> = {
  expired: true,
  revoked: true,
  'not-yet': true,
  'unknown-person': true,
  'ambiguous-person': true,
  'identity-changed': true,
  locked: true,
};
const rosters: Readonly<Record<Exclude<RosterState['kind'], 'fresh'>, true>> = {
  stale: true,
  damaged: true,
  empty: true,
  missing: true,
  unreadable: true,
};
const clocks: Readonly<Record<Exclude<ClockVerdict['kind'], 'sound'>, true>> = { behind: true, skewed: true, unconfirmed: true };

/** Codes of problems and of what waits, read off the sources: they have no type of their own. */
function codesInSources(): readonly string[] {
  const sources = readSources('src').filter(
    ({ path }) => !/^adapters\/yaml|^configuration|^commands\/check|^domain\/policy|doctor|checkup/.test(path),
  );
  const texts = sources.map(({ text }) => text);
  const problems = texts.flatMap((text) => [
    ...text.matchAll(/(?:status|kind): '(?:input|unavailable|waiting|unusable)'(?: as const)?,\s+code: '([a-z-]+)'/g),
  ]);
  const stopped = texts.flatMap((text) => [...text.matchAll(/problemOf\(\w+, '([a-z]+)'\)/g)]);
  return [...problems.map(([, code = '']) => code), ...stopped.flatMap(([, what = '']) => [`${what}-unavailable`, `${what}-unusable`])];
}

describe('given the page for operators', () => {
  const codes = [
    ...refusalCodes,
    ...holdCodes,
    ...Object.keys(withheld),
    ...Object.keys(rosters).map((kind) => `roster-${kind}`),
    ...Object.keys(clocks).map((kind) => `clock-${kind}`),
    ...codesInSources(),
  ];

  it.each([...new Set(codes)])('when a run shows %s, then the page has it', (code) => {
    expect(page).toContain(`\`${code}\``);
  });

  it.each(refusalCodes)('when a change is refused as %s, then the page says why in the words of the run', (code) => {
    const cells = page.split('\n').flatMap((line) => (line.startsWith(`| \`${code}\` `) ? [line.split('|')[2]?.trim()] : []));
    expect(cells).toContain(renderRefusalCode(code));
  });

  it('when the sources are read for codes, then some are found', () => {
    expect(codesInSources()).toEqual(expect.arrayContaining(['history-rewritten', 'project-changed', 'directory-unavailable']));
  });

  it.each(Object.entries(exitStatus))('when a command ends with %s, then the page says what to do', (name, status) => {
    expect(page).toMatch(new RegExp(`^\\| ${status} \`${name}\` +\\|`, 'm'));
  });

  it('when an alert fires, then the page has it', () => {
    const { groups } = parse(readFileSync('packaging/prometheus/alerts.yaml', 'utf8')) as { groups: { rules: { alert: string }[] }[] };
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(alerts.length).toBeGreaterThan(5);
    for (const alert of alerts) expect(page).toContain(`\`${alert}\``);
  });
});
