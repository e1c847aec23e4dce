// A preload for `node --require`: the process believes that it started at MUSTER_TEST_NOW (an ISO time), and time goes on from there.
// The kernel's clock follows, unless MUSTER_TEST_BOOT has another time for it; MUSTER_TEST_BOOT_ID names another boot.
// The built command is tested at any date this way, and its own code knows nothing of it. Timers are left alone.

const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const RealDate = Date;
const startsAt = RealDate.parse(process.env.MUSTER_TEST_NOW ?? '');
if (Number.isNaN(startsAt)) throw new Error(`MUSTER_TEST_NOW is no time: ${process.env.MUSTER_TEST_NOW}`);
const shift = startsAt - RealDate.now();

class ShiftedDate extends RealDate {
  constructor(...args) {
    // Date() with no argument is the only form that looks at the clock.
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...args);
  }

  static now() {
    return RealDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate;

const bootedAt = RealDate.UTC(2000, 0, 1);
const bootShift = process.env.MUSTER_TEST_BOOT ? RealDate.parse(process.env.MUSTER_TEST_BOOT) - RealDate.now() : shift;
const kernel = {
  '/proc/uptime': () => `${((RealDate.now() + bootShift - bootedAt) / 1000).toFixed(2)} 0.00\n`,
  '/proc/sys/kernel/random/boot_id': () => `${process.env.MUSTER_TEST_BOOT_ID ?? '11111111-1111-4111-8111-111111111111'}\n`,
};
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => (Object.hasOwn(kernel, path) ? kernel[path]() : readFileSync(path, ...rest));
syncBuiltinESMExports();
