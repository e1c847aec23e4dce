import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grantRules } from '../../src/policy/policy-rules-grants.ts';
import { rulesRules } from '../../src/policy/policy-rules-teams.ts';

/** Where a code is written down in the sources: as a field, or as the first text of a complaint or a finding. */
const written = /\bcode: '([a-z0-9-]+)'|\b(?:complaint|wholeFile|error)\(\s*(?:[\w.]+,\s*)?'([a-z0-9-]+)'/g;

function codesInSources(): readonly string[] {
  const policy = readdirSync('src/policy').map((name) => readFileSync(`src/policy/${name}`, 'utf8'));
  const others = ['src/check/check.ts', 'src/check/check-change.ts', 'src/check/change-findings.ts'].map((name) =>
    readFileSync(name, 'utf8'),
  );
  const found = [...policy, ...others].flatMap((text) => [...text.matchAll(written)].map(([, field, argument]) => field ?? argument ?? ''));
  return [...new Set([...found, ...grantRules.map(({ code }) => code), ...rulesRules.map(({ code }) => code)])].toSorted();
}

describe('the reference of findings in docs/policy.md', () => {
  const tables = readFileSync('docs/policy.md', 'utf8').split('## Findings')[1] ?? '';
  const documented = [...tables.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
    [...String(cell).matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => code ?? ''),
  );

  it('given the sources, then every code has a line that says what to do, and every line has a code', () => {
    expect(codesInSources().length).toBeGreaterThan(40);
    expect(documented.toSorted()).toEqual(codesInSources());
  });
});
