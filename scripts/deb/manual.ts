// muster(1) in the language of man(7), made from the tree of commands: a command or an option cannot be missing from it.
import type { Command } from 'commander';

export interface Edition {
  readonly version: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

/** A text as man(7) wants it: backslashes, hyphens that are typed, and lines that begin like a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function heading(page: string, section: number, { version, date }: Edition): string {
  return `.TH ${page} ${section} ${date} "muster ${version}" "System administration"\n`;
}

export function renderManual(program: Command, edition: Edition): string {
  return [
    heading('MUSTER', 1, edition),
    `.SH NAME\nmuster \\- keeps LDAP groups in sync with YAML files reviewed in GitLab\n`,
    `.SH SYNOPSIS\n.B muster\n.I COMMAND\n[options]\n`,
    `.SH DESCRIPTION\n${roff(program.description())}\n.PP\n`,
    `Results go to standard output, everything else to standard error. Options may stand before or after arguments.\n`,
    `.SH OPTIONS\n${renderOptions(program)}`,
    `.SH COMMANDS\n${program.commands.map(renderCommand).join('')}`,
    renderAfterHelp(program).replace('.SS Exit statuses', '.SH EXIT STATUS').replace('.SS Examples', '.SH EXAMPLES'),
    `.SH FILES\n.TP\n.I /etc/muster/muster.yaml\nthe host's configuration, see muster.yaml(5)\n`,
    `.TP\n.I /var/lib/muster\nthe record, rosters that were accepted, local revocations\n`,
    `.TP\n.I /usr/share/doc/muster/operating.md\nwhat to do about every message\n`,
    `.SH SEE ALSO\n.BR muster.yaml (5),\n.BR systemd.timer (5),\n.BR git (1),\n.BR rsync (1)\n`,
  ].join('');
}

function renderCommand(command: Command): string {
  const operands = command.registeredArguments.map((one) => (one.required ? one.name() : `[${one.name()}]`));
  const usage = [command.name(), ...operands].join(' ').toUpperCase().replace(command.name().toUpperCase(), command.name());
  return `.SS ${roff(usage)}\n${roff(command.description())}.\n${renderOptions(command)}${renderAfterHelp(command)}`;
}

function renderOptions(command: Command): string {
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help' || command.parent === null);
  return options.map((option) => `.TP\n.B ${roff(help.optionTerm(option))}\n${roff(help.optionDescription(option))}\n`).join('');
}

/** What commander prints after the help of a command: blocks with a title, printed as they are typed. */
function renderAfterHelp(command: Command): string {
  let whole = '';
  command.configureOutput({ writeOut: (text) => (whole += text) });
  command.outputHelp();
  const blocks = whole.slice(command.helpInformation().length).trim().split(/\n\n+/);
  return blocks
    .filter((block) => block !== '')
    .map((block) => {
      const [title = '', ...lines] = block.split('\n');
      return `.SS ${roff(title)}\n.nf\n${roff(lines.join('\n'))}\n.fi\n`;
    })
    .join('');
}

/** muster.yaml(5): the example that is installed, with its comments. */
export function renderConfigurationManual(example: string, edition: Edition): string {
  return [
    heading('MUSTER.YAML', 5, edition),
    `.SH NAME\nmuster.yaml \\- the configuration of muster on a host\n`,
    `.SH DESCRIPTION\nIt says what muster may touch on this host, and limits the policy: where both speak, the tighter wins.\n`,
    `YAML 1.2, read strictly: an error names file, line and key. Every key, with its comment:\n.PP\n.nf\n${roff(example.trimEnd())}\n.fi\n`,
    `.SH FILES\n.TP\n.I /etc/muster/muster.yaml\nunless MUSTER_CONFIG or \\-\\-config names another\n`,
    `.SH SEE ALSO\n.BR muster (1),\n.BR ldapvi.conf (5)\n`,
  ].join('');
}
