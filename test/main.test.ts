import { describe, expect, it } from 'vitest';
import { runMuster } from './support/command.ts';

describe('given a command that fails', () => {
  const fail = (env: Readonly<Record<string, string>>) => runMuster(['plan', '--config', '/nonexistent/muster.yaml'], { env });

  it('when the journal listens, then every line on stderr has its priority', async () => {
    const { status, stderr } = await fail({ JOURNAL_STREAM: '8:12345' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^(?:<3>.+\n)+$/);
  });

  it('when a person does, then no line has one', async () => {
    expect((await fail({})).stderr).toMatch(/^muster: the configuration .+\n$/);
  });
});
