// Statements for tests.
import { instant, parseCommitId, parseExactUid } from '../../src/names.ts';
import { printStatement, type Statement } from '../../src/signing/statement.ts';

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a name of the tests is none');
  return value;
}

export const at = instant(Date.UTC(2026, 11, 1, 10, 2));
const sha = (letter: string) => `sha256:${letter.repeat(64)}`;

export function statement(change: Partial<Statement> = {}): Statement {
  return {
    project: '1234',
    branch: 'refs/heads/main',
    start: known(parseCommitId('4f0c'.repeat(10))),
    rules: sha('9'),
    changes: [
      { path: 'policy/grants/klaxon-users/ep1c.yaml', after: { mode: '100644', sha256: sha('7') } },
      {
        path: 'policy/grants/klaxon-users/hoo.yaml',
        before: { mode: '100644', sha256: sha('0') },
        after: { mode: '100644', sha256: sha('a') },
      },
    ],
    effects: ['klaxon-users ep1c gains until 2026-12-15T18:00:00Z', 'klaxon-users hoo extends until 2026-12-20T00:00:00Z'],
    signer: known(parseExactUid('alice')),
    at,
    until: instant(at + 7 * 24 * 3600 * 1000),
    ...change,
  };
}

export function statementText(change: Partial<Statement> = {}): string {
  return printStatement(statement(change));
}
