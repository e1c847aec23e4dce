import { describe, expect, it } from 'vitest';
import { refusalCodes, type RefusalCode } from '../../src/record/policy-state.ts';
import { renderPending, renderRefusal, renderRemedy, renderWayBack } from '../../src/review/refusals.ts';
import { hostile, inert } from '../reconcile/run-samples.ts';

const codes = [...refusalCodes].sort();

describe('why a change is not in force', () => {
  it('all the words, for people to read through', async () => {
    const page = codes.map((code) => `${code}\n  ${renderRefusal({ code, detail: 'DETAIL' }, 'gitlab')}\n`).join('');
    await expect(page).toMatchFileSnapshot('../golden/refusals.txt');
  });

  it('and what the note on a merged one says to do, for people to read through', async () => {
    const page = codes
      .map(
        (code) =>
          `${code}\n${renderRemedy(code)
            .map((step) => `  - ${step}\n`)
            .join('')}`,
      )
      .join('');
    await expect(page).toMatchFileSnapshot('../golden/remedies.txt');
    for (const code of codes) for (const step of renderRemedy(code)) expect(step).toMatch(/^[A-Z].*\.$/);
  });

  it.each(codes)('given %s, then it says what is wrong, the detail, and what to do next', (code) => {
    const [, what, next] = /^(.+) \(DETAIL\)\. (.+)$/.exec(renderRefusal({ code, detail: 'DETAIL' }, 'gitlab')) ?? [];
    expect(what).toMatch(/^[a-z].{20}/);
    expect(next).toMatch(/^(?:1\. )?[A-Z].{20}.*\.$/);
  });

  it('the words of no two codes are the same', () => {
    expect(new Set(codes.map((code) => renderRefusal({ code, detail: '' }, 'gitlab'))).size).toBe(codes.length);
  });

  it('given a change upon one that does not count, then to revert it is no way: the file is put back, and what is wanted comes anew', () => {
    const told = renderRefusal({ code: 'dirty', detail: 'x' }, 'gitlab');
    expect(told).toMatch(/Put the file back as it was when it last counted, .* in a new merge request/);
    expect(told).not.toContain('"Revert"');
  });

  it.each<RefusalCode>(['no-approval', 'no-merge-request', 'not-bound'])(
    'given %s, then the four steps of the way back are told',
    (code) => {
      expect(renderRefusal({ code, detail: 'x' }, 'gitlab')).toContain(renderWayBack('gitlab'));
    },
  );

  it('given a detail made to deceive a terminal, then it stays on its line', () => {
    for (const code of codes) expect(renderRefusal({ code, detail: hostile }, 'gitlab')).toMatch(inert);
  });
});

describe('why a change is not in force where no evidence is asked for', () => {
  it('all the words, for people to read through', async () => {
    const page = codes.map((code) => `${code}\n  ${renderRefusal({ code, detail: 'DETAIL' }, 'none')}\n`).join('');
    await expect(page).toMatchFileSnapshot('../golden/refusals-without-evidence.txt');
  });

  it.each(codes)('given %s, then nobody is sent to a GitLab that is not there, nor to somebody who approves', (code) => {
    const [, next] = /\(DETAIL\)\. (.+)$/.exec(renderRefusal({ code, detail: 'DETAIL' }, 'none')) ?? [];
    expect(next).toMatch(/^(?:1\. )?[A-Z].{20}.*\.$/);
    expect(next).not.toMatch(/GitLab|merge request|"Revert"|approved/);
  });

  it.each<RefusalCode>(['mixed', 'dirty', 'unreadable', 'refused-by-hand'])('given %s, then the way back is two commits', (code) => {
    expect(renderRefusal({ code, detail: 'x' }, 'none')).toContain(renderWayBack('none'));
  });
});

describe('why a change waits', () => {
  it('given GitLab’s silence, then it says that nobody gains meanwhile', () => {
    expect(renderPending({ code: 'gitlab-unavailable', detail: 'GitLab did not answer' })).toBe(
      'GitLab did not answer. muster asks again at every run; until then the change has no effect.',
    );
  });

  it('given a change behind another, then it says so', () => {
    expect(renderPending({ code: 'waits-for-earlier', detail: hostile })).toBe(
      'an earlier change waits for its verdict; this one is judged after it.',
    );
  });

  it('given a detail made to deceive a terminal, then it stays on its line', () => {
    expect(renderPending({ code: 'gitlab-unavailable', detail: hostile })).toMatch(inert);
  });
});
