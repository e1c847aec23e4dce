// What is told of a rehearsal, and what is left out of it.
import { describe, expect, it } from 'vitest';
import { renderFixture, renderJunit, renderOutcome, renderSummary, withServer } from './outcomes.ts';
import type { Outcome } from './play.ts';

const base = { assumptions: [], recorded: [], seconds: 71.4 };
const outcomes: readonly Outcome[] = [
  { ...base, scene: 'merge commit', kind: 'as-assumed', reasons: [] },
  { ...base, scene: 'a "push" & <more>', kind: 'different', reasons: ['not so: an approval survives a push (\u0001)'] },
  { ...base, scene: 'renamed', kind: 'skipped', reasons: ["it needs an administrator's token"] },
];

describe('given three scenes that were played', () => {
  it('when they are told, then each has a line, and the end counts them', () => {
    expect(outcomes.map(renderOutcome).join('')).toBe(
      'as assumed    71 s  merge commit\n' +
        'DIFFERENT     71 s  a "push" & <more>\n' +
        '                    not so: an approval survives a push (\\u{1})\n' +
        'skipped       71 s  renamed\n' +
        "                    it needs an administrator's token\n",
    );
    expect(renderSummary('19.3.1', outcomes)).toBe('GitLab 19.3.1: 1 of 2 as assumed, 1 skipped');
  });

  it('when CI reads them, then markup and control characters are harmless', () => {
    const xml = renderJunit('19.3.1', outcomes);
    expect(xml).toContain('<testsuite name="GitLab 19.3.1" tests="3" failures="1" errors="0" skipped="1">');
    expect(xml).toContain('name="a &quot;push&quot; &amp; &lt;more&gt;"');
    expect(xml).toContain('<failure message="not so: an approval survives a push (?)">');
  });
});

describe('given raw answers', () => {
  it('when they are kept, then nobody learns whose they are', () => {
    const recorded = [
      {
        ...{ method: 'GET', path: 'projects/bob%2Ftrial/merge_requests/1', status: 200, total: null },
        body: {
          author: {
            id: 51,
            username: 'bob',
            name: 'Bob of the Trial',
            avatar_url: 'https://secure.gravatar.com/x',
            web_url: 'https://git.example.net/bob',
          },
          description: 'Written by bob, mail b.o+b@mail.example.net, to https://git.example.net/bob/trial with glpat-one',
          author_email: 'bob@example.net',
          token: 'glpat-made-meanwhile',
          path_with_namespace: 'bob/trial',
          name_with_namespace: 'Access of the Trial / trial',
          namespace: { id: 3, name: 'Access of the Trial', full_path: 'access', web_url: 'https://git.example.net/groups/access' },
          ssh_url_to_repo: 'git@git.example.net:bob/trial.git',
          container_registry_image_prefix: 'registry.git.example.net/bob/trial',
          title: 'A branch of carol',
          assignee: { id: 9, username: 'ghost', name: 'Ghost User' },
          created_at: '2026-11-20T10:00:00.123Z',
        },
      },
    ];
    const secrets = { server: 'https://git.example.net', projectPath: 'bob/trial', usernames: ['carol'], tokens: ['glpat-one'] };
    const text = renderFixture({ ...base, scene: 'x', kind: 'as-assumed', reasons: [], recorded }, secrets);
    for (const gone of ['bob', 'Bob', 'carol', 'Access of', 'registry.', 'git.example.net', 'mail.example.net', 'gravatar', 'glpat'])
      expect(text).not.toContain(gone);
    for (const kept of [
      '"id": 51',
      '"username": "ghost"',
      '2026-11-20T10:00:00.123Z',
      'projects/group%2Frehearsal',
      '"path_with_namespace": "group/rehearsal"',
      '"full_path": "left out"',
    ])
      expect(text).toContain(kept);
  });
});

describe('given the versions that were rehearsed', () => {
  it('when another is, then it takes its place, once', () => {
    const known = { source: '19.3', servers: ['18.9.1', '19.10.0'] };
    const more = withServer(withServer(known, '19.9.2'), '19.9.2');
    expect(more).toEqual({ source: '19.3', servers: ['18.9.1', '19.9.2', '19.10.0'] });
  });
});
