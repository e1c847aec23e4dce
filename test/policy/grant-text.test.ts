import fc from 'fast-check';
import { expect, it } from 'vitest';
import { renderGrantText } from '../../src/policy/grant-text.ts';
import { parseGrant } from '../../src/policy/parser.ts';

function read(text: string): unknown {
  const parsed = parseGrant({ path: 'policy/grants/klaxon-users/urbanecm.yaml', bytes: new TextEncoder().encode(text) }, 'policy');
  return parsed.kind === 'valid' ? parsed.value : parsed.findings.map(({ code }) => code);
}

it('says the values in one order, quoted only where YAML needs it', () => {
  const text = renderGrantText({ until: '2026-12-07', contact: '007', reason: 'a: b # c', ticket: 'T1' });
  expect(text).toBe('reason: "a: b # c"\nticket: T1\ncontact: "007"\nuntil: 2026-12-07\n');
});

it('changes what is asked in a file that is there, and leaves comments and the rest', () => {
  const before = '# why\nreason: "an old: one"\ncontact: irc # at night\nuntil: 2026-12-07 # UTC\n';
  expect(renderGrantText({ reason: 'new', until: '2026-12-30', understood: '2026-11-01' }, before)).toBe(
    '# why\nreason: new\ncontact: irc # at night\nuntil: 2026-12-30 # UTC\nunderstood: 2026-11-01\n',
  );
});

it('is read back by the strict reader as what was given, or not read at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (reason) => {
      const back = read(renderGrantText({ reason, contact: '@all', until: '2026-12-07' }));
      if (!Array.isArray(back))
        expect(back).toMatchObject({ reason: reason.trim() === reason ? reason : expect.any(String), contact: '@all' });
    }),
  );
});

it.each(['no', 'null', '1e3', '*alias', '&anchor', '!tag', '- x', '{a: b}', "it's", '"quoted"', '/approve', '<<', '%YAML 1.1'])(
  'keeps %s as text',
  (reason) => {
    expect(read(renderGrantText({ reason, until: '2026-12-07' }))).toMatchObject({ reason });
  },
);
