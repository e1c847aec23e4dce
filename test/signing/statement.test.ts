// The text that is signed: one way to write it, and nothing else is one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant } from '../../src/names.ts';
import { parseStatement, printStatement, projectOf, quotePath, type Statement } from '../../src/signing/statement.ts';
import { at, statement, statementText } from './statements.ts';

const read = (text: string | Uint8Array) => parseStatement(Buffer.from(text));
const problem = (text: string | Uint8Array) => {
  const result = read(text);
  return result.kind === 'invalid' ? `${result.line}: ${result.message}` : 'valid';
};

const text = statementText();

describe('given the statement of the contract', () => {
  it('then it is printed as it stands there', () => {
    expect(text.split('\n').map((line) => line.replaceAll(/[0-9a-f]{40,}/g, '…'))).toEqual([
      'muster-approval v1',
      'project 1234',
      'branch refs/heads/main',
      'start …',
      'rules sha256:…',
      '+ 100644 sha256:… policy/grants/klaxon-users/ep1c.yaml',
      '~ 100644 sha256:… 100644 sha256:… policy/grants/klaxon-users/hoo.yaml',
      'effect klaxon-users ep1c gains until 2026-12-15T18:00:00Z',
      'effect klaxon-users hoo extends until 2026-12-20T00:00:00Z',
      'signer alice',
      'at 2026-12-01T10:02:00Z',
      'until 2026-12-08T10:02:00Z',
      '',
    ]);
  });

  it('when it is read, then it says what was printed', () => {
    expect(read(text)).toEqual({ kind: 'valid', statement: statement(), text });
  });

  it('when a browser has put CR before LF, then it is the same text', () => {
    expect(read(text.replaceAll('\n', '\r\n'))).toEqual({ kind: 'valid', statement: statement(), text });
  });

  it.each<{ given: string; make: (lines: string[]) => readonly string[]; gives: string | RegExp }>([
    { given: 'an empty line', make: (lines) => ['', ...lines], gives: /^1: / },
    { given: 'a doubled line', make: (lines) => [...lines.slice(0, 6), ...lines.slice(5)], gives: /^7|twice/ },
    { given: 'a doubled effect under another name', make: (lines) => lines.with(8, `${lines[8]}  x`), gives: /^9: "effect/ },
    { given: 'lines in another order', make: (lines) => lines.with(5, lines[6] ?? '').with(6, lines[5] ?? ''), gives: /^6: this line/ },
    { given: 'a blank at the end', make: (lines) => lines.with(9, 'signer alice '), gives: /^10: a change, an effect, or "signer"/ },
    { given: 'two blanks', make: (lines) => lines.with(1, 'project  1234'), gives: /^2: "project"/ },
    { given: 'a tab', make: (lines) => lines.with(1, 'project\t1234'), gives: /^2: / },
    { given: 'another version', make: (lines) => lines.with(0, 'muster-approval v2'), gives: /^1: / },
    { given: 'a branch that is a tag', make: (lines) => lines.with(2, 'branch refs/tags/main'), gives: /^3: / },
    { given: 'a short commit', make: (lines) => lines.with(3, 'start 4f0c'), gives: /^4: / },
    { given: 'digits in capitals', make: (lines) => lines.with(4, `rules sha256:${'9B'.repeat(32)}`), gives: /^5: / },
    {
      given: 'a mode that git does not have',
      make: (lines) => lines.with(5, (lines[5] ?? '').replace('100644', '100640')),
      gives: /^6: "\+"/,
    },
    { given: 'no change', make: (lines) => [...lines.slice(0, 5), ...lines.slice(7)], gives: /names no change/ },
    {
      given: 'one path twice',
      make: (lines) => lines.with(6, (lines[6] ?? '').replace('hoo', 'ep1c')),
      gives: /stands in the statement twice/,
    },
    {
      given: 'a path in quotes that needs none',
      make: (lines) => lines.with(5, (lines[5] ?? '').replace(/policy\S+$/, '"$&"')),
      gives: /^6: /,
    },
    { given: 'a homoglyph in a path', make: (lines) => lines.with(5, (lines[5] ?? '').replace('ep1c', 'eр1c')), gives: /^6: / },
    { given: 'a signer in capitals', make: (lines) => lines.with(9, 'signer Alice'), gives: /^10: / },
    { given: 'two signers', make: (lines) => [...lines.slice(0, 10), 'signer bob', ...lines.slice(10)], gives: /^11: "at"/ },
    { given: 'a time in another zone', make: (lines) => lines.with(10, 'at 2026-12-01T11:02:00+01:00'), gives: /^11: this line/ },
    { given: 'a time without seconds', make: (lines) => lines.with(10, 'at 2026-12-01T10:02Z'), gives: /^11: this line/ },
    { given: 'an end before its time', make: (lines) => lines.with(11, 'until 2026-12-01T10:02:00Z'), gives: /^12: "until"/ },
    { given: 'an end after fifteen days', make: (lines) => lines.with(11, 'until 2026-12-15T10:02:01Z'), gives: /^12: "until"/ },
    { given: 'a line behind the end', make: (lines) => [...lines, 'effect x'], gives: /^13: the end/ },
    { given: 'no final newline', make: (lines) => lines.slice(0, -1), gives: /^12: the end/ },
    { given: 'a lone CR', make: (lines) => lines.with(9, 'signer alice\r\r'), gives: /^10: / },
  ])('when it has $given, then it is none, and the line is named', ({ make, gives }) => {
    expect(problem(make(text.split('\n')).join('\n'))).toMatch(gives);
  });

  it('when it is larger than 64 KiB, then it is not read', () => {
    expect(problem(text + 'x'.repeat(64 * 1024))).toMatch(/at most 65536 bytes/);
  });
});

const letters = fc.constantFrom('a', 'Z', '0', ' ', '/', '.', '"', '\\', 'é', '日', '\t', '\n', '\u0001', '\u007f', '😀');
const paths = fc.array(letters, { minLength: 1, maxLength: 20 }).map((all) => all.join(''));
const sha256 = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 }).map((all) => `sha256:${all.join('')}`);
const files = fc.record({ mode: fc.constantFrom('100644', '100755', '120000'), sha256 });
const changes = fc.uniqueArray(
  fc.oneof(
    fc.record({ path: paths, before: files }),
    fc.record({ path: paths, after: files }),
    fc.record({ path: paths, before: files, after: files }),
  ),
  { minLength: 1, maxLength: 6, selector: ({ path }) => path },
);
const words = fc.array(fc.constantFrom('a', 'gains', 'until', '#1'), { minLength: 1, maxLength: 4 }).map((all) => all.join(' '));
const statements = fc.record({
  changes,
  effects: fc.array(words, { maxLength: 4 }),
  project: fc.constantFrom('1', 'https://git.example/x.git', '/srv/x.git'),
  at: fc.integer({ min: 0, max: 1_000_000 }).map((seconds) => instant(at + seconds * 1000)),
});

const sorted = ({ changes: all, effects, ...rest }: Statement) => ({ ...rest, effects: [...effects].sort(), changes: new Set(all) });

describe('laws of statements', () => {
  it('what is printed is read as what it was, in any order', () => {
    fc.assert(
      fc.property(statements, (some) => {
        const one = statement({ ...some, until: instant(some.at + 1000) });
        const result = read(printStatement(one));
        expect(result.kind === 'valid' ? sorted(result.statement) : result).toEqual(sorted(one));
      }),
    );
  });

  it('a text that differs in one place says something else, or nothing', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'\n\r 0aZ+~-:é'), (place, letter) => {
        const other = text.slice(0, place) + letter + text.slice(place + 1);
        const result = read(other);
        if (result.kind === 'valid') expect(result.statement).not.toEqual(other === text ? undefined : statement());
        if (result.kind === 'valid') expect(result.text).toBe(other.replaceAll('\r\n', '\n'));
      }),
    );
  });

  it('any URL of a repository is a project', () => {
    fc.assert(
      fc.property(paths, (url) => {
        const project = projectOf(url);
        const result = read(statementText({ project }));
        expect(result.kind === 'valid' ? result.statement.project : result).toBe(project);
      }),
    );
  });

  it.each([
    ['ssh://git@git.example.org/access.git', 'ssh://git.example.org/access.git'],
    ['ssh://alice@git.example.org:2222/access.git', 'ssh://git.example.org:2222/access.git'],
    ['git@git.example.org:sre/access.git', 'git.example.org:sre/access.git'],
    ['https://git.example.org/access', 'https://git.example.org/access'],
    ['/srv/git/a b@c/access.git', '/srv/git/a%20b@c/access.git'],
    ['file:///srv/git@home/access.git', 'file:///srv/git@home/access.git'],
  ])('given the repository %s, then it is signed as %s: whoever asks for it may have another account there', (url, project) => {
    expect(projectOf(url)).toBe(project);
  });

  it('no two paths are quoted alike, and all quotes are printable ASCII', () => {
    fc.assert(
      fc.property(paths, paths, (one, other) => {
        expect(quotePath(one)).toMatch(/^[ -~]+$/);
        expect(quotePath(one) === quotePath(other)).toBe(one === other);
      }),
    );
  });
});
