/** Count: how many workers may be asked for. */
import type { Z } from "./parse.js"

/** More than any cloud's regional limit of one fleet (100,000 in "Quotas for EC2 Fleet and Spot Fleet"): surely a slip. */
export const MOST_WORKERS = 100_000

export const countSchema = (z: Z) =>
  z.int("use a whole number").min(0, "use 0 or more").max(MOST_WORKERS, `use at most ${MOST_WORKERS}`)
