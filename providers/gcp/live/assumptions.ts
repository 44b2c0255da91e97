/** What this adapter takes for true of Compute Engine: what a walk tries, and what it cannot try. Plain data. */
import type { Assumption } from "../../../src/provider.js"
import { ENDING } from "./table/ending.js"
import { LAUNCHING } from "./table/launching.js"
import { OBSERVING } from "./table/observing.js"

export { UNTRIED as untried } from "./table/untried.js"

export const assumptions: readonly Assumption[] = [...LAUNCHING, ...OBSERVING, ...ENDING]
