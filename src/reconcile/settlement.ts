// Groups that were in order, kept in the state folder from one run to the next.
import { build } from '../build.ts';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../kept-files.ts';
import type { Configuration } from '../config/configuration.ts';
import * as v from 'valibot';
import { because } from '../record/judging-shapes.ts';
import { commit, dn, group, instant, natural, parseAs, uid, type Shape } from '../record/shapes.ts';
import type { WithheldReason } from '../membership/desired.ts';
import type { SettledRun } from '../membership/settled.ts';
import type { LastSettled } from './survey.ts';
import { sha256 } from '../digest.ts';

const narrowedBy = v.exactOptional(commit);

const reason: Shape<WithheldReason> = v.variant('code', [
  v.strictObject({ code: v.literal('expired'), at: instant, narrowedBy }),
  v.strictObject({ code: v.literal('revoked'), at: v.exactOptional(instant), reason: v.string() }),
  v.strictObject({ code: v.literal('not-yet'), from: instant, narrowedBy }),
  v.strictObject({ code: v.picklist(['unknown-person', 'ambiguous-person', 'identity-changed', 'locked']) }),
]);

const settledRun: Shape<SettledRun> = v.strictObject({
  stamp: v.string(),
  at: instant,
  until: instant,
  groups: v.array(
    v.strictObject({
      kind: v.literal('settled'),
      group,
      dn,
      members: natural,
      withheld: v.array(v.strictObject({ group, uid, reason, because })),
    }),
  ),
});

/** What a run leaves for the next about groups that were in order. A failure costs that one some time, and nothing else. */
export type Settlement = ReturnType<typeof settlementIn>;

const write = v.strictObject({ directory: v.string(), before: v.string() });

/** `head` is that of the ledger, and only what was found at the very same head is believed. */
export function settlementIn(folder: string, configuration: Configuration, head: { readonly hash: string }) {
  const file = join(folder, 'settled.json');
  const written = join(folder, 'written.json');
  const { url, readUrl = url, people } = configuration.directory ?? { url: '', people: '' };
  const directory = JSON.stringify([url, readUrl, people]);
  return {
    last: (): LastSettled => ({
      // The name of a built file changes with whatever the file holds or loads: another build judges for itself.
      context: sha256(
        JSON.stringify([build, configuration, head.hash], (_, value: unknown) => (value instanceof Map ? [...value] : value)),
      ),
      run: readIfSound(file, settledRun),
      counts: (mark) => {
        const last = readIfSound(written, write);
        return last?.directory === directory && last.before !== mark;
      },
    }),
    /** Before a write of our own the mark was this: until it moves, it is no mark. */
    wrote: (before: string | undefined): void => {
      try {
        if (before === undefined) rmSync(written, { force: true });
        else replaceFile(written, JSON.stringify({ directory, before }));
      } catch {
        // Then every run reads everything.
      }
    },
    keep: (run: SettledRun): void => {
      try {
        replaceFile(file, JSON.stringify(run));
      } catch {
        // Then the next run reads everything.
      }
    },
  };
}

/** A file that is not there, was torn, or holds anything else tells nothing. */
function readIfSound<Value>(file: string, shape: Shape<Value>): Value | undefined {
  try {
    return parseAs(shape, readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
