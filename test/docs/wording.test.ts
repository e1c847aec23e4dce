import { readFileSync, readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPolicyFolder } from '../../src/policy/folder.ts';
import { readPolicy } from '../../src/policy/parser.ts';
import { check } from '../../src/check/check.ts';
import { longestApproval } from '../../src/evidence/approval.ts';
import { notCountedReasons } from '../../src/record/approval-count.ts';
import { renderNotCounted, renderNotCountedThen } from '../../src/evidence/approval-words.ts';
import { instant } from '../../src/names.ts';
import { longestSleep } from '../../src/policy/policy-rules-grants.ts';
import { renderDuration } from '../../src/time.ts';
import { wayBackBy } from '../../src/review/refusals.ts';

const page = (name: string) => readFileSync(name, 'utf8');

const listed = (steps: readonly string[]) => steps.map((step, index) => `${index + 1}. ${step}\n`).join('');

describe('the pages for people who never see the code', () => {
  it.each(['docs/requesting.md', 'docs/approving.md'])('given %s, then the way back is in the words that muster prints', (name) => {
    expect(page(name)).toContain(listed(wayBackBy('gitlab')));
  });

  it('given docs/operating.md, then so is the way back without GitLab', () => {
    expect(page('docs/operating.md')).toContain(listed(wayBackBy('none')));
  });

  it.each(notCountedReasons)('given an approval that is %s, then the page for approvers has its words', (reason) => {
    const told = page('docs/approving.md')
      .split('\n')
      .flatMap((line) => (line.startsWith('| ') ? [line.split('|')[1]?.trim()] : []));
    expect(told).toContain(renderNotCounted(reason));
  });

  it('given what is said of such an approval after the merge, then the page for approvers has its words', () => {
    const [before = ''] = renderNotCountedThen('before-last-push').split('; ');
    expect(page('docs/approving.md')).toContain(`("${renderNotCountedThen('before-last-push').slice(before.length + 2)}")`);
  });

  it('given the limits in the code, then the pages and the templates name them', () => {
    expect(page('docs/approving.md')).toContain(`within ${renderDuration(longestApproval)}`);
    expect(page('docs/requesting.md')).toContain(`at most ${renderDuration(longestSleep)} away`);
    expect(page('.gitlab/merge_request_templates/Grant.md')).toContain(`within ${renderDuration(longestApproval)}`);
    expect(page('.gitlab/merge_request_templates/Grant.md')).toContain(`at most ${renderDuration(longestSleep)} away`);
  });

  it('given the file that the page for requesters shows, then check has nothing against it', () => {
    const [, shown = ''] = /^ *```yaml\n([^`]+)```/m.exec(page('docs/requesting.md')) ?? [];
    const { folder, files } = readPolicyFolder('policy', process.cwd());
    const grant = { path: 'policy/grants/klaxon-users/alice.yaml', bytes: new TextEncoder().encode(shown.replaceAll(/^ {3}/gm, '')) };

    expect(shown).toContain('until:');
    expect(check(readPolicy([...files, grant], folder), { now: instant(Date.UTC(2026, 10, 23)) }).findings).toEqual([]);
  });

  it('given what init writes into the project of any organisation, then nothing of it is about one of them', () => {
    const project = readdirSync('dist/project', { recursive: true, encoding: 'utf8' }).map((path) => `dist/project/${path}`);
    const files = project.filter((path) => statSync(path).isFile() && !path.endsWith('.js'));
    expect(files.length).toBeGreaterThan(8);
    const foreign = files.filter((path) => /[Kk]laxon|[Ww]iki(?:media|tech)|\bSRE\b|stewards|clinic duty|phabricator/.test(page(path)));
    expect(foreign).toEqual([]);
  });

  it('given the templates and the pages, then every file of this repository that they name is there', () => {
    const texts = ['docs/requesting.md', 'docs/approving.md', 'docs/threat-model.md'].map(page);
    const templates = readdirSync('.gitlab/merge_request_templates').map((name) => page(`.gitlab/merge_request_templates/${name}`));
    const named = [
      ...texts.flatMap((text) => [...text.matchAll(/\]\(([a-z-]+\.md)\)/g)].map(([, name]) => `docs/${name}`)),
      ...templates.flatMap((text) => [...text.matchAll(/docs\/[a-z-]+\.md/g)].map(([name]) => name)),
    ];
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(page(name)).not.toBe('');
  });
});
