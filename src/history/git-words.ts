// What git said when it failed, fit to be shown: without secrets, without control characters, and short.
import { basicCredentials } from './environment.ts';

const longest = 400;

/** The lines of git's stderr that say what went wrong, on one line. `remote:` lines are the server's text and are left out. */
export function renderGitWords(stderr: string, token?: string): string {
  const lines = redact(stderr, token)
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(/[^\x20-\x7e]/g, '?').trim())
    .filter((line) => line !== '' && !line.startsWith('remote:'));
  const telling = lines.filter((line) => /^(?:fatal|error):/.test(line));
  // Then it was ssh that failed, and what it said stands before.
  const ofSsh = lines.slice(0, Math.max(0, lines.indexOf('fatal: Could not read from remote repository.')));
  const words = (ofSsh.length > 0 ? ofSsh : telling.length > 0 ? telling : lines.slice(0, 1)).join('; ');
  if (words === '') return 'git gave no reason';
  return words.length > longest ? `${words.slice(0, longest)}…` : words;
}

function redact(text: string, token: string | undefined): string {
  const secrets = token === undefined || token === '' ? [] : [basicCredentials(token), token];
  const hidden = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  return hidden.replaceAll(/([a-z]:\/\/)[^\s/@]*@/gi, '$1');
}
