// A process of its own that appends to the ledger in its first argument until it is killed or an append fails.
// It prints one line for every append that was promised, so that the test can hold the ledger to it.
import { writeSync } from 'node:fs';
import { openLedger } from '../../src/chain/open.ts';
import { Unavailable } from '../../src/errors.ts';

const [folder = '', size = '100'] = process.argv.slice(2);
const ledger = openLedger(folder);
if (ledger.kind === 'broken') throw new Error(ledger.message);
const appender = ledger.appender();
try {
  for (let round = 1; ; round++) {
    await appender.append(
      Array.from({ length: 1 + (round % 3) }, (_, part) => ({ kind: 'test', round, part, text: 'x'.repeat(Number(size)) })),
    );
    writeSync(1, `${appender.head.count}\n`);
  }
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  writeSync(1, `${error.system}\n`);
}
