// Two questions go out at the same time; here they are answered by hand, so that one can fail while the other is still open.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { DirectoryConnection, Question } from '../../src/directory/connection.ts';
import type { DirectoryLayout } from '../../src/directory/layout.ts';
import { findPeople } from '../../src/directory/people.ts';
import { dn, instant } from '../../src/names.ts';
import { Unavailable } from '../../src/errors.ts';
import { people, uid } from './open-directory.ts';

const layout: DirectoryLayout = {
  people: dn(people),
  groups: new Map(),
  emptyGroup: 'empty-dn',
  attributes: new Map(),
  namedBy: 'uid',
  now: instant(0),
  disabled: { attribute: 'pwdPolicySubentry', is: ['cn=disabled'] },
};

it.each([
  { failed: 'who they are', fails: ({ attributes }: Question) => attributes.includes('entryUUID') },
  { failed: 'who is not locked', fails: ({ attributes }: Question) => !attributes.includes('entryUUID') },
])(
  'given a directory that does not answer $failed, when people are asked for, then that is said once nothing is asked any more',
  async ({ fails }) => {
    let open = 0;
    const connection: Pick<DirectoryConnection, 'search'> = {
      search: async (_base, question) => {
        open += 1;
        if (!fails(question)) await pause(50);
        open -= 1;
        if (fails(question)) throw new Unavailable('directory', 'no answer');
        return [];
      },
    };
    const unused = () => {
      throw new Error('not for a handful of people');
    };
    const asked = findPeople(
      { identity: 'u:test', session: 1, isLost: false, ...connection, pages: unused, modify: unused, close: unused },
      layout,
      [uid('alice'), uid('bob')],
    );
    await expect(asked).rejects.toThrow(Unavailable);
    expect(open).toBe(0);
  },
);
