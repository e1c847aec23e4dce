import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runNode } from './command.ts';

const clock = fileURLToPath(new URL('./clock.cjs', import.meta.url));

describe('given a process with a shifted clock', () => {
  const env = { MUSTER_TEST_NOW: '2031-05-06T07:08:09Z' };
  const run = (script: string) => runNode(['--require', clock, '-e', script], { env });

  it('when it asks for the time, then both ways give the chosen one, going on', async () => {
    const script = `const first = Date.now(); setTimeout(() => console.log(JSON.stringify([new Date(first).toISOString(), new Date() - first])), 50)`;
    const [first, later] = (await run(script)).json<[string, number]>();
    expect(first).toMatch(/^2031-05-06T07:08:(09|10)/);
    expect(later).toBeGreaterThanOrEqual(49);
    expect(later).toBeLessThan(10_000);
  });

  it('when it names a time, then that one is kept, and dates are still dates', async () => {
    const script = `const day = new Date('2020-01-01T00:00:00Z');
      console.log(JSON.stringify([day.getTime(), new Date(2020, 0, 1).getFullYear(), day instanceof Date, Date.UTC(1970, 0, 1), structuredClone(day).getTime()]))`;
    expect((await run(script)).json()).toEqual([1_577_836_800_000, 2020, true, 0, 1_577_836_800_000]);
  });
});

describe('given a process that ends badly', () => {
  it('when it exits, then status and both outputs are the result', async () => {
    const result = await runNode(['-e', 'console.log("out"); console.error("err"); process.exitCode = 3'], {});
    expect(result).toMatchObject({ status: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
    expect(() => result.json()).toThrow('not one JSON document');
  });

  it('when it is killed, then the signal is the result', async () => {
    const result = await runNode(['-e', 'setInterval(() => {}, 1000)'], { started: (kill) => kill('SIGKILL') });
    expect(result).toMatchObject({ status: null, signal: 'SIGKILL' });
  });

  it('when it does not end, then that is an error', async () => {
    await expect(runNode(['-e', 'setInterval(() => {}, 1000)'], { timeout: 300 })).rejects.toThrow('did not end within 300 ms');
  });
});
