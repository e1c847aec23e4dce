// What judging remembers of the signatures on its own record, so as to keep nothing twice and to know what is used up.
import { expect, it } from 'vitest';
import { instant } from '../../src/names.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { SigningMemory } from '../../src/signing/judge-statements.ts';
import { changeLines } from '../../src/signing/statement.ts';
import { hour } from '../../src/time.ts';
import { change, commit, grant, known, seen, sign } from './signing-world.ts';
import { ep1c, landing, rulesLines } from './record-lines.ts';

const lines = changeLines(change([ep1c]).stated).join('\n');
const told = (digit: string, firstSeen: ReturnType<typeof instant> | null): readonly JudgingRecord[] =>
  landing([ep1c], [sign('alice', change([ep1c]))], { digit, firstSeen });

it('given contents, rules and statements on record, then they are known, each by its own name, from line to line', () => {
  const memory = new SigningMemory();
  const records: JudgingRecord[] = [...rulesLines()];
  memory.follow(records);
  const { rulesDigest, stated } = change([ep1c]);
  expect([...memory.rulesFiles]).toEqual([rulesDigest]);
  expect(memory.contents.size).toBe(2);
  records.push(...told('1', seen), { type: 'statements-seen', at: seen, statements: ['sha256:one', 'sha256:two'] });
  expect(memory.follow(records).contents.has(known(stated[0]?.after).sha256)).toBe(true);
  expect([...memory.seen]).toEqual([
    ['sha256:one', seen],
    ['sha256:two', seen],
  ]);
  expect(memory.contents.size).toBe(3);
});

it('given landings with the same lines, then the last that was seen has used statements up, but not for itself, and not for other lines', () => {
  const later = instant(seen + hour);
  const other: readonly JudgingRecord[] = landing([grant('hoo')], [], { digit: '4' });
  const memory = new SigningMemory().follow([...told('1', seen), ...told('2', later), ...told('3', null), ...other]);
  const usedFor = (digit: string) => memory.earlier(lines, commit(digit)).get(lines);
  expect(usedFor('5')).toMatchObject({ commit: commit('2'), firstSeen: later });
  expect(usedFor('2')).toMatchObject({ commit: commit('1'), firstSeen: seen });
  expect([...known(usedFor('1')).texts]).toEqual([sign('alice', change([ep1c])).text]);
  expect(memory.earlier('other lines', commit('5')).size).toBe(0);
});

it('given a landing that nobody saw, then it has used up what was signed until it came on record', () => {
  const memory = new SigningMemory().follow(told('1', null));
  expect(memory.earlier(lines, commit('2')).get(lines)).toMatchObject({ firstSeen: seen });
});
