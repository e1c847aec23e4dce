// Grant files of a history, and how people change them.
import { instant, parseGroupName } from '../../src/names.ts';
import * as parser from '../../src/policy/parser.ts';
import type { GrantFile } from '../../src/policy/policy.ts';
import type { Content } from '../../src/signing/signed-change.ts';
import { day, renderInstant } from '../../src/time.ts';
import { file, known } from '../signing/signing-world.ts';

export const group = known(parseGroupName('klaxon-users'));
export const pathOf = (name: string) => `policy/grants/${group}/${name}.yaml`;
export interface Says {
  readonly words: number;
  readonly from?: number;
  readonly until: number;
}

const dayOf = (at: number) => renderInstant(instant(at)).slice(0, 10);

export function textOf({ words, from, until }: Says): Content {
  return file(`reason: Testing ${words}.${from === undefined ? '' : `\nfrom: ${dayOf(from)}`}\nuntil: ${dayOf(until)}`);
}

export function edited(what: string, had: Says | undefined, before: Says | undefined, now: number): Says | null | undefined {
  if (!had) return what === 'add' ? { words: 0, until: now + 10 * day } : what === 'back' ? before : undefined;
  switch (what) {
    case 'longer':
      return { ...had, until: had.until + 10 * day };
    case 'shorter':
      return { ...had, until: had.until - 4 * day };
    case 'words':
      return { ...had, words: had.words + 1 };
    case 'later':
      return { ...had, from: now + 2 * day, until: Math.max(had.until, now + 4 * day) };
    case 'delete':
      return null;
    default:
      return what === 'back' ? before : undefined;
  }
}

export function readGrant(path: string, { bytes }: Content): GrantFile | undefined {
  const read = parser.parseGrant({ path, bytes }, 'policy');
  return read.kind === 'valid' ? read.value : undefined;
}
