// The demo is a test of the whole: every step says itself what must be true. Here it is told once, and compared with what people should read.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begins, steps, type Step } from './steps.ts';
import { tellStory } from './story.ts';

const execute = promisify(execFile);
const temporary = mkdtempSync(join(tmpdir(), 'muster-demo-page-'));
const page = join(temporary, 'report.html');
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

async function told(rows: readonly Step[], colours = false): Promise<{ text: string; differences: readonly string[] }> {
  let text = '';
  const differences = await tellStory(begins, rows, { write: (more) => (text += more), colours, page });
  return { text, differences };
}

/** What differs from run to run or from machine to machine: seconds, digests, commits, ports, and git's words about a server that is down. */
function masked(text: string): string {
  return (
    text
      .replace(/(\d\d:\d\d):\d\d UTC {2}/g, '$1 UTC     ')
      .replace(/(\d\d:\d\d):\d\d UTC/g, '$1 UTC')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replace(page, 'PAGE')
      // Who runs the demo decides where this line breaks.
      .replace(/^ {2}.*: a held set was allowed \(by (?:.*\n {2})*.*$/gm, (lines) =>
        lines.replace(/\n {2}/g, ' ').replace(/\(by .*?\)/, '(by WHOM)'),
      )
      .replace(/^ {2}\/\S+(?=\/revoked\/)/gm, '  STATE')
      .replace(/sha256:[0-9a-f]{64}/g, 'sha256:DIGEST')
      .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, 'HASH')
      .replace(/^PROBLEM {4}git did not answer: .*(?:\n {11}.*)*/gm, 'PROBLEM    git did not answer: …')
  );
}

describe('given the story of the demo', () => {
  let story: Awaited<ReturnType<typeof told>>;
  beforeAll(async () => {
    story = await told(steps);
  });

  it('when it is told, then every step goes as it must', () => {
    expect(story.differences).toEqual([]);
  });

  it('when somebody reads it, then it is the story that was agreed, in lines of at most 100 columns and without colours', async () => {
    expect(story.text.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(story.text).not.toContain('\u001B');
    await expect(masked(story.text)).toMatchFileSnapshot('../golden/demo.txt');
  });

  it('when it is over, then the page tells of everybody who had access, and links to the merge requests', () => {
    const text = readFileSync(page, 'utf8');
    for (const uid of ['martin', 'hoo', 'h2o', 'urbanecm', 'mallory']) expect(text).toMatch(new RegExp(`id="(?:in|was)-[a-z-]*-${uid}"`));
    expect(text).toMatch(/href="http:\/\/127\.0\.0\.1:\d+\/repos\/sre\/access\/-\/merge_requests\/6"/);
    // Written by the program that is compiled ahead: its letters are those of the source.
    expect(text).toMatch(/28 Nov 2026 – 1 Dec 2026/);
  });
});

describe('given somebody who wants to look around when the story is over', () => {
  it('when the world stays, then muster runs in it, at the time of the story, and afterwards it is gone', async () => {
    let shown = '';
    let asked: Awaited<ReturnType<typeof execute>> | undefined;
    const stay = async (muster: string) => {
      shown = muster;
      asked = await execute(muster, ['explain', 'martin']);
    };
    await tellStory(begins, steps.slice(0, 1), { write: () => undefined, colours: false, page, stay });
    expect(asked?.stdout).toContain('approved by alice');
    expect(existsSync(shown)).toBe(false);
  });
});

describe('given a step that expects something else', () => {
  it('when it is told, then status, words and members that differ are named, each with its step', async () => {
    const [first] = steps;
    if (!first) throw new Error('the demo has no steps');
    const { text, differences } = await told(
      [{ ...first, status: 3, says: ['HELD'], holds: { stewards: ['alice'], 'klaxon-users': [] } }],
      true,
    );
    expect(differences).toEqual([
      'step 1: muster ended with status 0 instead of 3',
      'step 1: muster did not say "HELD"',
      expect.stringMatching(/^step 1: stewards holds anticomposite .* instead of alice$/),
      'step 1: klaxon-users holds martin instead of the placeholder',
    ]);
    expect(text).toContain('NOT as it must be:\n  step 1: muster ended with status 0');
    expect(text).toContain('\u001B[31m');
  });
});
