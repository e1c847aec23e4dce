// The half that holds the directory's credential. It has no git, no GitLab and no YAML of the policy.
import { converging } from './converging-commands.ts';
import { begin } from './process.ts';

void begin(converging);
