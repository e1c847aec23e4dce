// Completion in the shells that are installed; what can be said without them is said of all three.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderCompletions } from '../../scripts/deb/completion.ts';
import { commandTree } from '../../src/cli.ts';
import { installed } from './package.ts';

const program = commandTree(() => () => undefined);
const completions = renderCompletions(program);

const configuration = `mode: enforce # groups: { nobody: x }
directory:
  url: ldaps://ldap.example.org
  people: ou=people,dc=example,dc=org
  groups:
    stewards: "cn=stewards,ou=groups,dc=example,dc=org" # team: sre
    klaxon-users: { dn: "cn=k: v,dc=example,dc=org", attribute: member }
  ceilings: { elsewhere: { source: grants } }
rosters:
  groups: { neither: x }
`;
const inBraces = `directory:\n  groups: { ops: "cn=ops,dc=x", klaxon-users: cn=k }\n  empty-group: empty-dn\n`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-completion-'));
  writeFileSync(join(folder, 'muster.yaml'), configuration);
  writeFileSync(join(folder, 'braces.yaml'), inBraces);
  writeFileSync(join(folder, 'muster.bash'), completions.bash);
  writeFileSync(join(folder, '_muster'), completions.zsh);
  writeFileSync(join(folder, 'muster.fish'), completions.fish);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Complete = (...words: readonly string[]) => readonly string[];

/** The last word is the one that is being typed. */
const inBash: Complete = (...words) => {
  const code = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _muster; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', ['--norc', '-uc', code, join(folder, 'muster.bash'), ...words]);
};

const inFish: Complete = (...words) => {
  const code = `source ${join(folder, 'muster.fish')}; complete -C '${words.join(' ')}'`;
  return run('fish', ['--no-config', '-c', code]).map((one) => one.split('\t')[0] ?? '');
};

/** What compadd is given and what of it fits, written down by an interactive zsh in a terminal of its own, which then ends. */
const zshrc = String.raw`
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit
compinit -u -d $ZDOTDIR/dump
compadd() {
	if [[ $* != *' -'[OAD]' '* && $1 != -[OAD] ]]; then
		local -a fitting
		builtin compadd -O fitting "$@"
		print -l -- $fitting >> $ZDOTDIR/offers
	fi
	builtin compadd "$@"
}
offer() {
	zle list-choices
	BUFFER=exit
	zle accept-line
}
zle -N offer
bindkey '^I' offer
`;

const inZsh: Complete = (...words) => {
  writeFileSync(join(folder, '.zshrc'), zshrc);
  writeFileSync(join(folder, 'offers'), '');
  const code = 'zmodload zsh/zpty; zpty shell zsh -i; zpty -w -n shell "$1"; while zpty -r shell; do :; done';
  const env = { ...process.env, ZDOTDIR: folder, TERM: 'vt100', MUSTER_CONFIG: join(folder, 'muster.yaml') };
  const { error } = spawnSync('zsh', ['-f', '-c', code, 'zsh', `${words.join(' ')}\t`], { encoding: 'utf8', env, timeout: 30_000 });
  if (error) throw error;
  return run('cat', [join(folder, 'offers')]);
};

function run(command: string, args: readonly string[]): readonly string[] {
  const env = { PATH: process.env['PATH'], HOME: folder, MUSTER_CONFIG: join(folder, 'muster.yaml') };
  const output = execFileSync(command, args, { encoding: 'utf8', env });
  return [...new Set(output.split('\n').filter(Boolean))].sort();
}

describe.each([
  { shell: 'bash', complete: inBash },
  { shell: 'zsh', complete: inZsh },
  { shell: 'fish', complete: inFish },
])('given completion in $shell', ({ shell, complete }) => {
  it.skipIf(!installed(shell)).each([
    { typed: ['muster', 're'], gives: ['reconcile', 'refuse', 'report', 'request', 'review', 'revoke'] },
    { typed: ['muster', 'plan', '--'], gives: ['--config', '--exit-code', '--help', '--json'] },
    { typed: ['muster', 'check', '--format', 'j'], gives: ['json', 'junit'] },
    { typed: ['muster', 'explain', ''], gives: ['klaxon-users', 'stewards'] },
    { typed: ['muster', 'allow', 'kl'], gives: ['klaxon-users'] },
    { typed: ['muster', 'revoke', '--group', 's'], gives: ['stewards'] },
    { typed: ['muster', 'allow', 'stewards', 'sha256:5f', '--reason', ''], gives: [] },
  ])('when $typed is typed, then $gives is offered', ({ typed, gives }) => {
    const offered = complete(...typed);
    // Some shells offer short forms and, where there is nothing to say, options as well.
    expect(
      offered.filter((one) => gives.length === 0 || !/^-[^-]/.test(one)).filter((one) => !(typed.at(-1) === '' && one.startsWith('-'))),
    ).toEqual(gives);
  });
});

describe.skipIf(!installed('bash'))('the groups of the configuration', () => {
  it('given another file, and groups in braces, then these are offered', () => {
    expect(inBash('muster', '--config', join(folder, 'braces.yaml'), 'adopt', '')).toEqual(['klaxon-users', 'ops']);
    expect(inBash('muster', '--config', '/nowhere', 'adopt', 'x')).toEqual([]);
  });
});

describe('the completions', () => {
  it.each(Object.entries(completions))('for %s have every command and every option', (shell, text) => {
    for (const command of program.commands) {
      expect(text).toContain(command.name());
      for (const { long } of command.options) expect(text).toContain(shell === 'fish' ? ` -l ${long?.slice(2)}` : long);
    }
  });

  it('then bash reads its own and what zsh has alike, and every block of fish ends', () => {
    for (const text of [completions.bash, completions.zsh])
      expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
    const words = completions.fish
      .split('\n')
      .filter((line) => !line.startsWith('complete '))
      .map((line) => line.trim().split(/[ ;]/)[0]);
    const blocks = words.filter((word) => ['function', 'for', 'while', 'if', 'begin', 'switch'].includes(word ?? '')).length;
    expect(words.filter((word) => word === 'end').length).toBe(blocks);
    // A quote that is left open swallows what follows.
    for (const line of completions.fish.split('\n')) expect(line.replaceAll(/\\./g, '').split("'").length % 2, line).toBe(1);
  });
});
