// The rules at start, which everything else rests on: root says what they are.
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/digest.ts';
import { rulesAtStart } from '../../src/judge/starting.ts';
import { commitId, type Files } from '../support/memory-branch.ts';
import { bob, first, grant, Host, members, TestJudge, verdicts } from './branch-host.ts';

describe('given rules at start that root has pinned', () => {
  const other = `sha256:${'0'.repeat(64)}`;
  const messages = ({ problems }: { problems: readonly { code: string; message: string }[] }) =>
    problems.map(({ code, message }) => [code, message]);

  it('when they are those, then all is judged as ever; otherwise nothing is, also where the record began before', async () => {
    const host = new Host();
    const pinned = await rulesAtStart(host.branch, commitId(0), 'policy');
    expect(pinned).toBe(sha256(lines(first)));
    const refused = await host.run(new TestJudge(), commitId(0), 'policy', other);
    expect([refused.policy, messages(refused)]).toEqual([
      undefined,
      [['policy-unusable', expect.stringContaining(`have the digest ${pinned}`)]],
    ]);
    expect(members(await host.run(new TestJudge(), commitId(0), 'policy', pinned))).toEqual(['alice']);
    host.branch.push({ ...first, [bob]: grant('2026-11-25') });
    const later = await host.run(new TestJudge(), commitId(0), 'policy', other);
    expect([members(later), verdicts(later)]).toEqual([['alice'], []]);
    expect(members(await host.run(new TestJudge(), commitId(0), 'policy', pinned))).toEqual(['alice', 'bob']);
  });

  /** As `sha256sum` and `sort` make them. */
  function lines(files: Files): string {
    const rules = Object.entries(files).filter(([path]) => !path.includes('/grants/'));
    return rules
      .map(([path, text]) => `100644 ${sha256(text)} ${path}\n`)
      .sort()
      .join('');
  }
});
