import { readFileSync } from 'node:fs';
import { Attribute, Change, ResultCodeError } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dnKeyOf, foldText, isWithin, uidOf } from '../../src/directory/distinguished-names.ts';
import { dnKey } from '../../src/names.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

type Verdict = 'equal' | 'different' | 'left is no DN' | 'right is no DN';

interface Pair {
  readonly left: string;
  readonly right: string;
  /** What slapd 2.5 says of the two. */
  readonly gives: Verdict;
  /** What the keys say where they differ from it: letters and spaces that no uid has. */
  readonly keysGive?: Verdict;
}

const pairs: readonly Pair[] = JSON.parse(readFileSync(new URL('./dn-vectors.json', import.meta.url), 'utf8'));

function verdict(left: string, right: string): Verdict {
  const keys = [dnKeyOf(left), dnKeyOf(right)];
  if (keys[0] === undefined) return 'left is no DN';
  if (keys[1] === undefined) return 'right is no DN';
  return keys[0] === keys[1] ? 'equal' : 'different';
}

describe('the key of a DN', () => {
  it.each(pairs)('given $left and $right, then slapd and the keys say: $gives', ({ left, right, gives, keysGive }) => {
    expect(verdict(left, right)).toBe(keysGive ?? gives);
  });

  it('given all pairs, then the keys differ from slapd in three known ones', () => {
    expect(pairs).toHaveLength(53);
    expect(pairs.filter(({ keysGive }) => keysGive !== undefined)).toHaveLength(3);
  });

  it.each([
    'uid',
    'uid=',
    '=a',
    ',',
    'uid=a,',
    'uid=a,,dc=b',
    'uid=a+',
    'uid="a',
    'uid="a"b',
    'uid=a\\',
    'uid=a\\z',
    'uid=\\C3',
    'uid=a"b',
    'uid=a<b',
    'u d=a',
    '1.2.3=a',
    'uid=a\\4',
    '+uid=a',
  ])('given %s, then there is none', (text) => {
    expect(dnKeyOf(text)).toBeUndefined();
  });

  it('given values that hold separators, then they are not taken for two values', () => {
    const texts = ['cn=a\\,cn\\=b', 'cn=a,cn=b', 'cn=a+sn=b', 'cn=a\\+sn=b', 'cn=a\\\\,cn=b'];
    expect(new Set(texts.map(dnKeyOf)).size).toBe(texts.length);
  });
});

describe('the uid in a DN', () => {
  const base = dnKey('ou=people,dc=wikimedia,dc=org');

  it.each([
    { text: 'uid=alice,ou=people,dc=wikimedia,dc=org', gives: 'alice' },
    { text: 'UID=Alice, OU=People, dc=wikimedia,dc=org', gives: 'alice' },
    { text: 'uid=a,ou=people,dc=wikimedia,dc=org', gives: 'a' },
    { text: 'uid=alice,ou=old,ou=people,dc=wikimedia,dc=org', gives: 'alice' },
    { text: 'uid=alice,ou=groups,dc=wikimedia,dc=org', gives: undefined },
    { text: 'cn=alice,ou=people,dc=wikimedia,dc=org', gives: undefined },
    { text: 'uid=alice+cn=x,ou=people,dc=wikimedia,dc=org', gives: 'alice' },
    { text: 'uid=alice+cn=Doe\\, A,ou=people,dc=wikimedia,dc=org', gives: 'alice' },
    { text: 'cn=x\\,uid=bob+uid=alice,ou=people,dc=wikimedia,dc=org', gives: 'alice' },
    { text: 'cn=x\\+uid=bob,ou=people,dc=wikimedia,dc=org', gives: undefined },
    { text: 'uid=alice\\,x,ou=people,dc=wikimedia,dc=org', gives: undefined },
    { text: 'uid=x y,ou=people,dc=wikimedia,dc=org', gives: undefined },
    { text: 'ou=people,dc=wikimedia,dc=org', gives: undefined },
    { text: 'uid=xou=people,dc=wikimedia,dc=org', gives: undefined },
  ])('given $text, then it is $gives', ({ text, gives }) => {
    const key = dnKeyOf(text);
    expect(key && uidOf(key, base)).toBe(gives);
  });

  it('given a base, then only it and what stands under it is within', () => {
    expect(isWithin(dnKey('ou=people,dc=wikimedia,dc=org'), base)).toBe(true);
    expect(isWithin(dnKey('uid=a,ou=people,dc=wikimedia,dc=org'), base)).toBe(true);
    expect(isWithin(dnKey('ou=otherou=people,dc=wikimedia,dc=org'), base)).toBe(false);
  });
});

it.each([
  ['  Alice   B ', 'alice b'],
  ['Ａbc', 'abc'],
  ['\u00A0x', 'x'],
  [' ', ' '],
  ['Σας', 'σας'],
])('given the text "%s", then it compares as "%s"', (text, folded) => {
  expect(foldText(text)).toBe(folded);
});

describe('given a slapd with a group', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ groups: { klaxon: [] } });
  });
  afterAll(() => slapd.stop());

  /** slapd's own word: 20 when both are stored at once, 21 for what is no DN. */
  async function verdictOfSlapd(left: string, right: string): Promise<Verdict> {
    return slapd.withClient(async (client) => {
      const store = async (values: string[]) => {
        try {
          await client.modify(
            slapd.groupDn('klaxon'),
            new Change({ operation: 'replace', modification: new Attribute({ type: 'member', values }) }),
          );
          return 0;
        } catch (error) {
          return error instanceof ResultCodeError ? error.code : -1;
        }
      };
      if ((await store([left])) === 21) return 'left is no DN';
      if ((await store([right])) === 21) return 'right is no DN';
      return (await store([left, right])) === 20 ? 'equal' : 'different';
    });
  }

  const more: readonly (readonly [string, string])[] = [
    ['uid=alice,ou=people,dc=wikimedia,dc=org', 'UID=Alice , OU=People;dc=WIKIMEDIA,dc=org'],
    ['cn=a\\,b,dc=org', 'cn="a,b",dc=org'],
    ['cn=a,dc=org', 'cn=a"b,dc=org'],
    ['cn=a,dc=org', 'cn=a<b,dc=org'],
    ['cn=a,dc=org', 'cn=a\\zb,dc=org'],
    ['cn=a,dc=org', 'cn="a"b,dc=org'],
    ['cn=\u00C5ngstr\u00F6m,dc=org', 'cn=A\u030Angstrom,dc=org'],
    ['cn=a+sn=b,dc=org', 'sn=B+cn=A,dc=org'],
    ['employeeNumber=A1,dc=org', 'employeenumber=a1,dc=org'],
    ['cn=a#,dc=org', 'cn=#,dc=org'],
  ];
  it.each(more)('when it is asked about %s and %s, then it agrees with the keys', async (left, right) => {
    expect(verdict(left, right)).toBe(await verdictOfSlapd(left, right));
  });
});
