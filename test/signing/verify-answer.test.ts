// The program that verifies signatures, asked again and again: each answer takes so many, and those that were found good are not asked about again.
import { describe, expect, it } from 'vitest';
import type { EvidenceLine } from '../../src/record/judging-record.ts';
import { answerQuestion } from '../../src/signing/verify-answer.ts';
import { parseAnswer, renderQuestion } from '../../src/signing/verify-question.ts';
import { change, commit, grant, known, sign } from './signing-world.ts';
import { klaxon, landing, start, terms, verified } from './record-lines.ts';

describe('given more signatures than one answer takes', () => {
  const lines = [
    ...start,
    ...['ep1c', 'hoo', 'xaosflux'].flatMap((name, place) => {
      const of = grant(name);
      return landing([of], [sign('bob', change([of]))], { digit: String(place + 1) });
    }),
  ];
  const ask = (checked: readonly string[], most: number) =>
    known(parseAnswer(answerQuestion(renderQuestion({ ...terms, lines, checked }), process.env['PATH'] ?? '', most)));

  it('when it is asked again with those that it found good, then it goes on from there, and gives nothing before the end', () => {
    const first = ask([], 2);
    expect([first.verified, first.checked.length]).toEqual([null, 2]);
    const second = ask(first.checked, 2);
    expect(second.verified?.windows.map(({ path }) => path)).toEqual(verified(lines).windows.map(({ path }) => path));
    expect([second.verified?.windows.length, second.checked.length]).toEqual([3, 1]);
    // Everything is known by now: ssh-keygen need not be there.
    expect(
      parseAnswer(answerQuestion(renderQuestion({ ...terms, lines, checked: [...first.checked, ...second.checked] }), '/nowhere'))
        ?.verified,
    ).toEqual(second.verified);
  });

  it('when a signature is bad, then it is told, keeps no other from being asked about, and is never among the good', () => {
    const of = grant('ep1c');
    const bad = landing([of], [sign('bob', change([of]), { key: 'bob', sent: (text) => text })]).map((line) =>
      line.type === 'signed'
        ? {
            ...line,
            statements: line.statements.map((one) => ({ ...one, text: one.text.replace(/^until .*$/m, 'until 2026-12-07T11:00:00Z') })),
          }
        : line,
    );
    const asks = (most: number, before: readonly string[] = [], lines: readonly EvidenceLine[] = bad) =>
      known(
        parseAnswer(
          answerQuestion(
            renderQuestion({ ...terms, lines: [...start, ...lines], checked: [], bad: before }),
            process.env['PATH'] ?? '',
            most,
          ),
        ),
      );
    const first = asks(1);
    expect(first).toEqual({ checked: [], bad: [expect.any(String)], verified: { groups: [klaxon], windows: [] } });
    // One that was bad before takes nobody's place, and may turn out to be good.
    const next = landing([grant('hoo')], [sign('bob', change([grant('hoo')]))], { digit: '2' });
    const second = asks(1, first.bad, [...bad, ...next]);
    expect([second.bad, second.checked.length, second.verified?.windows.length]).toEqual([undefined, 1, 1]);
    expect(asks(1, [], [...bad, ...next]).verified).toBe(null);
  });
});

it('given verdicts of any length, then no more of them is asked about than says what is in force', () => {
  const of = landing([grant('ep1c')], []).map((line) => (line.type === 'verdict' ? { ...line, covers: [commit('2')] } : line));
  const [last = ''] = renderQuestion({ ...terms, lines: of, checked: [] })
    .trimEnd()
    .split('\n')
    .slice(-2);
  expect(JSON.parse(last)).toEqual({
    ...{ type: 'verdict', commit: commit('1'), covers: [commit('2')], verdict: { kind: 'endorsed' } },
    delta: { inForce: [['policy/grants/klaxon-users/ep1c.yaml', { until: Date.parse('2026-12-21') }]] },
  });
});

it('given a question that was cut, wherever that was, then there is no answer', () => {
  const whole = renderQuestion({ ...terms, lines: [...start, ...landing([grant('ep1c')], [])], checked: [] });
  expect(parseAnswer(answerQuestion(whole, '/nowhere'))?.verified).toEqual({ groups: [klaxon], windows: [] });
  for (let end = 0; end < whole.length; end += 1)
    if (end % 97 === 0 || whole[end - 1] === '\n')
      expect(() => answerQuestion(whole.slice(0, end), '/nowhere')).toThrow(/cut off|end of JSON/);
});
