import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { freeText, list, map, uid } from '../../src/policy/scalars.ts';
import { quoted } from '../../src/policy/yaml-problems.ts';
import { readStrictYaml } from '../../src/policy/strict.ts';

const schema = map({ reason: freeText, people: v.exactOptional(list(uid, '[alice]')), inner: v.exactOptional(map({ depth: freeText })) });

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function read(text: string) {
  return readStrictYaml({ path: 'a.yaml', bytes: bytesOf(text) }, schema);
}

/** Code and place of every finding, as in `alias 1:9`; `fine` when there is none. */
function told(text: string): string {
  const result = read(text);
  return result.kind === 'valid' ? 'fine' : result.findings.map(({ code, line, column }) => `${code} ${line}:${column}`).join(', ');
}

describe('scalars are text', () => {
  it.each(['no', 'null', '~', '1e3', '007', '0x1F', '2026-11-23', '.inf', 'true'])(
    'given %s, when it is read, then it is that text',
    (text) => {
      const result = read(`reason: ${text}\n`);
      expect(result.kind === 'valid' && result.value.value.reason).toBe(text);
    },
  );

  it.each(['no', 'null', '1e3', '007', 'h2o', '_x'])('given the uid %s in a list, then it is that uid', (text) => {
    const result = read(`reason: x\npeople: [${text}]\n`);
    expect(result.kind === 'valid' && result.value.value.people).toEqual([text]);
  });

  it('given words of other scripts in a free text and in a comment, then they are kept', () => {
    const result = read('# так\nreason: Über die Änderung, Привет\n');
    expect(result.kind === 'valid' && result.value.value.reason).toBe('Über die Änderung, Привет');
  });

  it('given a text over several lines, then it is one value', () => {
    const result = read('reason: |\n  First.\n  Second.\n');
    expect(result.kind === 'valid' && result.value.value.reason).toBe('First.\nSecond.');
  });
});

describe('features of YAML that hide what a file says', () => {
  it.each([
    { given: 'a YAML 1.1 directive', text: '%YAML 1.1\n---\nreason: x\n', gives: 'directive 1:1' },
    { given: 'a directive after an end mark', text: 'reason: x\n...\n%YAML 1.1\n---\nreason: y\n', gives: 'directive 3:1' },
    { given: 'a second document', text: 'reason: x\n---\nreason: y\n', gives: 'several-documents 2:1' },
    { given: 'an anchor', text: 'reason: &a x\n', gives: 'anchor 1:12' },
    { given: 'an anchor of nothing', text: 'reason: &a\n', gives: 'anchor 1:11' },
    { given: 'an alias', text: 'reason: x\npeople: [*a]\n', gives: 'alias 2:10' },
    { given: 'an alias as a key', text: '? *a\n: x\n', gives: 'bad-key 1:3' },
    { given: 'a tag', text: 'reason: !!str x\n', gives: 'tag 1:15' },
    { given: 'a tag of its own', text: 'reason: !mine x\n', gives: 'tag 1:15' },
    { given: 'a tag that says nothing', text: 'reason: ! x\n', gives: 'tag 1:11' },
    { given: 'a tag of a list', text: 'people: !!seq [alice]\n', gives: 'tag 1:15' },
    { given: 'a tag of a key', text: '!!str reason: x\n', gives: 'tag 1:7' },
    { given: 'a tag of the whole', text: '!!map\nreason: x\n', gives: 'tag 2:1' },
    { given: 'a merge key', text: 'reason: x\n<<: y\n', gives: 'merge-key 2:1' },
    { given: 'a key twice', text: 'reason: x\nreason: y\n', gives: 'duplicate-key 2:1' },
    { given: 'a key twice, once in quotes', text: 'reason: x\n"reason": y\n', gives: 'duplicate-key 2:1' },
    { given: 'a key twice in a flow map', text: 'reason: x\ninner: { depth: a, depth: b }\n', gives: 'duplicate-key 2:20' },
    { given: 'a list as a key', text: '? [reason]\n: x\n', gives: 'bad-key 1:3' },
    { given: '__proto__ as a key', text: 'reason: x\n__proto__: { uid: mallory }\n', gives: 'unknown-key 2:1' },
    { given: 'constructor as a key', text: 'reason: x\ninner: { constructor: y }\n', gives: 'unknown-key 2:10' },
    { given: 'a tab', text: 'reason:\tx\n', gives: 'tab 1:8' },
    { given: 'CR LF', text: 'reason: x\r\n', gives: 'line-end 1:10' },
    { given: 'NEL', text: 'reason: x\u0085y\n', gives: 'line-end 1:10' },
    { given: 'U+2028', text: 'reason: x\u2028y\n', gives: 'line-end 1:10' },
    { given: 'a byte order mark', text: '\ufeffreason: x\n', gives: 'byte-order-mark 1:1' },
    { given: 'a right-to-left override', text: 'reason: x\u202ey\n', gives: 'hidden-character 1:10' },
    { given: 'an isolate in a comment', text: 'reason: x # \u2066y\n', gives: 'hidden-character 1:13' },
    { given: 'a zero-width space', text: 'reason: x\u200by\n', gives: 'hidden-character 1:10' },
    { given: 'a trailing no-break space', text: 'reason: x\u00a0\n', gives: 'hidden-character 1:10' },
    { given: 'an invisible letter', text: 'reason: x\u3164\n', gives: 'hidden-character 1:10' },
    { given: 'NUL', text: 'reason: x\0\n', gives: 'hidden-character 1:10' },
    { given: 'DEL', text: 'reason: x\x7f\n', gives: 'hidden-character 1:10' },
    { given: 'an override made by an escape', text: 'reason: "x\\u202e"\n', gives: 'hidden-character 1:9' },
    { given: 'a NUL made by an escape, in a key', text: '"reason\\0": x\n', gives: 'hidden-character 1:1' },
    { given: 'a Cyrillic letter in a name', text: 'reason: x\npeople: [\u0430lice]\n', gives: 'bad-uid 2:10' },
    { given: 'a Cyrillic letter in a key', text: 'r\u0435ason: x\n', gives: 'unknown-key 1:1' },
    { given: 'nothing', text: '', gives: 'empty-file 1:1' },
    { given: 'only a comment', text: '# soon\n', gives: 'empty-file 1:1' },
    { given: 'a list where keys belong', text: '- reason\n', gives: 'wrong-type 1:1' },
    { given: 'a word where keys belong', text: 'reason\n', gives: 'wrong-type 1:1' },
    { given: 'a value left out', text: 'reason:\n', gives: 'empty-value 1:8' },
    { given: 'no YAML', text: 'reason: "x\n', gives: 'syntax 2:1' },
    { given: 'a uid twice', text: 'reason: x\npeople: [alice, alice]\n', gives: 'repeated 2:17' },
    { given: 'a uid in capitals', text: 'reason: x\npeople: [Alice]\n', gives: 'bad-uid 2:10' },
  ])('given $given, then it is refused where it stands', ({ text, gives }) => {
    expect(told(text)).toBe(gives);
  });

  it('given a __proto__ key, when the file was read, then no object has learnt anything', () => {
    read('reason: x\n__proto__: { uid: mallory }\nconstructor: { prototype: { uid: mallory } }\n');
    expect(Reflect.get({}, 'uid')).toBeUndefined();
  });

  it('given bytes that are not UTF-8, then the finding stands at the first of them', () => {
    const result = readStrictYaml({ path: 'a.yaml', bytes: Uint8Array.from([...bytesOf('reason: é'), 0xff]) }, schema);
    expect(result).toMatchObject({ kind: 'invalid', findings: [{ code: 'not-utf8', line: 1, column: 10 }] });
  });

  it('given letters beyond the basic plane before a finding, then each counts as one column', () => {
    expect(told('reason: 𝔘𝔫\u200b\n')).toBe('hidden-character 1:11');
  });

  it('given a key that nearly is one, then the finding names the one that was meant', () => {
    const result = read('resaon: x\n');
    expect(result).toMatchObject({
      findings: [{ code: 'unknown-key', message: '"resaon" is not a key that muster knows here', fix: 'Did you mean "reason"?' }],
    });
  });
});

describe('slips that people make', () => {
  it.each([
    { given: 'no blank after a colon', text: 'reason:x\npeople: [a]\n', line: 1, words: /Write "key: value", with a blank/ },
    { given: 'no blank further below', text: 'reason: x\npeople:a\ninner: {}\n', line: 2, words: /with a blank after the colon/ },
    { given: 'the frame of the example', text: '```yaml\nreason: x\n```\n', line: 1, words: /Delete the lines of three backticks/ },
    { given: 'an @ at the beginning', text: 'reason: @alice on chat\n', line: 1, words: /a text cannot begin with "@".*in quotes/ },
    { given: 'a colon in a text', text: 'reason: see: below\n', line: 1, words: /a second ": ".*in quotes/ },
  ])('given $given, then the finding says what to write, in words of the file', ({ text, line, words }) => {
    const result = read(text);
    if (result.kind === 'valid') throw new Error('it is valid');
    expect(result.findings).toMatchObject([{ code: 'syntax', line }]);
    expect(`${result.findings[0].message} ${result.findings[0].fix}`).toMatch(words);
    expect(result.findings[0].message).not.toMatch(/implicit|scalar|plain value/i);
  });
});

describe('laws', () => {
  it('no bytes make the reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 100 }).map(bytesOf)), (bytes) => {
        expect(['valid', 'invalid']).toContain(readStrictYaml({ path: 'a.yaml', bytes }, schema).kind);
      }),
    );
  });

  it('no disturbance of a good file makes the reader throw, and what it accepts has a reason', () => {
    const good = 'reason: a text   # and why\npeople: [alice, bob]\ninner: { depth: "some" }\n';
    const pieces = fc.constantFrom(
      '&a ',
      '*a',
      '!!x ',
      '<<: ',
      '\t',
      '---\n',
      '[',
      '}',
      '"',
      "'",
      '|',
      '>',
      ': ',
      '- ',
      '? ',
      '#',
      '%',
      '\n',
      '\\u202e',
      '__proto__: ',
      '\u200d',
      'é',
    );
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(8), pieces, (at, cut, piece) => {
        const result = read(good.slice(0, at) + piece + good.slice(at + cut));
        if (result.kind === 'valid') expect(result.value.value.reason).not.toBe('');
        else for (const { line, column } of result.findings) expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('the order of keys does not matter', () => {
    const lines = ['reason: a text', 'people: [alice, bob]', 'inner: { depth: some }'];
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: 3 }), (shuffled) => {
        const [result, expected] = [read(`${shuffled.join('\n')}\n`), read(`${lines.join('\n')}\n`)];
        expect(result.kind === 'valid' && result.value.value).toEqual(expected.kind === 'valid' && expected.value.value);
      }),
    );
  });

  it('given a good file, then every key can be found again', () => {
    const result = read('# why\nreason: x\npeople:\n  - alice\n  - bob\n');
    if (result.kind === 'invalid') throw new Error('the file is good');
    expect([['reason'], ['people', 1], ['inner'], []].map((key) => result.value.at(key))).toEqual([
      { line: 2, column: 9 },
      { line: 5, column: 5 },
      { line: 2, column: 1 },
      { line: 2, column: 1 },
    ]);
  });
});

describe('what messages repeat of a file', () => {
  it.each([
    { text: 'a\n"b" \u202e', gives: '"a\\n\\"b\\" \\u{202e}"' },
    { text: 'J\u00f6rg…', gives: '"J\u00f6rg…"' },
    { text: '\u0430lice \u00d7\u00a0', gives: '"\\u{430}lice \u00d7\\u{a0}"' },
    { text: 'x'.repeat(100), gives: `"${'x'.repeat(60)}…"` },
    { text: 'ldaps://user:secret@host/', gives: '"ldaps://[hidden]@host/"' },
  ])('given $text, then it is one short line that hides nothing but passwords', ({ text, gives }) => {
    expect(quoted(text)).toBe(gives);
  });
});
