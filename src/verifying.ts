// What converging starts for groups that must be signed: what signatures bring into force, from the lines that it hands over. It has no network, no
// git and no credential, and reads nothing but its standard input.
import { readFileSync } from 'node:fs';
import { exitStatus } from './status.ts';
import { answerQuestion } from './signing/verify-answer.ts';

try {
  process.stdout.write(answerQuestion(readFileSync(0), process.env['PATH'] ?? ''));
} catch (error) {
  process.stderr.write(`verifying signatures: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitStatus.unavailable;
}
