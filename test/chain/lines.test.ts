import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { linesOf } from '../../src/chain/chain.ts';
import { inNewFolder } from '../support/new-folder.ts';

const chunk = 8 * 1024 * 1024;

let folder: string;
beforeEach(() => inNewFolder((made) => (folder = made)));

/** The lengths of the lines, with a minus where the last one is not ended; every byte is compared with what was written. */
function lengthsOf(content: Buffer, upTo = content.length): readonly number[] {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const file = openSync(path, 'r');
  const lengths: number[] = [];
  let position = 0;
  for (const { bytes, ended } of linesOf(file, upTo)) {
    expect(bytes.equals(content.subarray(position, position + bytes.length))).toBe(true);
    lengths.push(ended ? bytes.length : -bytes.length);
    position += bytes.length + 1;
  }
  closeSync(file);
  return lengths;
}

function linesOfLengths(lengths: readonly number[]): Buffer {
  return Buffer.from(lengths.map((length, at) => `${String(at % 10).repeat(length)}\n`).join(''));
}

describe('given a file of lines', () => {
  it.each([
    { given: 'nothing', lengths: [] },
    { given: 'empty lines', lengths: [0, 0, 0] },
    { given: 'a line that ends where a chunk ends', lengths: [chunk - 1, 5] },
    { given: 'a line whose newline begins the next chunk', lengths: [chunk, 5] },
    { given: 'a line longer than a chunk', lengths: [10, chunk + 1, 10] },
    { given: 'lines much longer than a chunk', lengths: [3 * chunk, 0, 5 * chunk + 7, 1] },
    { given: 'many lines over several chunks', lengths: Array.from({ length: 9000 }, (_, at) => at % 701) },
  ])('when it holds $given, then each is given as it stands', ({ lengths }) => {
    expect(lengthsOf(linesOfLengths(lengths))).toEqual(lengths);
  });

  it('when bytes follow the last newline, then they are given as a line that is not ended', () => {
    expect(lengthsOf(Buffer.from('alice\nbo'))).toEqual([5, -2]);
    expect(lengthsOf(Buffer.concat([linesOfLengths([7]), Buffer.alloc(2 * chunk, 'x')]))).toEqual([7, -2 * chunk]);
  });

  it('when only its first bytes are asked for, then nothing after them is given', () => {
    expect(lengthsOf(Buffer.from('alice\nbob\ncarol\n'), 10)).toEqual([5, 3]);
  });

  it('when it has become shorter than asked for, then what is there is given', () => {
    expect(lengthsOf(Buffer.from('alice\n'), 100)).toEqual([5]);
  });
});
