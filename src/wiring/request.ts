import type { Invocation } from '../cli.ts';
import { Misuse } from '../failures.ts';
import type { Printed } from './commands.ts';
import type { Process } from './host.ts';

export function runRequest(_invocation: Invocation, _process: Process): Promise<Printed> {
  throw new Misuse('not yet');
}
