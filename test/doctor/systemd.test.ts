// systemctl(1) as it answers, played by a script: where tests run there is no systemd to ask.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readTimer } from '../../src/doctor/host-facts.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
beforeEach(() => inNewFolder((made) => (folder = made)));

/** Answers for the timer and for the service; what it was asked ends up beside it. */
function answering(timer: string, service: string, status = 0): string {
  const script = `#!/bin/sh\necho "$@" >> ${folder}/asked\ncase "$*" in *muster.timer) printf '${timer}';; *) printf '${service}';; esac\nexit ${status}\n`;
  writeFileSync(join(folder, 'systemctl'), script);
  chmodSync(join(folder, 'systemctl'), 0o755);
  return `${folder}:/usr/bin:/bin`;
}

const read = (path: string) => readTimer('muster.timer', 'muster.service', path);

describe('given a systemd that answers', () => {
  it('when the timer runs, then it and the last run are told', async () => {
    const path = answering(
      'LoadState=loaded\\nUnitFileState=enabled\\nActiveState=active\\n',
      'Result=exit-code\\nExecMainStatus=5\\nExecMainExitTimestamp=@1795435200\\n',
    );
    expect(await read(path)).toEqual({
      enabled: 'enabled',
      active: 'active',
      last: { result: 'exit-code', status: 5, at: 1_795_435_200_000 },
    });
    // The names of systemd.unit(5), and a time that depends on no locale.
    expect(readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n').sort()).toEqual([
      'show --timestamp=unix --property=LoadState,UnitFileState,ActiveState -- muster.timer',
      'show --timestamp=unix --property=Result,ExecMainStatus,ExecMainExitTimestamp -- muster.service',
    ]);
  });

  it.each(['ExecMainExitTimestamp=\\n', 'ExecMainExitTimestamp=@0\\n', ''])(
    'when it never ran (%s), then there is no last run',
    async (timestamp) => {
      const path = answering(
        'LoadState=loaded\\nUnitFileState=\\nActiveState=inactive\\n',
        `Result=success\\nExecMainStatus=0\\n${timestamp}`,
      );
      expect(await read(path)).toEqual({ enabled: 'not enabled', active: 'inactive', last: undefined });
    },
  );

  it('when there is no such timer, then that is told', async () => {
    const path = answering('LoadState=not-found\\nUnitFileState=\\nActiveState=inactive\\n', 'Result=success\\n');
    expect(await read(path)).toMatchObject({ enabled: 'not-found' });
  });
});

describe('given no systemd', () => {
  it('when systemctl fails, then nothing is known', async () => {
    expect(await read(answering('', '', 1))).toBeUndefined();
  });

  it('when there is no systemctl, then nothing is known', async () => {
    expect(await read(folder)).toBeUndefined();
  });
});
