// `muster verify`: for an auditor, on any machine, from copies of the two folders and the repository.
import type { Invocation } from '../cli.ts';
import { hostConfiguration, type Printed } from '../command.ts';
import { requireState, surroundingsOf, type Caller } from '../host.ts';
import { openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import { verifyBy } from '../signing/ssh-keygen.ts';
import { statusOf } from '../status.ts';
import { renderVerifyJson, renderVerifyText, restsOn } from './verify-text.ts';
import { verifyHost } from './verified-host.ts';

export async function runVerify(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  requireState(configuration);
  const { path } = surroundingsOf(caller);
  caller.progress('judging again');
  const host = await withPrivateMirror(caller, configuration.judged, (folder) =>
    verifyHost(configuration, {
      openMirror: () => openMirrorOf(configuration, folder, surroundingsOf(caller)),
      verify: verifyBy({ path }),
      now: caller.now(),
    }),
  );
  const { repository, state, judged } = configuration;
  const grants = host.memory && !host.fault ? restsOn(host.memory, new Set([repository.start, ...host.starts])) : [];
  const status = statusOf(host.fault ? ['findings'] : []);
  const text =
    invocation.options['json'] === true
      ? renderVerifyJson(host, grants, status)
      : renderVerifyText(host, grants, { 'ledger.jsonl': state, 'record.jsonl': judged });
  return { text, status };
}
