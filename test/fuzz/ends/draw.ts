/** What a play of the fuzz of ends is, drawn from its seed. */
import { seededRandom } from "../../../src/calls/clock.js"
import { mixed } from "../seed.js"
import type { Edge } from "../../support/mortal.js"

/** When an owner dies, or is told to end: at an edge of one of its launch calls, and so long after it. */
export interface Moment {
  readonly edge: Edge
  /** The first, the second … request of that kind. */
  readonly number: number
  readonly afterMs: number
}

export interface Play {
  readonly seed: number
  /** `killed`: and then deleted. `told`: to end, and told again. */
  readonly end: "killed" | "told"
  /** Who ends what it has left: with its journal, or without. */
  readonly by: "delete here" | "delete elsewhere" | "close here" | "close elsewhere"
  readonly moment: Moment
  /** From the first time that it is told to the second, or from its death to whoever ends it, in milliseconds. */
  readonly pauseMs: number
  /** Workers that it had before. */
  readonly before: number
  readonly wanted: number
  readonly lagMs: number
  readonly createMs: number
  /** What happens to its first launch call. */
  readonly fault: "none" | "lose-reply" | "throttle" | "error"
  /** One kind of machine, or two to choose from. */
  readonly types: 1 | 2
  /** In a group of the user's, where the cloud has such. */
  readonly isShared: boolean
}

/** The play of a seed: always the same. */
export function playOf(seed: number): Play {
  const random = seededRandom(mixed(seed))
  const draw = <T>(from: readonly [T, ...T[]]): T => from[Math.floor(random() * from.length)] ?? from[0]
  const upTo = (ms: number) => Math.floor(random() * ms)
  const createMs = draw([50, 4_000, 8_000, 20_000, 40_000])
  const by = draw<Play["by"]>([
    "delete here",
    "delete here",
    "delete elsewhere",
    "delete elsewhere",
    "close here",
    "close elsewhere",
  ])
  // Who closes from elsewhere waits where there is no instance at all: with one that is told by the look at its beginning.
  const isAlone = by === "close elsewhere"
  return {
    seed,
    end: draw(["killed", "killed", "told"]),
    by,
    moment: {
      edge: draw(["before", "begin", "begin", "begin", "end", "end"]),
      number: draw([1, 1, 1, 3]),
      afterMs: draw([0, upTo(1_000), upTo(1_000), upTo(createMs), upTo(20_000)]),
    },
    pauseMs: draw([0, 0, 0, upTo(1_000), upTo(60_000)]),
    before: isAlone ? 0 : draw([0, 0, 0, 2]),
    wanted: isAlone ? 1 : draw([1, 3, 8]),
    lagMs: draw([0, 5_000, 20_000, 60_000, 60_000]),
    createMs,
    fault: draw(["none", "none", "none", "lose-reply", "throttle", "error"]),
    types: draw([1, 2]),
    isShared: draw([true, true, false]),
  }
}
