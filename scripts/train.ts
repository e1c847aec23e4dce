// Records what a real OpenLDAP answers to the runs that compile.mjs learns from, as scripts/training.json. `npm run train`, whenever muster
// begins to ask the directory for something else: a build then fails, and says how a run to learn from ended.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startSlapd } from '../test/support/slapd.ts';

const slapd = await startSlapd({ people: ['alice', 'bob'], groups: { people: ['alice', 'bob'] } });
const connections: Record<string, Buffer>[] = [];

// What comes back before the next question belongs to the last one: muster asks these one by one.
const server = createServer((client) => {
  const answers: Record<string, Buffer> = {};
  connections.push(answers);
  let asked = 0;
  const directory = connect(slapd.port, '127.0.0.1');
  client.on('data', (bytes) => {
    asked = messageOf(bytes);
    directory.write(bytes);
  });
  directory.on('data', (bytes) => {
    answers[asked] = Buffer.concat([answers[asked] ?? Buffer.alloc(0), bytes]);
    client.write(bytes);
  });
  client.on('close', () => directory.destroy());
  directory.on('close', () => client.destroy());
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

try {
  const { port } = server.address() as AddressInfo;
  const compile = fileURLToPath(new URL('../dist/compile.mjs', import.meta.url));
  await promisify(execFile)(process.execPath, [compile, `ldap://127.0.0.1:${port}`]);
  const recorded = connections.map((answers) =>
    Object.fromEntries(Object.entries(answers).map(([id, bytes]) => [id, bytes.toString('base64')])),
  );
  writeFileSync(fileURLToPath(new URL('training.json', import.meta.url)), `${JSON.stringify(recorded, null, 2)}\n`);
} finally {
  server.close();
  await slapd.stop();
}

/** The number of a message (RFC 4511, section 4.1.1.1), as long as it is a small one. */
function messageOf(bytes: Buffer): number {
  const [, length = 0] = bytes;
  return bytes.readUInt8(4 + (length > 127 ? length - 128 : 0));
}
