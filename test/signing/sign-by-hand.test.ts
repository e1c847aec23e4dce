// Two implementations of the digests of a statement: muster's, and a script for a shell, git and sha256sum, which signs as well.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sshFingerprint } from '../../src/digest.ts';
import { signByHand } from '../../src/signing/sign-by-hand.ts';
import { readSigned } from '../../src/signing/carried.ts';
import { verifyBy } from '../../src/signing/ssh-keygen.ts';
import type { Content, ContentChange } from '../../src/signing/signed-change.ts';
import { printStatement } from '../../src/signing/statement.ts';
import { renderHistory, type FileChange } from '../support/fast-import.ts';
import { makeKey, temporaryFolder } from './keys.ts';
import { change, place, rulesFiles, uid } from './signing-world.ts';
import { at, statement } from './statements.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
const repository = join(folder, 'access.git');
const script = join(folder, 'sign.sh');
writeFileSync(script, signByHand);
mkdirSync(repository);
const git = (args: readonly string[], input?: Buffer) => execFileSync('git', ['-C', repository, ...args], { input, encoding: 'utf8' });
git(['init', '-q', '--bare']);
const key = makeKey(folder, 'key');

const names = fc.array(fc.constantFrom('a', 'Z', '0', ' ', '-', '"', '\\', 'é', '日', '\t'), { minLength: 1, maxLength: 12 });
const paths = names.map((letters) => `policy/grants/klaxon-users/${letters.join('')}.yaml`);
const contents: fc.Arbitrary<Content> = fc.record({
  mode: fc.constantFrom('100644', '100644', '100755', '120000'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});
/** What each landing makes of some files: another content, or none. */
const landings = fc.array(fc.dictionary(paths, fc.option(contents, { freq: 3 }), { minKeys: 20, maxKeys: 40 }), {
  minLength: 50,
  maxLength: 50,
});

type Tree = ReadonlyMap<string, Content>;

/** The changes of each landing, whose commits are `:1`, `:2`, … */
function history(all: readonly Readonly<Record<string, Content | null>>[]): readonly (readonly ContentChange[])[] {
  let tree: Tree = new Map();
  return all.map((files) => {
    const after = new Map(tree);
    const changes = Object.entries(files).flatMap(([path, content]): ContentChange[] => {
      const before = tree.get(path);
      const isSame = before && content && before.mode === content.mode && Buffer.compare(before.bytes, content.bytes) === 0;
      if (isSame || (!before && !content)) return [];
      if (content) after.set(path, content);
      else after.delete(path);
      return [{ path, ...(before && { before }), ...(content && { after: content }) }];
    });
    tree = after;
    return changes;
  });
}

function imported(rules: Tree, all: readonly (readonly ContentChange[])[]): readonly string[] {
  const entry = ({ mode, bytes }: Content): FileChange => ({ mode, content: Buffer.from(bytes) });
  const first = Object.fromEntries([...rules].map(([path, content]) => [path, entry(content)]));
  const commits = [
    first,
    ...all.map((changes) => Object.fromEntries(changes.map(({ path, after }) => [path, after ? entry(after) : null]))),
  ];
  const person = { author: 'Alice <alice@example.org>', message: 'x', ref: 'refs/heads/main', seconds: 0 };
  const stream = renderHistory(commits.map((files, index) => ({ ...person, files, parents: index === 0 ? [] : [`:${index}`] })));
  return git(['fast-import', '--quiet'], stream).trim().split('\n');
}

describe('given a thousand random changes', () => {
  const rules = rulesFiles();
  const [sample = []] = fc.sample(landings, { numRuns: 1, seed: 18 });
  const changes = history(sample);
  const commits = imported(rules, changes);

  async function agree(from: number, to: number): Promise<void> {
    for (let index = from; index < to; index++) {
      const of = change(changes[index] ?? [], rules);
      const text = printStatement(statement({ ...place, rules: of.rulesDigest, changes: of.stated, effects: of.effectsAt(at) }));
      const named = join(folder, `statement-${index}`);
      writeFileSync(named, text);
      const { stdout } = await run('sh', [script, named, commits[index] ?? '', commits[index + 1] ?? '', 'policy', join(folder, 'key')], {
        cwd: repository,
      });
      const [read] = readSigned(stdout, at, sshFingerprint);
      if (read?.kind !== 'valid') throw new Error(read?.message ?? stdout);
      expect(read.signed.text).toBe(text);
      if (index === 0) expect(verifyBy({ path: process.env['PATH'] ?? '' })(read.signed, key.key)).toBe(true);
    }
  }

  it('when the script works them out, then it finds what muster says, and signs it', async () => {
    expect(changes.flat().length).toBeGreaterThan(1000);
    // Most of the time goes to starting programs: half of the landings at a time.
    const half = changes.length / 2;
    await Promise.all([agree(0, half), agree(half, changes.length)]);
  });

  it('when the statement says anything else, then the script says so and signs nothing', async () => {
    const of = change(changes[0] ?? [], rules);
    const lie = join(folder, 'lie');
    for (const other of [{ rules: `sha256:${'0'.repeat(64)}` }, { changes: of.stated.slice(1) }]) {
      writeFileSync(
        lie,
        printStatement(statement({ rules: of.rulesDigest, changes: of.stated, effects: [], signer: uid('alice'), ...other })),
      );
      const failed = await run('sh', [script, lie, commits[0] ?? '', commits[1] ?? '', 'policy', join(folder, 'key')], {
        cwd: repository,
      }).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^[<>] (?:rules|[+~-]) /m) });
    }
  });

  it('when somebody reads how it is done, then the page has this script', () => {
    expect(readFileSync('docs/signing.md', 'utf8')).toContain(`\`\`\`sh\n${signByHand}\`\`\`\n`);
  });
});
