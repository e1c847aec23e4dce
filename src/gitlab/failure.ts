// How a call to GitLab fails. What did not answer is `Unavailable`; these two are answers.

/** GitLab answered, and the answer was no: 401, 403, 404, 409, … or a redirect, which is never followed. */
export class Declined extends Error {
  override readonly name = 'Declined';
  readonly status: number;
  /** It is the token that may not do this, whoever its account is; one with `granular` scopes by what is ticked in it. */
  readonly lacks: 'scope' | 'permission' | undefined;
  /** Of a redirect, the number of the project that it leads to. */
  readonly movedTo: number | undefined;

  constructor(request: string, status: number, lacks?: Declined['lacks'], movedTo?: number) {
    super(`GitLab answers ${status} to ${request}${lacks === undefined ? '' : words[lacks]}`);
    this.status = status;
    this.lacks = lacks;
    this.movedTo = movedTo;
  }
}

const words = {
  scope: ': the token lacks the scope for it',
  permission:
    ': the token is a fine-grained one and lacks the permission for it; make one with the scope read_api (to write notes: api) instead',
} as const;

/** GitLab answered 200, and not with what it documents: HTML, cut short, or with another type in a field. */
export class Malformed extends Error {
  override readonly name: string = 'Malformed';

  constructor(request: string, detail: string) {
    super(`GitLab's answer to ${request} cannot be used: ${detail}`);
  }
}

/** An answer larger than what is read of one. People can make a list long, so it is asked for again in smaller pieces. */
export class TooLong extends Malformed {
  override readonly name: string = 'TooLong';
}
