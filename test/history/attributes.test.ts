import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hidesPolicy } from '../../src/history/attributes.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe('given an attributes file at the root', () => {
  it.each([
    '* -diff',
    '*.yaml -diff',
    '*.YAML -diff',
    '*.y[a]ml -diff',
    '*.yam? -diff',
    '*l -diff',
    'policy.yaml -diff',
    'policy/** binary',
    '/policy/** binary',
    'policy/grants/*/*.yaml gitlab-generated',
    'p*/x.yaml linguist-generated',
    '**/grants/** linguist-generated=true',
    '*/*.yaml diff=secret',
    '*.yaml\tfilter=lfs',
    '*.yaml text -diff',
    '  *.yaml -diff',
    '* working-tree-encoding=UTF-16',
    '* encoding=UTF-7',
    '* -text',
    '"*.yaml" -diff',
    '"pol\\151cy/**" -diff',
    '[attr]quiet -diff',
    '\uFEFF*.yaml -diff',
    '*.png binary\r\n*.yaml -diff\r\n',
    '# a comment\n\n*.yaml -diff',
  ])('when it says %j, then it hides', (text) => {
    expect(hidesPolicy(bytes(text), 'policy', '')).toBe(true);
  });

  it.each([
    '',
    '\n\n# * -diff\n',
    '* text=auto',
    '*.yaml text eol=lf',
    '*.yaml diff',
    '*.yaml !diff',
    '*.yaml -linguist-generated',
    '*.yaml linguist-generated=false gitlab-generated=false',
    '*.yaml linguist-language=YAML whitespace=-trailing-space merge=union',
    '*.png binary',
    '*.min.js -diff linguist-generated',
    '*.[pj][np]g binary',
    'package-lock.json -diff',
    'docs/** -diff',
    '/vendor/** linguist-generated',
    'docs/*.yaml -diff',
    'policy-old/** -diff',
    'policy/ -diff',
    '*.yaml',
  ])('when it says %j, then it is harmless', (text) => {
    expect(hidesPolicy(bytes(text), 'policy', '')).toBe(false);
  });

  it('when one harmful line stands among harmless ones, then it hides, wherever it stands', () => {
    const harmless = fc.array(fc.constantFrom('*.png binary', '# yes', '', '* text=auto', 'docs/** -diff'));
    fc.assert(
      fc.property(harmless, harmless, (before, after) => {
        expect(hidesPolicy(bytes([...before, ...after].join('\n')), 'policy', '')).toBe(false);
        expect(hidesPolicy(bytes([...before, 'policy/** -diff', ...after].join('\n')), 'policy', '')).toBe(true);
      }),
    );
  });
});

describe('given an attributes file elsewhere', () => {
  it.each([
    { where: 'policy', text: 'grants/** -diff', hides: true },
    { where: 'policy', text: '*.png binary', hides: false },
    { where: 'policy/grants/a', text: '* binary', hides: true },
    { where: 'policy/grants/a', text: '/b.yaml binary', hides: true },
    { where: 'docs', text: '* binary', hides: false },
    { where: 'pol', text: '* binary', hides: false },
    { where: 'policy2', text: '* binary', hides: false },
  ])('when $text stands in $where, then hiding is $hides', ({ where, text, hides }) => {
    expect(hidesPolicy(bytes(text), 'policy', where)).toBe(hides);
  });

  it.each([
    { where: 'access', text: 'policy/** -diff', hides: true },
    { where: 'access', text: 'access/policy/** -diff', hides: false },
    { where: '', text: 'access/** -diff', hides: true },
    { where: '', text: 'access/other/** -diff', hides: false },
    { where: 'access/other', text: '* -diff', hides: false },
  ])('when $text stands in "$where" above a deeper policy folder, then hiding is $hides', ({ where, text, hides }) => {
    expect(hidesPolicy(bytes(text), 'access/policy', where)).toBe(hides);
  });

  it('when the policy is the whole repository, then every attributes file reaches it', () => {
    expect(hidesPolicy(bytes('docs/** -diff'), '', '')).toBe(true);
    expect(hidesPolicy(bytes('* -diff'), '', 'docs')).toBe(true);
  });
});

describe('given an attributes file that is no text', () => {
  it.each([
    { given: 'no regular file', content: undefined },
    { given: 'bytes that are not UTF-8', content: Uint8Array.from([0x2a, 0xff]) },
    { given: 'a NUL', content: bytes('*.png binary\0') },
  ])('when it is $given, then it hides', ({ content }) => {
    expect(hidesPolicy(content, 'policy', '')).toBe(true);
  });
});
