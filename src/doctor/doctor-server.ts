// The directory's server in a checkup: what it offers, how it answers long questions, and whether it shows who is locked.
import { advice, error, failed, ok, unknown, type Answer, type Area, type Verdict } from './doctor.ts';
import type { Claim } from '../directory/directory.ts';
import { renderClaim } from '../text.ts';
import { count } from '../time.ts';

const administrator = 'the administrator of this host';
const directoryAdministrator = 'the administrator of the directory';

/** What the server offers (RFC 4512, section 5.1) and how it answers long questions. */
export interface ServerFacts {
  /** A change can be bound to the entry that was read. */
  readonly asserts: boolean;
  /** contextCSN tells that nothing was written. */
  readonly keepsMark: boolean;
  /** Everybody under the people base, counted by pages. */
  readonly people: Answer<number>;
  /** Of those, who carries the uid of somebody else. */
  readonly claims: Answer<readonly Claim[]>;
  /** Of those, whose disabled attribute this account may see; `not-configured` where none is named. */
  readonly disabledVisible: Answer<number> | 'not-configured';
  /** Who has the value that counts as locked. */
  readonly locked: Answer<number>;
}

export const serverArea: Area<ServerFacts> = {
  area: 'Directory server',
  fixer: directoryAdministrator,
  remedy:
    'Where the connection above is an error, that one comes first; otherwise let the account of muster read the root DSE and the people.',
  checks: [
    { code: 'controls', look: ({ asserts }) => [wayOf(asserts)] },
    { code: 'context-csn', look: ({ keepsMark }) => [markOf(keepsMark)] },
    { code: 'size-limit', look: ({ people }) => [pagesOf(people)] },
    { code: 'uid-claims', look: ({ claims }) => claimsOf(claims) },
    { code: 'disabled-attribute', look: (facts) => [disabledOf(facts)] },
  ],
};

function wayOf(asserts: boolean): Verdict {
  if (asserts) return ok('a change is bound to the entry that was read (assertion control and entryCSN)');
  return ok('no assertion control or no entryCSN, as on 389 Directory Server: each value is changed by itself, and asked for afterwards');
}

function markOf(keepsMark: boolean): Verdict {
  if (keepsMark) return ok('contextCSN is kept: a run that finds nothing new reads next to nothing');
  return advice(
    'contextCSN is not kept, so every run reads all groups again',
    directoryAdministrator,
    'Add the overlay syncprov, or leave it: it costs time only.',
  );
}

function pagesOf(people: ServerFacts['people']): Verdict {
  if (people.kind !== 'known') {
    if (people.kind === 'unanswered') return { ...unknown(people.reason), unanswered: true };
    const how = 'Let the account read by pages without a limit (size.prtotal=unlimited): long lists need it.';
    return advice(people.reason, directoryAdministrator, how);
  }
  if (people.value > 0) return ok(`${count(people.value, 'person', 'people')} read by pages`);
  return error(
    'nobody is seen under the people base',
    administrator,
    'Correct directory.people, or have the account see uid of the people.',
  );
}

function claimsOf(claims: ServerFacts['claims']): readonly Verdict[] {
  if (claims.kind !== 'known') return [unknown(claims.reason)];
  if (claims.value.length === 0) return [ok('no entry carries the uid of somebody else')];
  const how = 'Ask whoever the entry belongs to, and take the value away: muster counts the name of an entry and not its values.';
  return claims.value.map((claim) => advice(renderClaim(claim), directoryAdministrator, how, claim.uid));
}

function disabledOf({ people, disabledVisible, locked }: ServerFacts): Verdict {
  if (disabledVisible === 'not-configured')
    return advice(
      'not configured: nobody counts as locked',
      administrator,
      'Add directory.disabled, where the directory marks disabled accounts.',
    );
  if (disabledVisible.kind !== 'known')
    return failed(disabledVisible, { who: administrator, how: 'Correct directory.disabled: until then nobody is looked for.' });
  if (people.kind !== 'known') return unknown('the people could not be counted');
  const hidden = people.value - disabledVisible.value;
  if (hidden > 0)
    return error(
      `of ${count(hidden, 'person', 'people')} this account cannot see whether they are locked`,
      directoryAdministrator,
      'Let the account read and search the attribute of directory.disabled on everybody under the people base.',
    );
  const said = 'this account can see who is locked';
  if (locked.kind !== 'known') return ok(said);
  if (locked.value > 0) return ok(`${said}: ${count(locked.value, 'person', 'people')}`);
  return advice(
    'no account is disabled',
    administrator,
    'If that surprises you, compare directory.disabled with an account that is known to be disabled.',
  );
}
