import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPolicyFolder, readPolicyFolder } from '../../src/policy/folder.ts';
import { readPolicy } from '../../src/policy/parser.ts';
import { check } from '../../src/check/check.ts';
import { instant } from '../../src/names.ts';
import { largestFile } from '../../src/policy/policy.ts';
import { Misuse } from '../../src/errors.ts';

const now = instant(Date.UTC(2026, 10, 23, 12));

describe('given a copy of the samples', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'muster-folder-'));
    cpSync('policy', join(root, 'policy'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function put(path: string, content: string | Uint8Array = 'reason: x\n'): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  function told(): readonly string[] {
    const { folder, files, findings } = readPolicyFolder('policy', root);
    return check(readPolicy(files, folder), { now, found: findings }).findings.map(({ code, path }) => `${code} ${path}`);
  }

  it('when nothing was changed, then all is in order', () => {
    expect(told()).toEqual([]);
    expect(readPolicyFolder('policy', root).files.map(({ path }) => path)).toEqual([
      'policy/grants/klaxon-users/hoo.yaml',
      'policy/grants/klaxon-users/urbanecm.yaml',
      'policy/groups/klaxon-users.yaml',
      'policy/groups/stewards.yaml',
      'policy/policy.yaml',
    ]);
  });

  it('when a file is a link, a pipe or a link to a folder, then none of them is read', () => {
    symlinkSync('urbanecm.yaml', join(root, 'policy/grants/klaxon-users/mallory.yaml'));
    symlinkSync('klaxon-users', join(root, 'policy/grants/stewards'));
    execFileSync('mkfifo', [join(root, 'policy/grants/klaxon-users/pipe.yaml')]);
    expect(told()).toEqual([
      'not-a-file policy/grants/klaxon-users/mallory.yaml',
      'not-a-file policy/grants/klaxon-users/pipe.yaml',
      'not-a-file policy/grants/stewards',
    ]);
  });

  it('when names have other letters, then each is a finding', () => {
    put('policy/grants/klaxon-users/Alice.yaml');
    put('policy/grants/klaxon-users/\u0430lice.yaml');
    put('policy/grants/klaxon-users/a\nb.yaml');
    put(`policy/grants/klaxon-users/${'a'.repeat(65)}.yaml`);
    expect(told().map((line) => line.split(' ')[0])).toEqual(['bad-path', 'bad-path', 'bad-path', 'bad-path']);
  });

  it.each([
    { name: 'Alice.yaml', fix: 'Rename it to alice.yaml: names are lower case.' },
    { name: 'UID.yaml', fix: 'Rename it: the uid of the person stands in place of UID.' },
    { name: 'alice@example.org.yaml', fix: 'Rename it after the uid of the person, which is no mail address.' },
    { name: 'Alice B.yaml', fix: 'Rename it: names are lower-case ASCII, at most 64 letters.' },
  ])('when a file is called $name, then the finding says what to call it', ({ name, fix }) => {
    put(`policy/grants/klaxon-users/${name}`);
    expect(readPolicyFolder('policy', root).findings).toMatchObject([{ code: 'bad-path', fix }]);
  });

  it('when a file name is not UTF-8, then it is a finding', () => {
    execFileSync('sh', ['-c', 'touch "$(printf "a\\377.yaml")"'], { cwd: join(root, 'policy/groups') });
    expect(told()).toEqual(['bad-path policy/groups/a\ufffd.yaml']);
  });

  it('when files lie elsewhere or too deep, then they are unexpected', () => {
    put('policy/.gitattributes');
    put('policy/groups/notes.txt');
    put('policy/grants/klaxon-users/old/alice.yaml');
    expect(told()).toEqual([
      'unexpected-file policy/.gitattributes',
      'unexpected-file policy/grants/klaxon-users/old',
      'unexpected-file policy/groups/notes.txt',
    ]);
  });

  it('when a file is as large as allowed, then it is read; one byte more, then not', () => {
    const start = 'reason: x\nuntil: 2026-12-01\ncontact: irc\nunderstood: 2026-11-01\n#';
    put('policy/grants/klaxon-users/alice.yaml', start.padEnd(largestFile, 'x'));
    expect(told()).toEqual([]);

    put('policy/grants/klaxon-users/alice.yaml', start.padEnd(largestFile + 1, 'x'));
    expect(told()).toEqual(['too-large policy/grants/klaxon-users/alice.yaml']);
  });

  it('when it is called from inside the folder, or from elsewhere, then paths begin there, or at the folder', () => {
    expect(readPolicyFolder('.', join(root, 'policy')).folder).toBe('');
    expect(readPolicyFolder(join(root, 'policy'), '/').folder).toBe(join(root, 'policy').slice(1));
    expect(readPolicyFolder(join(root, 'policy'), join(root, 'policy/groups')).folder).toBe('policy');
  });

  it.each([
    { given: 'the folder itself', directory: 'policy', from: '', gives: 'policy' },
    { given: 'what holds it, such as the top of a clone', directory: '.', from: '', gives: 'policy' },
    { given: 'nothing, from inside it', directory: 'policy', from: 'policy', gives: '.' },
    { given: 'a folder that holds neither', directory: 'nowhere', from: '', gives: 'nowhere' },
    { given: 'a folder that holds neither, from inside it', directory: 'nowhere', from: 'policy', gives: 'nowhere' },
  ])('when somebody names $given, then $gives is checked', ({ directory, from, gives }) => {
    expect(findPolicyFolder(directory, join(root, from))).toBe(gives);
  });

  it('when a policy without its policy.yaml has a folder with another one, then that is not checked in its place', () => {
    cpSync('policy', join(root, 'policy/policy'), { recursive: true });
    rmSync(join(root, 'policy/policy.yaml'));
    expect(findPolicyFolder('policy', root)).toBe('policy');
  });

  it.each(['policy/grants', 'policy/groups', 'policy/grants/klaxon-users', './policy/grants/'])(
    'when only %s of it is named, then the folder that was meant is told',
    (part) => {
      expect(() => findPolicyFolder(part, root)).toThrow('as in: muster check policy');
      expect(findPolicyFolder('policy/other', root)).toBe('policy/other');
    },
  );

  it('when there is no such folder, then it is misuse', () => {
    expect(() => readPolicyFolder('nowhere', root)).toThrow(Misuse);
    expect(() => readPolicyFolder('policy/policy.yaml', root)).toThrow(Misuse);
  });
});
