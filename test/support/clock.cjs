// A preload for `node --require`: the process believes that it started at MUSTER_TEST_NOW (an ISO time), and time goes on from there.
// The built command is tested at any date this way, and its own code knows nothing of it. Timers are left alone.

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
