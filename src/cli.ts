// The command line: commands, options and help. It decides nothing; what a command does is handed in.
import { Command, CommanderError, Option } from 'commander';
import { Misuse } from './errors.ts';

export interface Invocation {
  readonly command: string;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

const footer = `
Exit statuses
  0  in order          3  held: a person must look      6   directory refused or failed
  1  findings, or no   4  refused: files not in force   10  plan --exit-code: changes wait
  2  misuse            5  an input cannot be used       70  a bug    75  something did not answer

Examples
  muster check                                   is the policy in ./policy in order?
  muster status                                  how did the last run end, and what waits for whom?
  muster plan                                    what would the next run do, and why?
  muster explain urbanecm                        why is urbanecm in, or not?
  muster allow stewards sha256:… --reason "…"    let a held set through, once
`;

/**
 * Parses a command line without the program's name. Throws Misuse; gives undefined when help or the version was asked for, which `write` got.
 */
export function parseCommandLine(args: readonly string[], write: (text: string) => void, version = ''): Invocation | undefined {
  let invocation: Invocation | undefined;
  const take =
    (command: string) =>
    (...given: readonly unknown[]) => {
      const self = given.at(-1);
      const options = self instanceof Command ? self.optsWithGlobals() : {};
      invocation = {
        command,
        operands: given
          .slice(0, -2)
          .flat()
          .filter((one): one is string => typeof one === 'string'),
        options,
      };
    };
  const errors: string[] = [];
  let shown = '';
  const program = commandTree(take, version);
  for (const one of [program, ...program.commands])
    one.exitOverride().configureOutput({
      writeOut: (text) => (shown += text),
      writeErr: (text) => errors.push(text),
      outputError: (text) => errors.push(text),
    });
  try {
    program.parse(asOptions(args, program), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) {
      const word = program.args.find((one) => !one.startsWith('-'));
      // The help of a command that does not exist would be the general one.
      if (word !== undefined && !program.commands.some((one) => one.name() === word)) return parseCommandLine([word], write, version);
      write(shown);
      return undefined;
    }
    const said = errors
      .join('')
      .replace(/^error: /, '')
      .trim();
    if (/unknown option '--dry-run'/.test(said))
      throw new Misuse('there is no --dry-run: "muster plan" shows what would change, and never writes to the directory');
    throw new Misuse(
      said.startsWith('Usage: ') ? `say what to do\n\n${said}` : said || 'say what to do; "muster --help" shows the commands',
    );
  }
  if (invocation && needReason.has(invocation.command) && invocation.options['reason'] === undefined)
    throw new Misuse(`say why: muster ${invocation.command} … --reason "…"; it is kept in the record`);
  return invocation;
}

/** commander would ask for an option before it asks for an argument; `revoke` needs one too, but for `--list`. */
const needReason: ReadonlySet<string> = new Set(['allow', 'refuse', 'lift', 'distrust']);

/** `muster help`, as many programs have it, for `--help`. */
function asOptions([first, command, ...rest]: readonly string[], program: Command): string[] {
  const given = [first, command, ...rest].filter((one) => one !== undefined);
  if (first !== 'help') return given;
  const isKnown = command === undefined || program.commands.some((one) => one.name() === command);
  return isKnown ? [...given.slice(1, 2), '--help'] : given.slice(1);
}

type Take = (command: string) => (...given: readonly unknown[]) => void;

export function commandTree(take: Take, version = ''): Command {
  const program = new Command('muster')
    .description('Keeps LDAP groups in sync with YAML files reviewed in GitLab, and proves for every member who approved it and when.')
    .usage('COMMAND [options]')
    .helpCommand(false)
    .helpOption('-h, --help', 'show help; after a command, the help of that command')
    .version(version, '--version', 'show which muster this is, and on which Node it runs')
    .option('--config <file>', 'the host’s configuration (default: $MUSTER_CONFIG, or /etc/muster/muster.yaml)')
    .addHelpText('after', footer)
    .showSuggestionAfterError();
  policyCommands(program, take);
  beginning(program, take);
  mergeRequestCommands(program, take);
  runCommands(program, take);
  decisionCommands(program, take);
  personCommands(program, take);
  for (const one of program.commands) if (one.name() !== 'check' && one.name() !== 'init') showConfig(one, program);
  return program;
}

/** An option of the program is one of its commands too, and their pages would leave it out. */
function showConfig(command: Command, { options }: Command): void {
  command.configureHelp({ showGlobalOptions: true, visibleGlobalOptions: () => options.filter(({ long }) => long === '--config') });
}

const json = ['--json', 'one JSON document on standard output'] as const;

function policyCommands(program: Command, take: Take): void {
  program.commandsGroup('The policy, anywhere:');
  program
    .command('check')
    .description('check that the policy is well-formed and keeps its own rules (needs no configuration)')
    .argument('[dir]', 'the policy folder', 'policy')
    .option(...json)
    .addOption(
      new Option('--format <format>', 'how to print the findings').choices(['text', 'json', 'junit', 'codequality']).default('text'),
    )
    .option('--against <rev>', 'also say what the changes since a revision do, and whose approval they need')
    .option('--ending-within <time>', 'also name the grants that end within this time, as in "7 days"')
    .addHelpText(
      'after',
      '\nExamples\n  muster check\n  muster check policy --format junit > report.xml\n  muster check --against origin/main\n',
    )
    .action(take('check'));
}

/** An option that may be given several times: one value a line. */
const several = (value: string, before: string | undefined): string => (before === undefined ? value : `${before}\n${value}`);

function beginning(program: Command, take: Take): void {
  program.commandsGroup('To begin with:');
  program
    .command('init')
    .description('write a first configuration and a policy project from what the directory, and GitLab, have now')
    .argument('<dir>', 'where muster.yaml and the folder policy-project are written; what is there already stays as it is')
    .requiredOption('--directory <url>', 'the LDAP server: ldaps://HOST, ldap://HOST with --start-tls, or ldapi://PATH')
    .requiredOption('--people <dn>', 'the entry below which everybody stands')
    .option('--group <name=dn>', 'a group to manage; may be given several times. Without it, every group that has people in it', several)
    .option('--bind-dn <dn>', 'the account to bind as; without it, the directory is read anonymously')
    .option('--password-file <file>', 'the file with the password of that account')
    .option('--ca-file <file>', 'who vouches for the LDAP server; without it, the system’s own list')
    .option('--start-tls', 'encrypt the connection to an ldap:// server')
    .option('--gitlab <url>', 'the GitLab server where merge requests are approved')
    .option('--project <path>', 'the path or number of the policy project there')
    .option('--token-file <file>', 'the file with a GitLab token (scopes read_api and read_repository); default: $MUSTER_GITLAB_TOKEN_FILE')
    .option('--gitlab-ca-file <file>', 'who vouches for GitLab; without it, the system’s own list')
    .option('--approver <uid=id>', 'somebody who may approve, with their numeric GitLab id; may be given several times', several)
    .addHelpText(
      'after',
      '\nIt changes nothing in the directory and asks no questions. It names what it could not find, and how to\nfind it. It ends with what "muster check" and "muster plan" say. A second run overwrites only the folder\n.muster of the policy project, which is muster itself for CI.\n' +
        '\nExamples\n  muster init access --directory ldaps://ldap.example.org --people ou=people,dc=example,dc=org \\\n    --bind-dn cn=reader,dc=example,dc=org --password-file password\n' +
        '  muster init access --directory ldapi:///run/slapd/ldapi --people ou=people,dc=example,dc=org \\\n    --group deployers=cn=deployers,ou=groups,dc=example,dc=org --approver alice=42 --approver bob=51\n',
    )
    .action(take('init'));
}

function mergeRequestCommands(program: Command, take: Take): void {
  program.commandsGroup('Merge requests on GitLab:');
  program
    .command('review')
    .description('show what a merge request does, what is wrong with it, and whose approval is missing')
    .argument('<merge-request>', 'its number')
    .option('--post', 'write it as the one note on the merge request, or bring that note up to date')
    .option(...json)
    .addHelpText('after', '\nExamples\n  muster review 12\n  muster review 12 --post\n')
    .action(take('review'));
  program
    .command('approve')
    .description('show what a merge request does, and sign exactly that with an SSH key, where approvals must be signed')
    .argument('<merge-request>', 'its number; without GitLab the name of a branch')
    .option(
      '--key <file>',
      'the key: its private file, or the public one whose other half an agent holds; default: the one that the policy names, among those that your git signs with, your agent holds, or ~/.ssh has',
    )
    .option('--as <person>', 'who signs, as policy.yaml names them; default: whose key it is')
    .option('--print', 'print the text that is signed, for whoever signs it on another machine, and sign nothing')
    .addHelpText(
      'after',
      '\nIt fetches with what your git has: your agent, or the password that is stored for the server. It posts the\nsignature as a comment where MUSTER_GITLAB_TOKEN_FILE names a file with a token of yours (scope api), else\npushes it as a note of git, else prints it for you to paste. Without GitLab (evidence: signed) you sign a\nbranch, and the signature is a note.\n' +
        '\nExamples\n  muster approve 12\n  muster approve 12 --key ~/.ssh/muster\n  muster approve 12 --print --as alice > statement\n  muster approve grant-urbanecm\n',
    )
    .action(take('approve'));
  program
    .command('request')
    .description('ask for access, for more time, or for its end: write the file and open the merge request')
    .argument('[group]', 'the group')
    .argument('[uid]', 'the person’s uid in the directory')
    .option('--until <day>', 'the last day with access, UTC, or a time with its zone')
    .option('--from <day>', 'the first day with access; from the merge on without it')
    .option('--reason <text>', 'why; it is public where the repository is')
    .option('--contact <text>', 'where the person can be reached')
    .option('--ticket <ticket>', 'the ticket that asked for it')
    .option('--understood <version>', 'the version of the group’s text that the person has read')
    .option('--revoke', 'ask for the end of the access instead')
    .option('--mend <merge-request>', 'open the two merge requests that mend one which was merged without approval')
    .addHelpText(
      'after',
      '\nIt needs a muster.yaml with the sections repository and gitlab (docs/requesting.md, "From a terminal").\n' +
        'MUSTER_GITLAB_TOKEN_FILE names a file with your own token (scope api). Without any token the steps by hand\nare printed.\n' +
        '\nExamples\n  muster request klaxon-users urbanecm --until 2026-12-07 --reason "Abuse wave" --contact "irc urbanecm" --understood 2026-11-01\n  muster request klaxon-users urbanecm --revoke\n  muster request --mend 12\n',
    )
    .action(take('request'));
}

function runCommands(program: Command, take: Take): void {
  program.commandsGroup('On the maintenance host:');
  program
    .command('status')
    .description('show on one screen the last run, each group, what waits and for whom (read-only)')
    .option(...json)
    .addHelpText(
      'after',
      '\nIt reads the state folder only. It ends with 0, or with 5 where the ledger or the record cannot be read.\n\nExamples\n  muster status\n  muster status --json | jq "{lastRun, waiting, refused}"\n',
    )
    .action(take('status'));
  program
    .command('plan')
    .description('show what would change, whether it is allowed, and why (read-only)')
    .option(...json)
    .option('--exit-code', 'end with 10 when changes wait to be made')
    .addHelpText('after', '\nExamples\n  muster plan\n  muster plan --json | jq ".groups[] | {group, state, members}"\n')
    .action(take('plan'));
  program
    .command('reconcile')
    .description('judge, plan, make the changes, and record them (muster.service runs this)')
    .option(...json)
    .option('--judged', 'do not judge, but use what muster-judge.service has judged')
    .addHelpText('after', '\nExamples\n  muster reconcile\n  muster --config /etc/muster/test.yaml reconcile --json\n')
    .action(take('reconcile'));
  program
    .command('judge')
    .description('fetch and judge what is new on the branch (muster-judge.service runs this)')
    .option(...json)
    .option('--begin-anew', 'as root: begin a new record from repository.start; the old one is kept beside it')
    .addHelpText('after', '\nExamples\n  muster judge\n  muster judge --json | jq ".pending"\n')
    .action(take('judge'));
  program
    .command('doctor')
    .description('check that host, repository, GitLab and directory are set up as the policy assumes (read-only)')
    .option(...json)
    .addHelpText('after', '\nExamples\n  muster doctor\n  muster doctor --json | jq ".checks[] | select(.severity != \\"ok\\")"\n')
    .action(take('doctor'));
  program
    .command('verify')
    .description('check what the host keeps, from copies and without trusting it: for an auditor, on any machine (read-only)')
    .option(...json)
    .addHelpText(
      'after',
      '\nIn the configuration, state, judged and repository.url must name copies. It judges every change again from the\nrecord, and asks neither GitLab nor the directory. It ends with 0 and what each grant in force rests on, or with 1\nand the first line that does not hold.\n' +
        '\nExamples\n  muster verify\n  muster --config audit/muster.yaml verify --json | jq .restsOn\n',
    )
    .action(take('verify'));
}

/** In the same group of the help. */
function decisionCommands(program: Command, take: Take): void {
  program
    .command('adopt')
    .description('print grant files, or a roster, for the members that a group has now, so that the first run changes nobody')
    .argument('<group>', 'the group; the policy on the branch must have its file')
    .option('--to <dir>', 'write the files below this folder, a clone of the policy repository; without it they are printed')
    .addHelpText('after', '\nExamples\n  muster adopt klaxon-users\n  muster adopt klaxon-users --to ~/access\n')
    .action(take('adopt'));
  program
    .command('allow')
    .description('approve one held set of changes; applied once, within 24 hours')
    .argument('<group>', 'the group that holds it')
    .argument('<digest>', 'as "muster plan" prints it, sha256:…')
    .option('--reason <text>', 'why this is right (required); it is kept in the record')
    .addHelpText(
      'after',
      '\nThe permission ends by itself, after 24 hours or once something of the set is done. If you allowed\na set by mistake, correct its source before the next run: a changed set is held again.\n\nExample\n  muster allow stewards sha256:5f1c… --reason "Half of the stewards changed with the election, T400000"\n',
    )
    .action(take('allow'));
  program
    .command('refuse')
    .description('give up on a merged change that is stuck, and mark it refused')
    .argument('<commit>', 'the twelve digits that "muster plan" prints, or all 40')
    .option('--reason <text>', 'why it is not waited for (required); it is kept in the record')
    .addHelpText('after', '\nExample\n  muster refuse 4f0c… --reason "The merge request was deleted on GitLab, T400001"\n')
    .action(take('refuse'));
  program
    .command('distrust')
    .description('stop counting the signatures of a person whose key was stolen: those that this host first sees after the loss')
    .argument('<person>', 'as policy.yaml names them')
    .option(
      '--key <fingerprint>',
      'only those made with this key: SHA256:…, as "ssh-keygen -l" prints it; without it, those made with any key',
    )
    .requiredOption('--since <time>', 'when the key was lost: 2026-12-01 (its first instant, UTC), or a time with its zone')
    .option('--reason <text>', 'why (required); it is kept in the record')
    .addHelpText('after', '\nExample\n  muster distrust alice --since 2026-12-01T08:00Z --reason "Laptop stolen on the train, T400003"\n')
    .action(take('distrust'));
}

function personCommands(program: Command, take: Take): void {
  program
    .command('revoke')
    .description('take somebody’s access away at once, in every managed group, until it is lifted (needs only the directory)')
    .argument('[uid]', 'whose')
    .option('--group <group>', 'from this group only')
    .option('--reason <text>', 'why (required, unless --list is given); it is kept in the record')
    .option('--list', 'show the revocations in force')
    .addHelpText('after', '\nExamples\n  muster revoke mallory --reason "Account taken over, T400002"\n  muster revoke --list\n')
    .action(take('revoke'));
  program
    .command('lift')
    .description('end a revocation')
    .argument('<uid>', 'whose')
    .option('--group <group>', 'the one of this group only')
    .option('--reason <text>', 'why (required); it is kept in the record')
    .addHelpText('after', '\nExample\n  muster lift mallory --reason "Account is theirs again, T400002"\n')
    .action(take('lift'));
  program
    .command('explain')
    .description('show why somebody is, or is not, a member: file, commit, merge request, approvers, times')
    .argument('<uid-or-group>', 'a person’s uid, or the name of a managed group')
    .option(...json)
    .addHelpText('after', '\nExamples\n  muster explain urbanecm\n  muster explain klaxon-users --json\n')
    .action(take('explain'));
  program
    .command('report')
    .description(
      'show everybody with access, why, and who approved it: now, at a moment, on a day, or in a period; also as a page or a spreadsheet',
    )
    .option('--at <time>', 'at this moment: 2026-12-07 (its first instant, UTC), or a time with its zone')
    .option('--on <day>', 'everybody who had access at any time of this day, UTC')
    .option('--since <time>', 'everybody who had access at any time since this moment, and what changed')
    .option('--public', 'leave out reasons, contacts, tickets, names of approvers, and who is revoked')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json', 'csv', 'html']).default('text'))
    .option(...json)
    .addHelpText(
      'after',
      '\nExamples\n  muster report\n  muster report --at 2026-03-09T12:00Z --format csv > march.csv\n  muster report --on 2026-03-09\n  muster report --since 2026-07-01 --at 2026-10-01 --format csv > quarter.csv\n  muster report --public --format html > public/index.html\n',
    )
    .action(take('report'));
}
