// Completion for bash, zsh and fish, made from the tree of commands. It asks nobody: the names of groups are read out of the configuration,
// and names of people are not completed.
import type { Argument, Command, Option } from 'commander';

/** What may stand in a place. */
type Takes = { readonly kind: 'file' | 'folder' | 'group' | 'words' } | { readonly kind: 'choice'; readonly of: readonly string[] };

interface Flag {
  readonly long: string;
  readonly about: string;
  /** Undefined: it takes no value. */
  readonly takes: Takes | undefined;
}

interface Verb {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  readonly places: readonly Takes[];
}

interface Line {
  readonly flags: readonly Flag[];
  readonly verbs: readonly Verb[];
}

export interface Completions {
  readonly bash: string;
  readonly zsh: string;
  readonly fish: string;
}

export function renderCompletions(program: Command): Completions {
  const common = [...program.options.map(flagOf), { long: '--help', about: 'show help', takes: undefined }];
  const verbs = program.commands.map((command) => ({
    name: command.name(),
    about: command.description(),
    flags: [...command.options.map(flagOf), ...common.filter(({ long }) => long !== '--version')],
    places: command.registeredArguments.map(placeOf),
  }));
  const line = { flags: common, verbs };
  return { bash: renderBash(line), zsh: renderZsh(line), fish: renderFish(line) };
}

function flagOf({ long, description, flags, argChoices, required, optional }: Option): Flag {
  const takes: Takes | undefined = !(required || optional)
    ? undefined
    : argChoices
      ? { kind: 'choice', of: argChoices }
      : {
          kind: /<(?:[a-z-]+-)?file>/.test(flags)
            ? 'file'
            : flags.includes('<dir>')
              ? 'folder'
              : flags.includes('<group>')
                ? 'group'
                : 'words',
        };
  return { long: long ?? '', about: description, takes };
}

function placeOf(argument: Argument): Takes {
  const name = argument.name();
  return { kind: name === 'dir' ? 'folder' : name === 'group' || name === 'uid-or-group' ? 'group' : 'words' };
}

/** For awk, in single quotes: the keys below `groups` of `directory`, in a block or in braces, without what stands in quotes. */
const readGroups =
  'function names(text, word) { gsub(/"[^"]*"|\\047[^\\047]*\\047|#.*/, "", text);' +
  ' while (match(text, /[a-z0-9_][a-z0-9._-]*:( |$)/)) { word = substr(text, RSTART, RLENGTH); sub(/: ?$/, "", word);' +
  ' if (word != "dn" && word != "attribute") print word; text = substr(text, RSTART + RLENGTH) } }' +
  ' /^[^ #]/ { inside = /^directory:/; within = 0; next } inside && /^ +groups:/ { match($0, /^ +/); depth = RLENGTH; within = 1;' +
  ' sub(/^ +groups:/, ""); names($0); next } within && /[^ ]/ { match($0, /^ */); if (RLENGTH <= depth) within = 0; else names($0) }';

const configuration = '/etc/muster/muster.yaml';

function renderBash({ flags, verbs }: Line): string {
  const reply = (takes: Takes) => {
    switch (takes.kind) {
      case 'choice':
        return `COMPREPLY=($(compgen -W '${takes.of.join(' ')}' -- "$current"))`;
      case 'file':
        return 'COMPREPLY=($(compgen -f -- "$current"))';
      case 'folder':
        return 'COMPREPLY=($(compgen -d -- "$current"))';
      case 'group':
        return 'COMPREPLY=($(compgen -W "$(_muster_groups)" -- "$current"))';
      case 'words':
        return 'COMPREPLY=()';
    }
  };
  const after = (verb: string, { long, takes }: Flag) => (takes ? `\t${verb}:${long}) ${reply(takes)}; return ;;\n` : '');
  const words = (of: readonly Flag[]) => of.map(({ long }) => long).join(' ');
  const places = verbs.flatMap(({ name, places: all }) =>
    all.flatMap((takes, at) => (takes.kind === 'words' ? [] : [`\t${name}:${at}) ${reply(takes)} ;;\n`])),
  );
  return `# bash completion for muster, made from its own list of commands.
_muster_groups() {
	local file=\${MUSTER_CONFIG:-${configuration}} at
	for ((at = 1; at < COMP_CWORD; at++)); do
		[[ \${COMP_WORDS[at]} != --config ]] || file=\${COMP_WORDS[at + 1]}
	done
	awk '${readGroups}' "$file" 2>/dev/null
}
_muster() {
	local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' operands=0 at
	for ((at = 1; at < COMP_CWORD; at++)); do
		case $command:\${COMP_WORDS[at]} in
		:--config) at=$((at + 1)) ;;
		*:-*) ;;
		:*) command=\${COMP_WORDS[at]} ;;
		*) operands=$((operands + 1)) ;;
		esac
	done
	case $command:$previous in
${flags.map((flag) => after('*', flag)).join('')}${verbs.flatMap(({ name, flags: own }) => own.filter(({ long }) => !flags.some((one) => one.long === long)).map((flag) => after(name, flag))).join('')}	esac
	if [[ $current != -* ]]; then
		COMPREPLY=()
		case $command:$operands in
		:*) COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')}' -- "$current")) ;;
	${places.join('\t')}		esac
		if [[ -n $current || \${#COMPREPLY[@]} -gt 0 ]]; then return; fi
	fi
	local words='${words(flags)}'
	case $command in
${verbs.map(({ name, flags: own }) => `\t${name}) words='${words(own)}' ;;\n`).join('')}	esac
	COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _muster muster
`;
}

/** In single quotes of a POSIX-like shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function renderZsh({ flags, verbs }: Line): string {
  const action = (takes: Takes) => {
    switch (takes.kind) {
      case 'choice':
        return `choice:(${takes.of.join(' ')})`;
      case 'file':
        return 'file:_files';
      case 'folder':
        return 'folder:_files -/';
      case 'group':
        return 'group:_muster_groups';
      case 'words':
        return 'text: ';
    }
  };
  const flag = ({ long, about, takes }: Flag) =>
    quoted(`${long}[${about.replaceAll(/[[\]\\]/g, '\\$&')}]${takes ? `:${action(takes)}` : ''}`);
  const spec = (of: readonly string[]) => of.join(' \\\n\t\t\t');
  const verb = ({ name, flags: own, places }: Verb) =>
    `\t\t${name}) _arguments ${spec([...own.map(flag), ...places.map((takes, at) => quoted(`${at + 1}:${action(takes)}`))])} ;;\n`;
  return `#compdef muster
# zsh completion for muster, made from its own list of commands.
_muster_groups() {
	local file=\${MUSTER_CONFIG:-${configuration}} at=\${typed[(i)--config]}
	(( at < \${#typed} )) && file=\${typed[at+1]}
	local -a groups
	groups=(\${(f)"$(awk ${quoted(readGroups)} "$file" 2>/dev/null)"})
	compadd -a groups
}
_muster() {
	local curcontext="$curcontext" state line
	local -a typed commands
	typeset -A opt_args
	typed=("\${words[@]}")
	_arguments -C ${spec([...flags.map(flag), "'1: :->command'", "'*:: :->rest'"])}
	case $state in
	command)
		commands=(
${verbs.map(({ name, about }) => `\t\t\t${quoted(`${name}:${about}`)}\n`).join('')}		)
		_describe -t commands command commands ;;
	rest)
		case $words[1] in
${verbs.map(verb).join('')}		esac ;;
	esac
}
_muster "$@"
`;
}

function renderFish({ flags, verbs }: Line): string {
  const text = (of: string) => `'${of.replaceAll(/[\\']/g, '\\$&')}'`;
  const value = (takes: Takes | undefined) => {
    switch (takes?.kind) {
      case undefined:
        return '';
      case 'choice':
        return ` -x -a ${text(takes.of.join(' '))}`;
      case 'file':
        return ' -r -F';
      case 'folder':
        return " -x -a '(__fish_complete_directories)'";
      case 'group':
        return " -x -a '(__muster_groups)'";
      case 'words':
        return ' -x';
    }
  };
  const flag = (when: string, { long, about, takes }: Flag) =>
    `complete -c muster${when} -l ${long.slice(2)}${value(takes)} -d ${text(about)}\n`;
  const at = (name: string, operands: string) => ` -n '__muster_at "${name}"${operands}'`;
  const place = (name: string, takes: Takes, index: number) =>
    takes.kind === 'words' ? '' : `complete -c muster${at(name, ` ${index}`)}${value(takes).replace(' -x', '')}\n`;
  return `# fish completion for muster, made from its own list of commands.
function __muster_groups
    set -l file ${configuration}
    set -q MUSTER_CONFIG; and set file $MUSTER_CONFIG
    set -l typed (commandline -opc)
    set -l at (contains -i -- --config $typed); and set file $typed[(math $at + 1)]
    awk ${text(readGroups)} $file 2>/dev/null
end

# Is this the command that was typed, and, where a number is given, are so many operands behind it?
function __muster_at
    set -l command ''
    set -l operands 0
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if test "$word" = --config
            set skip 1
        else if string match -q -- '-*' $word
        else if test -z "$command"
            set command $word
        else
            set operands (math $operands + 1)
        end
    end
    test "$command" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $operands = $argv[2]
end

complete -c muster -f
${flags.map((one) => flag(one.long === '--version' ? at('', '') : '', one)).join('')}${verbs.map(({ name, about }) => `complete -c muster${at('', '')} -a ${name} -d ${text(about)}\n`).join('')}${verbs
    .flatMap(({ name, flags: own, places }) => [
      ...own.filter(({ long }) => !flags.some((one) => one.long === long)).map((one) => flag(at(name, ''), one)),
      ...places.map((takes, index) => place(name, takes, index)),
    ])
    .join('')}`;
}
