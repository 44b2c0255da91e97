/** Luck: the random sequences of one world. The same seed gives the same ids, delays and faults. */
import { seededRandom } from "../../calls/clock.js"

/** Milliseconds: a fixed time, or a uniform sample of a range. */
export type Span = number | readonly [min: number, max: number]

/**
 * Independent sequences, so that scripting a fault changes neither the ids nor the delays of what it does not meet.
 */
export interface Luck {
  readonly ids: () => number
  readonly delays: () => number
  readonly faults: () => number
}

/** @param place keeps worlds of one seed but of different regions apart: ids are unique across them. */
export function luckOf(seed: number, place: string): Luck {
  const stream = (name: string) => seededRandom(hash(`${seed}/${place}/${name}`))
  return { ids: stream("ids"), delays: stream("delays"), faults: stream("faults") }
}

export function sampleSpan(span: Span, random: () => number): number {
  if (typeof span === "number") return span
  const [min, max] = span
  return Math.round(min + (max - min) * random())
}

export function longest(span: Span): number {
  return typeof span === "number" ? span : span[1]
}

export function hexDigits(count: number, random: () => number): string {
  let digits = ""
  while (digits.length < count)
    digits += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0")
  return digits.slice(0, count)
}

/** FNV-1a in 32 bits: spreads neighbouring seeds far apart. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  }
  return state >>> 0
}
