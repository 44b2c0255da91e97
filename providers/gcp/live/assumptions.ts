/** What this adapter takes for true of Compute Engine: what a walk tries, and what it cannot try. Plain data. */
import type { Assumption } from "../../../src/provider.js"
import { ENDING } from "./assumptions/ending.js"
import { LAUNCHING } from "./assumptions/launching.js"
import { OBSERVING } from "./assumptions/observing.js"

export { UNTRIED } from "./assumptions/untried.js"

export const ASSUMPTIONS: readonly Assumption[] = [...LAUNCHING, ...OBSERVING, ...ENDING]
