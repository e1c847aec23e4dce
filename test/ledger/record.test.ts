import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/ledger/record.ts';
import { rules } from '../evidence/evidence-samples.ts';

/** What records are made of: JSON, and maps and sets in it, at any depth. Keys that the encoding itself uses are among them. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('map', 'set', 'object', 'toJSON', 'constructor')), tie('value'), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    fc.uniqueArray(fc.tuple(fc.string(), tie('value')), { maxLength: 3, selector: ([key]) => key }).map((pairs) => new Map(pairs)),
    fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }).map((values) => new Set(values)),
  ),
}));

function throughJson(one: unknown): unknown {
  return decode(JSON.parse(JSON.stringify(encode(one))));
}

describe('a value in the ledger', () => {
  it('what is written is read back as it was', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(throughJson(one)).toEqual(one);
      }),
    );
  });

  it('what is encoded is JSON and nothing else', () => {
    fc.assert(
      fc.property(value, (one) => {
        const encoded = encode(one);
        expect(JSON.parse(JSON.stringify(encoded))).toEqual(encoded);
      }),
    );
  });

  it.each([
    { given: 'a map', one: new Map([['a', 1]]), gives: { map: [['a', 1]] } },
    { given: 'a set', one: new Set([1, 2]), gives: { set: [1, 2] } },
    { given: 'an object that looks like a map', one: { map: [] }, gives: { object: [['map', []]] } },
    { given: 'an object that looks like such an object', one: { object: [['a', 1]] }, gives: { object: [['object', [['a', 1]]]] } },
    { given: 'an object with more than that', one: { map: [], set: 1 }, gives: { map: [], set: 1 } },
  ])('given $given, then it is written as $gives', ({ one, gives }) => {
    expect(encode(one)).toEqual(gives);
    expect(throughJson(one)).toEqual(one);
  });

  it('given the rules of a policy, then they come back whole', () => {
    expect(throughJson(rules())).toEqual(rules());
  });

  it('given a key that is the prototype’s, then no prototype is touched', () => {
    const read = decode(JSON.parse('{"object":[["__proto__",{"uid":"mallory"}]]}'));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect('uid' in {}).toBe(false);
  });
});
