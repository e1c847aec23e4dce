// What the result codes of LDAP (RFC 4511, appendix A) mean to the people who run muster: who must do what.
import { ResultCodeError } from 'ldapts';
import { DirectoryUnusable } from '../errors.ts';
import { plain } from '../text.ts';

export const resultCode = {
  noSuchAttribute: 16,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  busy: 51,
  unavailable: 52,
  objectClassViolation: 65,
  /** RFC 4528, section 3. */
  assertionFailed: 122,
} as const;

const advice: Readonly<Record<number, string>> = {
  3: 'it stopped at its time limit (3): its administrator has to raise the limit for this account',
  4: 'it stopped at its size limit (4): its administrator has to let this account read by pages, or raise the limit',
  8: 'it wants a stronger bind (8): configure another way to bind',
  10: 'it is a replica that refers to another server (10): configure the server that takes writes',
  11: 'it stopped at an administrative limit (11): its administrator has to raise the limit for this account',
  12: 'it does not know a control that safe changes need (12): assertion (RFC 4528) and post-read (RFC 4527); its administrator has to provide them',
  13: 'it wants an encrypted connection (13): use ldaps or start-tls',
  19: 'the change breaks a constraint of the directory (19), such as memberof-dangling error or an overlay; its administrator has to say which',
  21: 'a value of member is not a DN the directory accepts (21): look at the spelling of the members and of empty-group',
  32: 'there is no such entry, or this account may not see it (32): its administrator has to create it or grant the right to read it',
  34: 'the name is not a DN the directory accepts (34): correct the configuration',
  49: 'it does not accept the name or the password (49), or the account is locked: put the right credentials in place',
  50: 'the account has no right to do that (50): its administrator has to grant it',
  53: 'it is unwilling (53): it may be read-only, or a policy forbids it; its administrator has to say which',
  65: 'the object class does not allow that (65): a groupOfNames must keep one member, so its administrator has to allow the placeholder that empty-group names',
};

const longestWords = 200;

/** What a server said no with, as a sentence that goes on after "the directory …: ", and its own words where it has any (diagnosticMessage). */
export function renderRefusal({ code, message }: ResultCodeError): string {
  const said = advice[code] ?? `it answered with result code ${code}; its log says more`;
  // ldapts puts the code behind it. Text that others write: one short line.
  const words = plain(message.replace(/ ?Code: 0x[0-9a-f]+$/i, '')).trim();
  return words === '' ? said : `${said}. The server says: ${JSON.stringify(words.slice(0, longestWords))}`;
}

export function hasResultCode(error: unknown, code: number): boolean {
  return error instanceof ResultCodeError && error.code === code;
}

/** The answer, or what `refusal` makes of a no. */
export function answered<Answer>(answer: Promise<Answer>, asked: string): Promise<Answer> {
  return answer.catch((error: unknown) => {
    throw refusal(error, asked);
  });
}

/** The server answered and said no: a `DirectoryUnusable` that says what was asked. Any other error is handed back as it came. */
export function refusal(error: unknown, asked: string): unknown {
  if (!(error instanceof ResultCodeError)) return error;
  return new DirectoryUnusable(`the directory did not ${asked}: ${renderRefusal(error)}`, { cause: error });
}
