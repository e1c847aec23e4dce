// A run's text as the journal takes it (sd-daemon(3)): every line with a priority, so that "journalctl -p warning" shows what needs a person
// and "-p notice" what was changed as well. A line that goes on below another has its priority.

export const priorities = { error: 3, warning: 4, notice: 5, info: 6 } as const;

type Priority = (typeof priorities)[keyof typeof priorities];

const needsPerson = /^ {2}[!?] /;

/** The first that fits; a line that stands by itself and fits none is information. */
const heads: readonly (readonly [RegExp, Priority])[] = [
  [/^PROBLEM |^group +\S+: FAILED|^status (?:2|5|6|70):/, priorities.error],
  [/^(?:WARNING|ROSTER|REFUSED|way back) |^group +\S+: (?:HELD|FROZEN)|^status [34]:/, priorities.warning],
  [needsPerson, priorities.warning],
  [/^(?:NOTE|waits) |^group +\S+: changed|^status 75:/, priorities.notice],
  [/^\S/, priorities.info],
];

export function renderForJournal(text: string): string {
  const lines = text.split('\n');
  let priority: Priority = priorities.info;
  const marked = lines.map((line, at) => {
    priority = heads.find(([head]) => head.test(line))?.[1] ?? priority;
    if (line === '') return '';
    // A hold alone does not say of which group it is.
    const isTitle = line.startsWith('group ') && below(lines, at).some((one) => needsPerson.test(one));
    return `<${isTitle ? Math.min(priority, priorities.warning) : priority}>${line}`;
  });
  return marked.join('\n');
}

/** The lines that go on below one. */
function below(lines: readonly string[], at: number): readonly string[] {
  const end = lines.findIndex((line, index) => index > at && !line.startsWith(' '));
  return lines.slice(at + 1, end === -1 ? undefined : end);
}
