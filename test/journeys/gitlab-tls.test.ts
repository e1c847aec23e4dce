import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { runMuster } from '../support/command.ts';
import { startWorld, type World } from './evidence/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

describe('given GitLab behind TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-tls-'));
  const { ca, certificate, key } = makeCertificates(folder, ['localhost']);
  const heard: Buffer[] = [];
  const front = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
    const behind = connect(Number(new URL(world.gitlab.url).port), '127.0.0.1');
    socket.on('data', (bytes) => heard.push(bytes)).pipe(behind);
    behind.pipe(socket).on('error', () => behind.destroy());
  });
  beforeAll(() => once(front.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => {
    front.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => heard.splice(0));

  /** What the doctor finds of GitLab when it reaches it through the front. */
  async function examine(env: Readonly<Record<string, string>>): Promise<unknown> {
    const scene = await world.scene();
    const config = join(scene.folder, 'muster.yaml');
    const address = front.address();
    if (address === null || typeof address === 'string') throw new Error('the front does not listen');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace(/(?<=\ngitlab:\n {2}url: )\S+/, `https://localhost:${address.port}`));
    const result = await runMuster(['doctor', '--json'], { config, at: new Date(world.gitlab.clock.now()), env });
    const { checks } = result.json<{ readonly checks: readonly { readonly code: string }[] }>();
    return checks.find(({ code }) => code === 'gitlab');
  }

  it('when nothing vouches for its certificate, then it counts as not answering and never hears the token', async () => {
    const message = expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await examine({})).toMatchObject({ severity: 'unknown', message });
    expect(Buffer.concat(heard).toString()).toBe('');
  });

  it('when the host trusts its authority, then it is asked like any other', async () => {
    expect(await examine({ NODE_EXTRA_CA_CERTS: ca })).toMatchObject({ severity: 'ok' });
    expect(Buffer.concat(heard).toString()).toContain(`authorization: Bearer ${world.token}`);
  });
});
