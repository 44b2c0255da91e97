/** Assumptions: what Muster takes for true of EC2, as data. Those that a walk tries, and those that it cannot. */
import type { Assumption } from "../../../src/provider.js"
import { GUESTS } from "./assumptions/guests.js"
import { LAUNCHES } from "./assumptions/launches.js"
import { LISTS } from "./assumptions/lists.js"
import { REQUESTS } from "./assumptions/requests.js"

export { UNTRIED } from "./assumptions/untried.js"

export const ASSUMPTIONS: readonly Assumption[] = [...LAUNCHES, ...LISTS, ...GUESTS, ...REQUESTS]
