// One story, told in three parts: an SRE installs muster on the maintenance hosts, watches it for a week, switches it on and forgets it; wakes up at
// three in the morning; and moves it to the other host. Each part goes on where the one before it ended.

import { afterAll, beforeAll } from 'vitest';
import { tellOfTheFailover } from './living/failover.ts';
import { tellOfTheFirstWeek } from './living/first-week.ts';
import { tellOfTheNight } from './living/night.ts';
import { Life } from './living/world.ts';

let life: Life;
beforeAll(async () => {
  life = await Life.begin();
});
afterAll(() => life.end());

tellOfTheFirstWeek(() => life);
tellOfTheNight(() => life);
tellOfTheFailover(() => life);
