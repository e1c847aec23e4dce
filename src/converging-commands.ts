// What the half that holds the directory's credential can be told to do.
import type { Commands } from './command.ts';
import { runReconcile } from './reconcile/reconcile-command.ts';

export const converging: Commands = {
  reconcile: runReconcile,
  allow: async (invocation, caller) => (await import('./reconcile/allow-command.ts')).runAllow(invocation, caller),
  refuse: async (invocation, caller) => (await import('./reconcile/allow-command.ts')).runRefuse(invocation, caller),
  distrust: async (invocation, caller) => (await import('./reconcile/allow-command.ts')).runDistrust(invocation, caller),
  revoke: async (invocation, caller) => (await import('./revocation/revoke-command.ts')).runRevoke(invocation, caller),
  lift: async (invocation, caller) => (await import('./revocation/revoke-command.ts')).runLift(invocation, caller),
};
