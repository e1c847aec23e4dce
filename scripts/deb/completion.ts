// Completion for bash, made from the tree of commands. It asks nothing and nobody: names of people and groups are not completed.
import type { Command, Option } from 'commander';

export function renderCompletion(program: Command): string {
  const commands = program.commands.map((command) => command.name());
  return `# bash completion for muster, made from its own list of commands.
_muster() {
	local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' word
	for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		${commands.join(' | ')}) command=$word; break ;;
		esac
	done
	case $command:$previous in
${valueCases(program).join('')}	esac
	local words
	case $command in
${program.commands.map((command) => `\t${command.name()}) words='${optionsOf(program, command).join(' ')}' ;;\n`).join('')}	*) words='${[...commands, ...optionsOf(program, program)].join(' ')}' ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$current"))
	[[ $command != check || $current == -* ]] || COMPREPLY+=($(compgen -d -- "$current"))
}
complete -F _muster muster
`;
}

/** What may follow an option that takes a value: a file, one of its choices, or what nobody can guess. */
function valueCases(program: Command): readonly string[] {
  const after = (command: string, option: Option) => {
    const reply = option.argChoices
      ? `COMPREPLY=($(compgen -W '${option.argChoices.join(' ')}' -- "$current"))`
      : option.flags.includes('<file>')
        ? 'COMPREPLY=($(compgen -f -- "$current"))'
        : 'COMPREPLY=()';
    return `\t${command}:${option.long ?? ''}) ${reply}; return ;;\n`;
  };
  const takingValues = (command: Command) => command.options.filter(({ required, optional }) => required || optional);
  return [
    ...takingValues(program).map((option) => after('*', option)),
    ...program.commands.flatMap((command) => takingValues(command).map((option) => after(command.name(), option))),
  ];
}

function optionsOf(program: Command, command: Command): readonly string[] {
  const own = command === program ? [] : command.options;
  return [...own, ...program.options].flatMap(({ long }) => long ?? []).concat('--help');
}
