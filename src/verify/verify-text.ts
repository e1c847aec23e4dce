// What `muster verify` found, and whose word each grant in force rests on, as text and as JSON.
import type { Status } from '../status.ts';
import { hang, plain, renderSigners, renderUntil } from '../text.ts';
import { count, renderInstant } from '../time.ts';
import type { Fault } from './kept-chains.ts';
import type { VerifiedHost } from './verified-host.ts';
import type { Memory } from '../ledger/memory.ts';
import { inOrderOfPath, type CommitId, type GroupName, type Uid } from '../names.ts';
import type { SignedBy } from '../record/approval-count.ts';
import type { End, GrantInForce } from '../record/grants.ts';

export function renderVerifyText(
  { heads, verdicts, formOnly, fault, signedFor }: VerifiedHost,
  grants: readonly RestsOn[],
  folders: Readonly<Record<Fault['file'], string>>,
): string {
  if (fault) {
    const where = fault.line === null ? '' : `line ${fault.line} of `;
    return hang('DOES NOT HOLD  ', plain(`${where}${folders[fault.file]}/${fault.file}: ${fault.message}`));
  }
  const { endorsed, refused, onTheHostsWord, withFewerSignatures, signatures, untouched } = verdicts;
  const byWord = onTheHostsWord > 0 ? `; ${onTheHostsWord} on the host’s word alone` : '';
  const byFewer = withFewerSignatures > 0 ? `; ${withFewerSignatures} endorsed with fewer signatures than the host asks for now` : '';
  const byHand = untouched > 0 ? `; ${untouched} made without the touch that the host asks for now` : '';
  return [
    'All of it holds.\n\n',
    ...(['record', 'ledger'] as const).map((name) =>
      hang(name.padEnd(12), `${count(heads[name]?.count ?? 0, 'line')}, head sha256:${heads[name]?.hash ?? ''}`),
    ),
    hang('verdicts'.padEnd(12), `${endorsed} endorsed, ${refused} refused, each judged again${byWord}${byFewer}`),
    hang('signatures'.padEnd(12), `${count(signatures, 'signature')} verified again${byHand}`),
    signedFor === undefined
      ? ''
      : hang('signed for'.padEnd(12), `${plain(signedFor)}: compare it with repository.url on the host, where no copy stands for it`),
    formOnly > 0
      ? hang(
          'before'.padEnd(12),
          `${count(formOnly, 'line')} of the record ${formOnly === 1 ? 'is' : 'are'} from before repository.start was changed: checked for form, and no verdict in them judged again`,
        )
      : '',
    grants.length > 0 ? '\nWhat each grant in force rests on\n' : '\nNo grant is in force.\n',
    ...grants.map((one) => hang('  ', plain(`${one.path}, ${renderUntil(one.until)}: ${renderWord(one)}`))),
  ].join('');
}

function renderWord({ word, commit, signedBy, mergeRequest, approvedBy }: RestsOn): string {
  switch (word) {
    case 'signature':
      return `signatures${renderSigners(signedBy).replace(/^; signed by/, ' of')}`;
    case 'gitlab':
      return `GitLab’s answer, as kept: !${mergeRequest}, approved by ${approvedBy.join(', ') || 'nobody'}`;
    case 'allow':
      return `root’s word: "muster allow" let it in of the start ${commit.slice(0, 12)}`;
    case 'start':
      return `root’s word: repository.start is ${commit.slice(0, 12)}, taken as it is`;
    case 'nobody':
      return `nobody’s word: commit ${commit.slice(0, 12)} was endorsed unseen (evidence: none)`;
  }
}

export function renderVerifyJson(
  { heads, verdicts, formOnly, fault, signedFor }: VerifiedHost,
  grants: readonly RestsOn[],
  status: Status,
): string {
  const { signatures, untouched, ...judged } = verdicts;
  const document = {
    muster: 1,
    command: 'verify',
    status,
    heads,
    verdicts: judged,
    signatures,
    untouched,
    formOnly,
    signedFor: signedFor ?? null,
    restsOn: grants.map(({ until, ...one }) => ({ ...one, until: until === 'open' ? null : renderInstant(until) })),
    fault: fault ?? null,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * `signature`: of these keys, whatever GitLab says. `gitlab`: the answer that is kept. `allow`: root let it in of a new start. `start`: root took the
 * policy as it was there. `nobody`: no evidence was asked for.
 */
interface RestsOn {
  readonly path: string;
  readonly group: GroupName;
  readonly uid: Uid;
  readonly until: End;
  readonly commit: CommitId;
  readonly word: 'signature' | 'gitlab' | 'allow' | 'start' | 'nobody';
  readonly signedBy: readonly SignedBy[];
  readonly mergeRequest: number | null;
  readonly approvedBy: readonly Uid[];
}

/** Whose word each grant rests on: of all that converging has in force, by path. */
export function restsOn({ policy, verified, allowed }: Memory, starts: ReadonlySet<CommitId>): readonly RestsOn[] {
  const given = new Set(verified?.windows.map(({ path }) => path));
  const isGiven = ({ path, group }: GrantInForce) =>
    given.has(path) || allowed.has(path) || verified?.groups.every((one) => one.group !== group) !== false;
  return [...(policy?.inForce.values() ?? [])]
    .filter(isGiven)
    .map(({ path, group, uid, until, commit, signedBy = [], mergeRequest, approvedBy }) => ({
      ...{ path, group, uid, until, commit, signedBy, mergeRequest, approvedBy },
      word: wordOf({ path, commit, signedBy, mergeRequest }, allowed, starts),
    }))
    .sort(inOrderOfPath);
}

function wordOf(
  { path, commit, signedBy, mergeRequest }: Pick<RestsOn, 'path' | 'commit' | 'signedBy' | 'mergeRequest'>,
  allowed: Memory['allowed'],
  starts: ReadonlySet<CommitId>,
): RestsOn['word'] {
  if (signedBy.length > 0) return 'signature';
  if (mergeRequest !== null) return 'gitlab';
  if (!starts.has(commit)) return 'nobody';
  return allowed.has(path) ? 'allow' : 'start';
}
