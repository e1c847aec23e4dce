// Makes a fresh clone ready: the right Node, the packages of package-lock.json, an OpenLDAP, an rsync and an ssh-keygen for the tests,
// and for some of them a Chromium and a 389 Directory Server where one can be had.
// Needs only Node, npm and, where these are not installed, Debian's apt; never root. The second time it has nothing to do.

import { prepareNode, preparePackages } from './packages.mjs';
import { prepareChromium } from './chromium.mjs';
import { prepare389 } from './ds389.mjs';
import { prepareOpenldap } from './openldap.mjs';
import { prepareProgram } from './programs.mjs';

const withSlapd = !process.argv.includes('--no-slapd');
/** The demo opens no page and has one directory. */
const forTests = !process.argv.includes('--for-demo');

try {
  prepareNode();
  preparePackages();
  if (withSlapd) {
    prepareOpenldap();
    prepareProgram('rsync', 'rsync');
  }
  if (withSlapd && forTests) {
    prepareProgram('ssh-keygen', 'openssh-client');
    prepareChromium();
    prepare389();
  }
} catch (error) {
  process.stderr.write(`prepare: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
