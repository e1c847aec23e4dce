// Where the reader of the record stands.

/** Which record, how far (its lines, and the SHA-256 of the last one), and the byte after the last line that was taken. */
export interface Taken {
  readonly id: string;
  readonly head: { readonly count: number; readonly hash: string };
  readonly offset: number;
}
