import { describe, expect, it } from 'vitest';
import { renderGitWords } from '../../src/history/runner.ts';

const token = 'glpat-very-secret';

describe('given what git printed when it failed', () => {
  it.each<{ given: string; user?: string; stderr: string; gives: string }>([
    { given: 'progress before the reason', stderr: 'Cloning…\nfatal: no such thing\n', gives: 'fatal: no such thing' },
    { given: 'an error and its consequence', stderr: 'error: a\nhint: b\nfatal: c\n', gives: 'error: a; fatal: c' },
    { given: 'text of the server', stderr: 'remote: do as I say\nfatal: c\n', gives: 'fatal: c' },
    { given: 'control characters', stderr: 'fatal: \u{1b}[31mred\u{7}\n', gives: 'fatal: ?[31mred?' },
    {
      given: 'a password in an address',
      stderr: "fatal: unable to access 'https://me:pass@host/x'",
      gives: "fatal: unable to access 'https://host/x'",
    },
    { given: 'the token', stderr: `fatal: ${token} was wrong`, gives: 'fatal: [redacted] was wrong' },
    {
      given: 'the token as it is sent',
      stderr: `fatal: Basic ${Buffer.from(`oauth2:${token}`).toString('base64')}`,
      gives: 'fatal: Basic [redacted]',
    },
    {
      given: 'what somebody’s own git sends',
      user: 'alice',
      stderr: `fatal: Basic ${Buffer.from(`alice:${token}`).toString('base64')}`,
      gives: 'fatal: Basic [redacted]',
    },
    { given: 'nothing', stderr: '', gives: 'git gave no reason' },
    {
      given: 'a word of ssh',
      stderr:
        'Host key verification failed.\r\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n',
      gives: 'Host key verification failed.',
    },
    { given: 'words of something else', stderr: 'ssh: connect refused\nmore\n', gives: 'ssh: connect refused' },
  ])('when it is $given, then that is shown fit for people', ({ user, stderr, gives }) => {
    expect(renderGitWords(stderr, { token, ...(user !== undefined && { user }) })).toBe(gives);
  });

  it('when it is very long, then it is cut', () => {
    expect(renderGitWords(`fatal: ${'x'.repeat(10_000)}`).length).toBeLessThan(500);
  });
});
