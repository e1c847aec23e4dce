// What needs a person, in the order in which somebody should look.
import type { GroupName } from '../names.ts';
import { isRatified } from '../revocation/ratification.ts';
import { isSettled, type DistrustStory } from '../ledger/distrusted.ts';
import type { KnownHold } from '../ledger/group-memory.ts';
import type { NotIn, Report, RevocationReport } from './report.ts';
import type { Refusal } from '../record/policy-state.ts';

export type Attention =
  | { readonly kind: 'unexplained'; readonly group: GroupName; readonly names: readonly string[] }
  | { readonly kind: 'held'; readonly group: GroupName; readonly hold: KnownHold }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'waiting'; readonly waiting: Report['waiting'][number] }
  | { readonly kind: 'frozen'; readonly group: GroupName }
  /** Nobody can say from here who its members are. */
  | { readonly kind: 'unrecorded'; readonly group: GroupName }
  | { readonly kind: 'revocation'; readonly revocation: RevocationReport }
  /** Judging gives access in groups that must be signed, and no signature does. */
  | { readonly kind: 'not-signed'; readonly paths: readonly string[] }
  | { readonly kind: 'distrusted'; readonly story: DistrustStory }
  | { readonly kind: 'not-in'; readonly group: GroupName; readonly notIn: NotIn };

export function attentionOf(report: Omit<Report, 'attention'>): readonly Attention[] {
  const { groups, refused, unsigned, waiting, revocations, distrusted, side } = report;
  const unexplained = groups.flatMap(({ group, members }) => {
    const names = members.filter(({ reason }) => reason.kind === 'none').map(({ name }) => name);
    return names.length > 0 ? [{ kind: 'unexplained', group, names } as const] : [];
  });
  return [
    ...unexplained,
    ...groups.flatMap(({ group, held }) => held.map((hold) => ({ kind: 'held', group, hold }) as const)),
    ...(unsigned.length > 0 ? [{ kind: 'not-signed', paths: unsigned } as const] : []),
    ...distrusted.filter((story) => !isSettled(story)).map((story) => ({ kind: 'distrusted', story }) as const),
    ...refused.map((refusal) => ({ kind: 'refused', refusal }) as const),
    ...waiting.map((one) => ({ kind: 'waiting', waiting: one }) as const),
    // Without the directory's side, a group of the rules that nobody recorded is as it should be.
    ...groups
      .filter(({ rules, recorded }) => rules && !recorded && side === 'record')
      .map(({ group }) => ({ kind: 'unrecorded', group }) as const),
    ...groups.filter(({ rules }) => !rules && side === 'record').map(({ group }) => ({ kind: 'frozen', group }) as const),
    ...revocations.filter((one) => !one.lifted && !isRatified(one)).map((revocation) => ({ kind: 'revocation', revocation }) as const),
    ...groups.flatMap(({ group, withheld }) => withheld.filter(isUnsettled).map((one) => ({ kind: 'not-in', group, notIn: one }) as const)),
  ];
}

/** What passes by itself, or is told of elsewhere already, needs nobody. */
function isUnsettled({ reason }: NotIn): boolean {
  return reason.code !== 'not-yet' && reason.code !== 'revoked' && reason.code !== 'held';
}
