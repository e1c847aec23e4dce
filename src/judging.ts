// The half that reads what strangers can write: git, GitLab, the files of the policy. It holds no credential of the directory.
import { runJudge } from './judge/judge-command.ts';
import { begin } from './process.ts';

void begin({ judge: runJudge });
