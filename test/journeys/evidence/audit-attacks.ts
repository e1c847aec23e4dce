// What somebody may do to what a host keeps, and what an auditor is told of it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { always, changed, type Copies, endorsed, lineOf, swapped, withSignature, type Line } from './audit-copies.ts';
import { grantPath } from './policy-files.ts';

/** What somebody did, and what is told: of which file, which line, what. */
interface Attack {
  readonly given: string;
  /** Gives the line that must be named. */
  readonly change: (copy: Copies) => number | null;
  readonly file: 'record.jsonl' | 'ledger.jsonl';
  readonly says: string;
}

export const attacks: readonly Attack[] = [
  {
    given: 'a byte of the ledger',
    file: 'ledger.jsonl',
    change: (copy) => {
      copy.change('ledger', (text) => text.replace('"type":"all-taken"', '"type":"all-tokem"'));
      return copy.lines('ledger').findIndex((line) => line['type'] === 'all-tokem') + 1;
    },
    says: 'was changed after it was written',
  },
  {
    given: 'a line of the record taken out',
    file: 'record.jsonl',
    change: (copy) => {
      copy.change('record', (text) => text.split('\n').toSpliced(3, 1).join('\n'));
      return 4;
    },
    says: 'lines were removed, added or moved',
  },
  {
    given: 'the last line of the record taken out, and its head written anew',
    file: 'record.jsonl',
    change: (copy) => {
      copy.rewrite('record', copy.lines('record').slice(0, -1));
      return null;
    },
    says: 'which is not there',
  },
  {
    given: 'a verdict turned from refused to endorsed, with the chain written anew',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.refused);
      copy.rewrite('record', changed(lines, line, endorsed));
      return line;
    },
    says: 'the record was written anew',
  },
  {
    given: 'a judge that endorsed it from the beginning',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.refused);
      always(copy, changed(lines, line, endorsed));
      return line;
    },
    says: 'the record says endorsed (!3, by alice), and the evidence that it keeps gives refused (no-approval)',
  },
  {
    given: 'a judge that endorsed it without naming any evidence',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.refused);
      always(
        copy,
        changed(lines, line, (one) => ({ ...endorsed(one), evidence: null })),
      );
      return line;
    },
    says: 'it names no evidence',
  },
  {
    given: 'a judge that refused what was approved',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.signed);
      const verdict = { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: 2 };
      always(
        copy,
        changed(lines, line, (one) => ({ ...one, verdict })),
      );
      return line;
    },
    says: 'the record says refused (no-approval), and the evidence that it keeps gives endorsed (!2, by alice)',
  },
  {
    given: 'a judge that keeps a grant longer than its file says',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.signed);
      const longer = (one: Line): Line =>
        JSON.parse(JSON.stringify(one).replaceAll(/"(until|endorsedUntil)":\d+/g, '"$1":1900000000000')) as Line;
      always(copy, changed(lines, line, longer));
      return line;
    },
    says: 'is not what the commit has in the repository',
  },
  {
    given: 'a judge that passed over a landing',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.signed);
      always(copy, lines.toSpliced(line - 1, 1));
      return lineOf(copy.lines('record'), 'verdict', copy.refused);
    },
    says: 'and the next change of the policy on the branch is',
  },
  {
    given: 'a refusal by hand that nobody typed',
    file: 'record.jsonl',
    change: (copy) => {
      copy.rewrite(
        'ledger',
        copy.lines('ledger').filter(({ type }) => type !== 'refuse'),
      );
      return lineOf(copy.lines('record'), 'verdict', copy.byHand);
    },
    says: 'somebody refused it by hand, and no line of ledger.jsonl says so',
  },
  {
    given: 'a policy at start that is not the one in the repository',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lines.findIndex((one) => one['type'] === 'start') + 1;
      const looser = (one: Line): Line => JSON.parse(JSON.stringify(one).replace('"approvals":1', '"approvals":0')) as Line;
      always(copy, changed(lines, line, looser));
      return line;
    },
    says: 'is not what the commit has in the repository',
  },
  {
    given: 'a signature swapped in the record, from the beginning',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'signed', copy.signed);
      always(
        copy,
        changed(lines, line, (one) => withSignature(one, swapped)),
      );
      return line;
    },
    says: '1 signature is kept, and 0 count',
  },
  {
    given: 'a signature swapped in the ledger',
    file: 'ledger.jsonl',
    change: (copy) => {
      const lines = copy.lines('ledger');
      const line = lineOf(lines, 'signed', copy.signed);
      copy.rewrite(
        'ledger',
        changed(lines, line, (one) => withSignature(one, swapped)),
      );
      return line;
    },
    says: 'it is not what line',
  },
  {
    given: 'a content that is not what its digest says',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lines.findIndex((one) => one['type'] === 'content') + 1;
      always(
        copy,
        changed(lines, line, (one) => ({ ...one, base64: 'AAAA' })),
      );
      return line;
    },
    says: 'what it holds has the digest',
  },
  {
    given: 'a ledger that says more than signatures give',
    file: 'ledger.jsonl',
    change: (copy) => {
      const lines = copy.lines('ledger');
      const line = lines.findLastIndex((one) => one['type'] === 'verified') + 1;
      const more = { path: grantPath('mallory'), until: 'open' };
      copy.rewrite(
        'ledger',
        changed(lines, line, (one) => ({ ...one, windows: [...(one['windows'] as object[]), more] })),
      );
      return line;
    },
    says: 'signatures give',
  },
  {
    given: 'a branch that does not have the last landing',
    file: 'record.jsonl',
    change: (copy) => {
      writeFileSync(join(copy.folder, 'copy.git/refs/heads/main'), `${copy.signed}\n`);
      return (
        copy.lines('record').findIndex((one) => one['commit'] === copy.refused && one['type'] !== 'seen' && one['type'] !== 'signed') + 1
      );
    },
    says: 'is not on the first-parent chain of the branch',
  },
  {
    given: 'a verdict on a commit that nobody made',
    file: 'record.jsonl',
    change: (copy) => {
      const lines = copy.lines('record');
      const line = lineOf(lines, 'verdict', copy.signed);
      const nowhere = 'ab'.repeat(20);
      always(
        copy,
        lines.map((one) => JSON.parse(JSON.stringify(one).replaceAll(copy.signed, nowhere)) as Line),
      );
      return line;
    },
    says: 'ab'.repeat(20),
  },
];
