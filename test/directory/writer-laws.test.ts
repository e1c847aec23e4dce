// What the writer makes of a change, whatever the server refuses of it: against a group that a few lines stand in for.
import {
  ConstraintViolationError,
  InsufficientAccessError,
  NoSuchAttributeError,
  ObjectClassViolationError,
  TypeOrValueExistsError,
  type Change,
} from 'ldapts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directoryWriter, type ModifyLimits } from '../../src/directory/writer.ts';
import type { EmptyGroup } from '../../src/directory/layout.ts';
import type { GroupChange, MemberValue } from '../../src/directory/directory.ts';
import { dn, dnKey } from '../../src/names.ts';
import { group } from './open-directory.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
const value = (name: string): MemberValue => ({ dn: dn(`uid=${name}`), key: dnKey(`uid=${name}`) });
const limits: ModifyLimits = { additions: 3, removals: 5, bytes: 1000, refusals: 64 };
const nobody = dn('cn=nobody');

function changeOf(before: readonly string[], after: readonly string[], placeholder: boolean, needsValue = true): GroupChange {
  return {
    group: {
      kind: 'group',
      group: group('klaxon'),
      dn: dn('cn=klaxon'),
      revision: '',
      needsValue,
      attribute: 'member',
      unwritten: [],
      members: before.map(value),
      placeholder,
    },
    add: after.filter((name) => !before.includes(name)).map(value),
    remove: before.filter((name) => !after.includes(name)).map(value),
  };
}

interface Step {
  readonly remove: readonly string[];
  readonly add: readonly string[];
}

/** A group as a server keeps it: each modify whole or not at all. `refuses`: values that a constraint keeps out, `keeps`: that nobody may take out. */
function keeping(values: readonly string[], needsValue: boolean, refuses: ReadonlySet<string>, keeps: ReadonlySet<string> = new Set()) {
  let held = new Set(values);
  const steps: Step[] = [];
  const states: ReadonlySet<string>[] = [];
  const modify = async (_group: string, changes: readonly Change[]): Promise<void> => {
    const next = new Set(held);
    const step = { remove: [] as string[], add: [] as string[] };
    for (const { operation, modification } of changes) {
      for (const text of modification.values.map(String)) {
        if (operation === 'delete' && keeps.has(text)) throw new InsufficientAccessError('');
        if (operation === 'delete' && !next.delete(text)) throw new NoSuchAttributeError('');
        if (operation === 'add' && next.has(text)) throw new TypeOrValueExistsError('');
        if (operation === 'add' && refuses.has(text)) throw new ConstraintViolationError('no such guest');
        if (operation === 'add') next.add(text);
        step[operation === 'delete' ? 'remove' : 'add'].push(text);
      }
    }
    if (needsValue && next.size === 0) throw new ObjectClassViolationError('');
    held = next;
    steps.push(step);
    states.push(next);
  };
  return { modify, steps, states, held: () => held };
}

const membership = fc.subarray(names);
const placeholders = fc.constantFrom<EmptyGroup>('empty-dn', 'no-member', nobody);

describe('the modifies of a change', () => {
  it('turn the group that was read into the one that is wanted, removals first, and whatever is refused holds up nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        membership,
        membership,
        membership,
        fc.option(fc.constantFrom(...names)),
        fc.boolean(),
        fc.boolean(),
        placeholders,
        async (before, after, bad, stuck, ...more) => {
          const [needsValue, hadPlaceholder, emptyGroup] = more;
          const placeholder = emptyGroup === nobody ? nobody : '';
          const hasPlaceholder = hadPlaceholder || (needsValue && before.length === 0);
          const values = [...before.map((name) => `uid=${name}`), ...(hasPlaceholder ? [placeholder] : [])];
          const refused = new Set(bad.map((name) => `uid=${name}`));
          const stays = stuck !== null && before.includes(stuck) && !after.includes(stuck) ? [stuck] : [];
          const server = keeping(values, needsValue, refused, new Set(stays.map((name) => `uid=${name}`)));
          const change = changeOf(before, after, hasPlaceholder, needsValue);
          const outcome = await directoryWriter(server, { emptyGroup }, limits).apply(change);
          const wanted = [...after.filter((name) => before.includes(name) || !bad.includes(name)), ...stays].map((name) => `uid=${name}`);
          const held = [...server.held()].filter((text) => text !== placeholder).sort();
          // Only the last one of a group that must have one, may hold nobody and gets nobody stays.
          const cannotEmpty = needsValue && emptyGroup === 'no-member' && !hasPlaceholder && wanted.length === 0 && before.length > 0;
          if (cannotEmpty) expect(held).toHaveLength(1);
          else expect(held).toEqual(wanted.sort());
          const isAll = change.add.every(({ dn: text }) => !refused.has(text)) && !cannotEmpty && stays.length === 0;
          expect(outcome.kind).toBe(isAll ? 'done' : 'refused');
          const firstAddition = server.steps.findIndex(({ add }) => add.some((text) => text !== placeholder));
          const later = server.steps.slice(firstAddition + 1).flatMap(({ remove }) => remove);
          if (firstAddition >= 0) expect(later.filter((text) => text !== placeholder)).toEqual([]);
        },
      ),
    );
  });

  it.each([
    {
      given: 'one out and one in',
      before: ['a', 'b'],
      after: ['b', 'c'],
      placeholder: false,
      gives: [
        { remove: ['uid=a'], add: [] },
        { remove: [], add: ['uid=c'] },
      ],
    },
    { given: 'the last member out', before: ['a'], after: [], placeholder: false, gives: [{ remove: ['uid=a'], add: [''] }] },
    { given: 'the first member in', before: [], after: ['a'], placeholder: true, gives: [{ remove: [''], add: ['uid=a'] }] },
    {
      given: 'the last out beside a placeholder',
      before: ['a'],
      after: [],
      placeholder: true,
      gives: [{ remove: ['uid=a'], add: [] }],
    },
    { given: 'nothing to change', before: ['a'], after: ['a'], placeholder: true, gives: [] },
    {
      given: 'everybody exchanged where nothing may stand for nobody',
      before: ['a'],
      after: ['d', 'e'],
      placeholder: false,
      emptyGroup: 'no-member' as const,
      gives: [{ remove: ['uid=a'], add: ['uid=d', 'uid=e'] }],
    },
    {
      given: 'a class that needs no value',
      before: ['a'],
      after: [],
      placeholder: false,
      needsValue: false,
      gives: [{ remove: ['uid=a'], add: [] }],
    },
  ])(
    'given $given, then they are these',
    async ({ before, after, placeholder, emptyGroup = 'empty-dn' as const, needsValue = true, gives }) => {
      const values = [...before.map((name) => `uid=${name}`), ...(placeholder ? [''] : [])];
      const server = keeping(values, needsValue, new Set());
      await directoryWriter(server, { emptyGroup }, limits).apply(changeOf(before, after, placeholder, needsValue));
      expect(server.steps).toEqual(gives);
    },
  );

  it('given one value that is refused for ever, then it is named, with the words of the server', async () => {
    const server = keeping(['uid=a'], true, new Set(['uid=c']));
    const outcome = await directoryWriter(server, { emptyGroup: 'empty-dn' }, limits).apply(changeOf(['a'], ['a', 'b', 'c', 'd'], false));
    expect(outcome).toMatchObject({ kind: 'refused', message: expect.stringMatching(/put "uid=c" into cn=klaxon: .*"no such guest"/) });
    expect([...server.held()].sort()).toEqual(['uid=a', 'uid=b', 'uid=d']);
  });

  it.each(['empty-dn', 'no-member'] as const)(
    'given an only member that may not be taken out, with %s, then the others come in',
    async (emptyGroup) => {
      const server = keeping(['uid=a'], true, new Set(), new Set(['uid=a']));
      const outcome = await directoryWriter(server, { emptyGroup }, limits).apply(changeOf(['a'], ['b', 'c'], false));
      expect(outcome).toMatchObject({ kind: 'refused', message: expect.stringContaining('take "uid=a" out of cn=klaxon') });
      expect([...server.held()].sort()).toEqual(['uid=a', 'uid=b', 'uid=c']);
    },
  );

  it('given several that are refused for one reason, then they are named together', async () => {
    const server = keeping(['uid=a'], true, new Set(['b', 'c', 'd', 'e', 'f', 'g'].map((name) => `uid=${name}`)));
    const outcome = await directoryWriter(server, { emptyGroup: 'empty-dn' }, limits).apply(changeOf(['a'], ['a', ...'bcdefgh'], false));
    expect(outcome).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(
        /^the directory refused to put "uid=b", "uid=c", "uid=d", "uid=e", "uid=f" and 1 more into cn=klaxon: .*\(1 of 7/,
      ),
    });
  });

  it('given a server that refuses everything, then it does not ask once for each value', async () => {
    let asked = 0;
    const modify = async () => {
      asked += 1;
      throw new ConstraintViolationError('');
    };
    const many = Array.from({ length: 5000 }, (_, index) => `p${index}`);
    await directoryWriter({ modify }, { emptyGroup: 'empty-dn' }).apply(changeOf(['a'], ['a', ...many], false));
    expect(asked).toBeLessThan(200);
  });

  it('given long DNs, then no modify is larger than a message may be', async () => {
    const long = names.map((name) => name.repeat(100));
    const server = keeping([...long.map((name) => `uid=${name}`), ''], true, new Set());
    await directoryWriter(server, { emptyGroup: 'empty-dn' }, { ...limits, bytes: 400 }).apply(changeOf(long, [], true));
    expect(server.steps.map(({ remove }) => remove.length)).toEqual([3, 3, 3, 3]);
  });
});
