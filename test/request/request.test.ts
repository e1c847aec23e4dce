import { describe, expect, it } from 'vitest';
import type { GrantText } from '../../src/policy/grant-text.ts';
import { request, type Forge, type Requested, type RequestPorts } from '../../src/request/request.ts';
import { instant, parseBlobId, type BlobId } from '../../src/names.ts';
import { Misuse } from '../../src/errors.ts';
import { renderByHand, renderObjections } from '../../src/request/request-text.ts';
import { commit, group, uid } from '../evidence/evidence-samples.ts';

const path = 'policy/grants/klaxon-users/urbanecm.yaml';
const rules = {
  'policy/policy.yaml':
    'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  sre: [alice, bob]\nrules: { approvers: [sre] }\n',
  'policy/groups/klaxon-users.yaml': 'purpose: Individuals.\nowner: sre\nmembers: grants\nlongest: 90 days\nrequires: [contact]\n',
};
const template = '<!-- remark -->\nWho, and until when:\n\nWhy it is needed:\n\n/merge\n- [ ] Nothing else changes.\n';

interface Sent {
  readonly what: string;
  readonly text: string;
}

/** A branch held in memory, and a GitLab that writes down what it gets. */
function world(files: Readonly<Record<string, string>>, mayPush = true): { readonly ports: RequestPorts; readonly sent: Sent[] } {
  const blobs = new Map<BlobId, Uint8Array>();
  const tree = new Map(
    Object.entries(files).map(([name, text], index) => {
      const blob = parseBlobId(String(index).padStart(40, '0'));
      if (!blob) throw new Error('the sample is wrong');
      blobs.set(blob, new TextEncoder().encode(text));
      return [name, { mode: '100644', blob }] as const;
    }),
  );
  const sent: Sent[] = [];
  const forge: Forge = {
    project: () => Promise.resolve(7),
    commit: (_, { name, from }, __, actions) => {
      if (!mayPush) return Promise.resolve('may-not');
      for (const { action, path: of, content } of actions)
        sent.push({ what: `${from} > ${name}: ${action} ${of}`, text: new TextDecoder().decode(content) });
      return Promise.resolve('made');
    },
    open: (_, { sourceBranch, targetBranch, title, description }) => {
      sent.push({ what: `${sourceBranch} > ${targetBranch}: ${title}`, text: description });
      return Promise.resolve({ iid: 3, url: 'http://127.0.0.1/3' });
    },
  };
  const ports: RequestPorts = {
    branch: {
      fetch: () => Promise.resolve(commit('a')),
      policyTree: (_, folder) => Promise.resolve(new Map([...tree].filter(([name]) => name.startsWith(`${folder}/`)))),
      blobs: (ids) =>
        Promise.resolve({ contents: new Map([...ids].map((id) => [id, blobs.get(id) ?? new Uint8Array()])), tooLarge: new Set() }),
    },
    forge,
    now: instant(Date.UTC(2026, 10, 23, 12)),
    unique: () => 'f00d',
  };
  return { ports, sent };
}

async function ask(values: GrantText | null, ports: RequestPorts, to = 'klaxon-users'): Promise<Requested> {
  const settings = { folder: 'policy', targetBranch: 'main', longest: new Map() };
  return request({ group: group(to), uid: uid('urbanecm'), values }, ports, settings);
}

const asked = { reason: 'a: b\n/approve @all', contact: 'irc', until: '2026-12-07' };
const existing = 'reason: "old" # remark\ncontact: irc\nuntil: 2026-12-01\n';

describe('given somebody who asks', () => {
  it('when the file is new, then it is written on a branch of its own and the template is answered, without commands', async () => {
    const { ports, sent } = world({ ...rules, '.gitlab/merge_request_templates/Grant.md': template });
    expect(await ask(asked, ports)).toMatchObject({ kind: 'opened', opened: { iid: 3 } });
    const branch = 'muster-klaxon-users-urbanecm-20261123120000-f00d';
    expect(sent.map(({ what }) => what)).toEqual([
      `main > ${branch}: create ${path}`,
      `${branch} > main: Grant klaxon-users to urbanecm until 2026-12-07`,
    ]);
    expect(sent[1]?.text).toContain('Who, and until when: `urbanecm` in `klaxon-users`, until 2026-12-07');
    expect(sent[1]?.text).not.toMatch(/^\s*\/|@all|remark/m);
  });

  it('when the file is there, then it changes and keeps what was not asked', async () => {
    const { ports, sent } = world({ ...rules, [path]: existing });
    await ask({ until: '2026-12-20' }, ports);
    expect(sent[0]).toMatchObject({ what: expect.stringContaining(`update ${path}`), text: existing.replace('2026-12-01', '2026-12-20') });
  });

  it('when the end is asked for, then the file is deleted', async () => {
    const { ports, sent } = world({ ...rules, [path]: existing });
    await ask(null, ports);
    expect(sent[0]?.what).toContain(`delete ${path}`);
  });

  it.each([
    { given: 'too long', values: { ...asked, until: '2027-12-07' }, to: 'klaxon-users', code: 'too-long' },
    { given: 'over already', values: { ...asked, until: '2026-11-22' }, to: 'klaxon-users', code: 'ended' },
    { given: 'no contact', values: { reason: 'x', until: '2026-12-07' }, to: 'klaxon-users', code: 'missing-field' },
    { given: 'no such day', values: { ...asked, until: '2026-02-30' }, to: 'klaxon-users', code: 'bad-time' },
    { given: 'a letter nobody sees', values: { ...asked, contact: 'irc\u202e' }, to: 'klaxon-users', code: 'hidden-character' },
    { given: 'no such group', values: asked, to: 'nobody', code: 'unknown-group' },
  ])('when it is $given, then $code is said and nothing is sent', async ({ values, to, code }) => {
    const { ports, sent } = world(rules);
    const requested = await ask(values, ports, to);
    expect(requested.kind === 'findings' && requested.findings.map((one) => one.code)).toContain(code);
    expect(sent).toEqual([]);
  });

  it.each([
    {
      given: 'too long',
      values: { ...asked, until: '2027-11-23' },
      says: ['--until: error too-long:', 'Say --until 2027-02-20 or an earlier end'],
    },
    { given: 'without an end', values: { reason: 'x', contact: 'irc' }, says: ['Say --until 2027-02-20, or an earlier end.'] },
    { given: 'over already', values: { ...asked, until: '2026-11-01' }, says: ['--until: error ended:'] },
    { given: 'without a reason', values: { until: '2026-12-07', contact: 'irc' }, says: ['--reason is missing', 'Say --reason "…".'] },
    { given: 'without a contact', values: { reason: 'x', until: '2026-12-07' }, says: ['requires --contact', 'Say --contact "…".'] },
    { given: 'left from an example', values: { ...asked, reason: '…' }, says: ['--reason: error placeholder: "…" is left over'] },
    {
      given: 'for a group that is not there',
      values: asked,
      to: 'klaxon-user',
      says: ['klaxon-user/urbanecm.yaml: error', 'Did you mean "klaxon-users"?'],
    },
  ])('when it is $given, then the option is named, and no line of a file that nobody has', async ({ values, to, says }) => {
    const requested = await ask(values, world(rules).ports, to);
    if (requested.kind !== 'findings') throw new Error(requested.kind);
    const text = renderObjections(requested);
    for (const words of says) expect(text).toContain(words);
    expect(text).not.toMatch(/\.yaml:\d|add a line|this file/i);
    expect(text).toMatch(/\nNothing was sent\.\n$/);
  });

  it('when two ask for the same person in the same second, then each has a branch of its own', async () => {
    const { ports, sent } = world(rules);
    let count = 0;
    const two = { ...ports, unique: () => String((count += 1)) };
    await ask(asked, two);
    await ask(asked, two);
    const branches = sent.flatMap(({ what }) => /main > (\S+): create/.exec(what)?.[1] ?? []);
    expect(new Set(branches).size).toBe(2);
  });

  it.each([
    { given: 'an end of what is not there', files: rules, values: null },
    { given: 'what the file says already', files: { ...rules, [path]: existing }, values: { until: '2026-12-01' } },
  ])('when it is $given, then that is misuse and nothing is sent', async ({ files, values }) => {
    const { ports, sent } = world(files);
    await expect(ask(values, ports)).rejects.toBeInstanceOf(Misuse);
    expect(sent).toEqual([]);
  });

  it.each([
    { what: 'by-hand', files: rules, values: { ...asked, reason: 'an abuse wave' } },
    { what: 'renewal-by-hand', files: { ...rules, [path]: existing }, values: { until: '2026-12-20' } },
    { what: 'end-by-hand', files: { ...rules, [path]: existing }, values: null },
  ])('when there is no token, then the file and the way by hand are shown: $what', async ({ what, files, values }) => {
    const { ports, sent } = world(files);
    const requested = await ask(values, { ...ports, forge: undefined });
    if (requested.kind !== 'by-hand') throw new Error(requested.kind);
    expect(sent).toEqual([]);
    await expect(renderByHand(requested)).toMatchFileSnapshot(`../golden/request-${what}.txt`);
  });
});

it('given an account that may not push to the project, when it asks, then nothing is sent, and the way by hand is shown', async () => {
  const { ports, sent } = world(rules, false);
  const requested = await ask(asked, ports);
  if (requested.kind !== 'by-hand') throw new Error(requested.kind);
  expect(sent).toEqual([]);
  await expect(renderByHand(requested)).toMatchFileSnapshot('../golden/request-may-not.txt');
});
