// What `muster verify` found, as text and as JSON.
import type { Status } from '../status.ts';
import { hang, plain, renderSigners, renderUntil } from '../text.ts';
import { count, renderInstant } from '../time.ts';
import type { RestsOn } from './rests-on.ts';
import type { Fault } from './kept-chains.ts';
import type { VerifiedHost } from './verified-host.ts';

export function renderVerifyText(
  { heads, verdicts, fault }: VerifiedHost,
  grants: readonly RestsOn[],
  folders: Readonly<Record<Fault['file'], string>>,
): string {
  if (fault) {
    const where = fault.line === null ? '' : `line ${fault.line} of `;
    return hang('DOES NOT HOLD  ', plain(`${where}${folders[fault.file]}/${fault.file}: ${fault.message}`));
  }
  const { endorsed, refused, onTheHostsWord, signatures } = verdicts;
  const byWord = onTheHostsWord > 0 ? `; ${onTheHostsWord} on the host’s word alone` : '';
  return [
    'All of it holds.\n\n',
    ...(['record', 'ledger'] as const).map((name) =>
      hang(name.padEnd(12), `${count(heads[name]?.count ?? 0, 'line')}, head sha256:${heads[name]?.hash ?? ''}`),
    ),
    hang('verdicts'.padEnd(12), `${endorsed} endorsed, ${refused} refused, each judged again${byWord}`),
    hang('signatures'.padEnd(12), `${count(signatures, 'signature')} verified again`),
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

export function renderVerifyJson({ heads, verdicts, fault }: VerifiedHost, grants: readonly RestsOn[], status: Status): string {
  const { signatures, ...judged } = verdicts;
  const document = {
    muster: 1,
    command: 'verify',
    status,
    heads,
    verdicts: judged,
    signatures,
    restsOn: grants.map(({ until, ...one }) => ({ ...one, until: until === 'open' ? null : renderInstant(until) })),
    fault: fault ?? null,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
