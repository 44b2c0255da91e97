/** Windows: how long something may still come into being, or be shown late. */
import type { Limits } from "../../provider.js"

/** For how long after it was sent a launch call may make what no list shows yet, its process gone or not. */
export function windowMs({ attemptMs, arrivalMs = attemptMs, consistencyMs }: Limits): number {
  return arrivalMs + consistencyMs
}
