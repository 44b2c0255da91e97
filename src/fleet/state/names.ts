/** Names and ids that are made up. */
import type { Clock } from "../../calls/clock.js"

export function randomHex(clock: Clock, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(clock.random() * 16).toString(16)).join("")
}

/** A name for a cluster that was given none. */
export function randomName(clock: Clock): string {
  return `cluster-${randomHex(clock, 8)}`
}
