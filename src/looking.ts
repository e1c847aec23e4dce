// The commands that people type to look, or to ask for something: they use both halves, and write to no directory.
import { looking } from './looking-commands.ts';
import { begin } from './process.ts';

void begin(looking);
