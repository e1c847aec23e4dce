// From what is thrown to what a checkup can judge: silence and a no are answers of their own.
import { known, type Answer } from './doctor.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';

export async function asked<Value>(ask: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return known(await ask());
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unanswered', reason: error.message };
    if (error instanceof Unusable || error instanceof Misuse) return { kind: 'refused', reason: error.message };
    throw error;
  }
}
