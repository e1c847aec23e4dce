// Loaded into a process that is measured: leaves the peak of its resident memory, in kB, in a file.
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env['BENCH_PEAK_MEMORY'] ?? '/dev/null', String(process.resourceUsage().maxRSS)));
