// Changes that are wrong by their form, each with the code that the reconciler refuses it with: tried against the reconciler, and against what `check`
// says of them before the merge.
import type { FileChanges } from '../../support/gitlab/repository.ts';
import { grantFile, grantPath, groupFile, policyFile } from './policy-files.ts';

export interface Landing {
  readonly what: string;
  readonly code: string;
  readonly files: (file: string, path: string) => FileChanges;
}

const shapes: readonly Landing[] = [
  { what: 'case 16: a symlink', code: 'file-mode', files: (_, path) => ({ [path]: { mode: '120000', content: 'hoo.yaml' } }) },
  { what: 'case 16: a submodule', code: 'file-mode', files: (_, path) => ({ [path]: { mode: '160000', content: '1'.repeat(40) } }) },
  { what: 'case 16: an executable file', code: 'file-mode', files: (file, path) => ({ [path]: { mode: '100755', content: file } }) },
  { what: 'case 16: a line feed in a name', code: 'unexpected-path', files: (file) => ({ [grantPath('urbanecm\nx')]: file }) },
  { what: 'case 16: a Cyrillic letter in a name', code: 'unexpected-path', files: (file) => ({ [grantPath('urb\u0430necm')]: file }) },
  { what: 'case 16: upper case in a name', code: 'unexpected-path', files: (file) => ({ [grantPath('Urbanecm')]: file }) },
  {
    what: 'case 16: upper case in a folder',
    code: 'unexpected-path',
    files: (file) => ({ 'policy/Grants/klaxon-users/urbanecm.yaml': file }),
  },
  { what: 'another ending', code: 'unexpected-path', files: (file) => ({ 'policy/grants/klaxon-users/urbanecm.yml': file }) },
  { what: 'a deeper folder', code: 'unexpected-path', files: (file) => ({ 'policy/grants/klaxon-users/x/urbanecm.yaml': file }) },
  { what: 'a group that nobody knows', code: 'unknown-group', files: (file) => ({ 'policy/grants/stewards/urbanecm.yaml': file }) },
  { what: 'case 20: README.md beside a grant', code: 'impure', files: (file, path) => ({ [path]: file, 'README.md': 'x\n' }) },
  { what: 'case 21: 20 KiB', code: 'too-large', files: (file, path) => ({ [path]: `# ${'x'.repeat(20 * 1024)}\n${file}` }) },
];

const times: readonly Landing[] = [
  { what: 'case 41: no time zone', code: 'unreadable', until: '2026-12-07T18:00' },
  { what: 'case 41: 30 February', code: 'unreadable', until: '2027-02-30' },
  { what: 'case 41: a leap second', code: 'unreadable', until: '2026-12-07T18:00:60Z' },
  { what: 'case 41: the year 9999', code: 'unreadable', until: '9999-12-31' },
  { what: 'case 41: an end before its start', code: 'until-before-from', until: '2026-12-01', from: '2026-12-02' },
  { what: 'case 41: an end at its start', code: 'until-before-from', until: '2026-12-01T00:00Z', from: '2026-12-01T00:00Z' },
  { what: 'case 42: an end after 91 days', code: 'too-long', until: '2027-02-22' },
  { what: 'case 42: a start in 40 days', code: 'too-dormant', until: '2027-01-30', from: '2027-01-10' },
].map(({ what, code, until, from }) => ({
  ...{ what, code },
  files: (_, path) => ({ [path]: grantFile(until, from === undefined ? {} : { from }) }),
}));

const endless: Landing = {
  what: 'case 42: no end',
  code: 'too-long',
  files: (file, path) => ({ [path]: file.replace(/until: .*\n/, '') }),
};

const texts: readonly Landing[] = [
  { what: 'case 38: a directive', text: '%YAML 1.1\n---\n' },
  { what: 'case 38: a key twice', text: 'reason: another\n' },
  { what: 'case 38: an anchor', text: 'ticket: &a T1\n' },
  { what: 'case 38: an alias', text: 'ticket: *a\n' },
  { what: 'case 38: a merge key', text: '<<: { ticket: T1 }\n' },
  { what: 'case 38: a tag', text: 'ticket: !!str T1\n' },
  { what: 'case 38: two documents', text: 'ticket: T1\n---\n' },
  { what: 'case 38: 8,000 levels', text: `ticket: ${'['.repeat(8000)}\n` },
  { what: 'case 39: __proto__', text: '__proto__: { uid: mallory }\n' },
  { what: 'case 39: constructor', text: 'constructor: mallory\n' },
  { what: 'case 40: CR', text: 'ticket: T1\r\n' },
  { what: 'case 40: NEL', text: 'ticket: T1\u0085\n' },
  { what: 'case 40: U+2028', text: 'ticket: "T\u20281"\n' },
  { what: 'case 40: BOM', text: '\uFEFFticket: T1\n' },
  { what: 'case 40: a right-to-left override', text: 'ticket: "T\u202E1"\n' },
  { what: 'case 40: a zero-width space', text: 'ticket: "T\u200B1"\n' },
  { what: 'case 40: a no-break space at the end', text: 'ticket: T1\u00A0\n' },
].map(({ what, text }) => ({ what, code: 'unreadable', files: (file, path) => ({ [path]: text + file }) }));

export const landings: readonly Landing[] = [...shapes, ...times, endless, ...texts];

/** In a repository of its own: what it leaves refused fills the list. */
export const tooMany: Landing = {
  what: 'case 21: 51 files',
  code: 'too-many-files',
  files: (file) => Object.fromEntries(Array.from({ length: 51 }, (_, index) => [grantPath(`many${index + 1}`), file])),
};

const group = 'policy/groups/klaxon-users.yaml';
const rules = 'policy/policy.yaml';
const rosterGroup = groupFile({
  members: { roster: 'steward' },
  approvers: undefined,
  approvals: undefined,
  longest: undefined,
  requires: undefined,
});
/** Those that need the rules to be what they are, or that change them; each by itself. */
export const ofRules: readonly Landing[] = [
  {
    what: 'rules and a grant',
    code: 'mixed',
    files: (file, path) => ({ [path]: file, [rules]: policyFile({ approvals: 1, sre: ['alice', 'bob'] }) }),
  },
  { what: 'a team of one', code: 'too-few-approvers', files: () => ({ [rules]: policyFile({ owners: ['bob'] }) }) },
  { what: 'a group whose team is nobody', code: 'rules-invalid', files: () => ({ [group]: groupFile({ approvers: ['nobody'] }) }) },
  { what: 'rules that cannot be read', code: 'rules-invalid', files: () => ({ [rules]: 'version: 1\npeople: [\n' }) },
  { what: 'no policy.yaml any more', code: 'rules-invalid', files: () => ({ [rules]: null }) },
  { what: 'a grant of a roster’s group', code: 'not-by-grants', files: (file) => ({ 'policy/grants/stewards/urbanecm.yaml': file }) },
  { what: 'no contact', code: 'missing-field', files: (_, path) => ({ [path]: 'reason: x\nuntil: 2026-12-07\n' }) },
  { what: 'an old text', code: 'understood-version', files: (file, path) => ({ [path]: `${file}understood: 2025-01-01\n` }) },
  {
    what: 'attributes that hide',
    code: 'hidden-diff',
    files: (file, path) => ({ [path]: file, 'policy/.gitattributes': '*.yaml -diff\n' }),
  },
];

/** The policy that these are changes of. */
export const startingPolicy = {
  [rules]: policyFile(),
  [group]: groupFile({ understood: { text: 'https://wikitech.wikimedia.org/wiki/Klaxon', version: '2026-11-01' } }),
  'policy/groups/stewards.yaml': rosterGroup,
};
