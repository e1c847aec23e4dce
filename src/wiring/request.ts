import type { Invocation } from '../cli.ts';
import { Misuse } from '../failures.ts';
import type { Printed } from './commands.ts';
import type { Caller } from './host.ts';

export function runRequest(_invocation: Invocation, _process: Caller): Promise<Printed> {
  throw new Misuse('not yet');
}
