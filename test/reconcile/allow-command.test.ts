// What root says by hand for judging to read, written by one half and read by the other.
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeDistrusted, writeRefusedByHand } from '../../src/reconcile/allow-command.ts';
import { readDistrusted, readRefusedByHand } from '../../src/record/by-hand.ts';
import { instant } from '../../src/names.ts';
import { commit, uid } from '../evidence/evidence-samples.ts';
import { inNewFolder } from '../support/new-folder.ts';

let state: string;
beforeEach(() => inNewFolder((made) => (state = made)));

const said = { at: instant(10), reason: 'Laptop stolen.', by: 'root' };
const fingerprint = `SHA256:${'k'.repeat(43)}`;
const always = instant(0);

describe('given a person whose signatures count no more', () => {
  it('when it was said of two keys and again of one of them, then judging reads each once', () => {
    const all = { ...said, person: uid('alice'), since: instant(5) };
    writeDistrusted(state, all);
    writeDistrusted(state, { ...all, fingerprint });
    writeDistrusted(state, { ...all, fingerprint, reason: 'Once more.' });
    writeDistrusted(state, { ...all, since: instant(4) });
    expect(readDistrusted(state)).toHaveLength(3);
    expect(readDistrusted(state)).toContainEqual(expect.objectContaining({ person: 'alice', since: instant(5), fingerprint }));
  });

  it.each([
    { given: 'is cut', spoil: (file: string) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 30)) },
    { given: 'is of an unknown shape', spoil: (file: string) => writeFileSync(file, '{"format":2}') },
    { given: 'is about somebody else', spoil: (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('alice', 'bob')) },
    {
      given: 'is a link',
      spoil: (file: string) => {
        rmSync(file);
        symlinkSync('/dev/zero', file);
      },
    },
  ])('when the file $given, then whom its name names is distrusted from the beginning', ({ spoil }) => {
    spoil(writeDistrusted(state, { ...said, person: uid('alice'), fingerprint, since: instant(5) }));
    expect(readDistrusted(state)).toEqual([{ person: 'alice', since: always, at: always }]);
  });
});

describe('given nothing that was said by hand', () => {
  it('when judging reads, then there is nothing, with folders or without', () => {
    expect([readDistrusted(state), readRefusedByHand(state).size]).toEqual([[], 0]);
    writeRefusedByHand(state, { ...said, commit: commit('a') });
    expect([readDistrusted(state), readRefusedByHand(state)]).toEqual([[], new Map([[commit('a'), 'Laptop stolen., by root']])]);
    expect(readdirSync(state)).toEqual(['refused']);
  });
});
