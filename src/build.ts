// Which build of muster this is. What one build worked out and kept is not believed by another.

/** Put in by scripts/build.mjs: a digest of all sources. */
declare const MUSTER_BUILD: string | undefined;

/** Put in by scripts/build.mjs: what package.json says. */
declare const MUSTER_VERSION: string | undefined;

export const build: string = typeof MUSTER_BUILD === 'string' ? MUSTER_BUILD : 'unbuilt';

export const version: string = typeof MUSTER_VERSION === 'string' ? MUSTER_VERSION : 'unbuilt';
