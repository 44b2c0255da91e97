/** Whether the longer suites run too: `npm run test:all`. `npm test` stays short without them. */
export const isLong = process.env.MUSTER_TESTS === "all"

/** Why a suite is not run, for its title. */
export const LONG = "in npm run test:all"
