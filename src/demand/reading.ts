/** Reading: what a demand has answered, or what is wrong with that. Pure. */
import { show } from "../input/parse.js"
import type { Wanted } from "./types.js"

/** What to do is the same of every answer that is none. */
const RULE = "use a number of workers from 0 on, or { workers, seconds }"

/** @throws TypeError that shows the answer where it is no demand. */
export function readingOf(answer: unknown): Wanted {
  if (isAmount(answer)) return { workers: answer }
  if (typeof answer !== "object" || answer === null) throw new TypeError(`it returned ${shown(answer)}; ${RULE}`)
  const { workers, seconds } = answer as Partial<Wanted>
  if (!isAmount(workers)) throw new TypeError(`it returned workers ${shown(workers)}; ${RULE}`)
  if (seconds === undefined) return { workers }
  if (!isAmount(seconds))
    throw new TypeError(`it returned seconds ${shown(seconds)}; use a number from 0 on, or leave it out`)
  return { workers, seconds }
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0
}

/** A 5n that were shown as 5 would look right. */
function shown(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : show(value)
}
