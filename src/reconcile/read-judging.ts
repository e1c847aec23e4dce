// What judging left for converging, as it lies there now.
import { join } from 'node:path';
import type { Memory } from '../ledger/memory.ts';
import type { Now } from '../record/now.ts';
import { largestNow, parseNow } from '../record/now-file.ts';
import { begunAnewIn, ownerOf, readForeignText, type Foreign } from '../record/other-half.ts';
import { readRecordPiece } from '../record/read-record.ts';
import type { JudgingSeen } from './take.ts';

interface Places {
  readonly state: string;
  readonly judged: string;
}

export function readJudging({ state, judged }: Places, { taken }: Memory): JudgingSeen {
  const owner = ownerOf(judged);
  // What judging saw comes first: what it records meanwhile is then beyond that, and not the other way round.
  const now = owner === undefined ? absent : readNow(join(judged, 'now.json'), owner);
  const piece = owner === undefined ? absent : readRecordPiece(join(judged, 'record.jsonl'), owner, taken);
  return { now, piece, begunAnew: readBegunAnew(state) };
}

const absent = { kind: 'absent' } as const;

function readNow(path: string, owner: number): Foreign<Now | undefined> {
  const found = readForeignText(path, owner, largestNow);
  return found.kind === 'read' ? { kind: 'read', content: parseNow(found.content) } : found;
}

function readBegunAnew(state: string): string | undefined {
  const owner = ownerOf(state);
  const found = owner === undefined ? absent : readForeignText(begunAnewIn(state), owner, 100);
  return found.kind === 'read' ? /^([0-9a-f]{32})\n$/.exec(found.content)?.[1] : undefined;
}
