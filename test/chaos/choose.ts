/** Which points to die at: seeded, half of them while scaling and half while closing, no kind twice before all had a turn. */
import { seededRandom } from "../../src/calls/clock.js"
import type { Death } from "./errand.js"
import { type SeenPoint, withoutTime } from "./points.js"

/** An endless sequence of deaths, drawn from the points that a rehearsal passed. */
export function* chooseDeaths(points: readonly SeenPoint[], seed: number): Generator<Death, never> {
  const random = seededRandom(seed)
  const phases = [...new Set(points.map((point) => point.phase))]
  const decks = phases.map((phase) =>
    deal(
      points.filter((point) => point.phase === phase),
      random,
    ),
  )
  for (;;) {
    for (const deck of decks) {
      const point = deck.next().value
      yield { point: withoutTime(point), afterMs: Math.floor(random() * (point.lastedMs ?? 0)) }
    }
  }
}

/** Kinds (a step with its edge) in a random order, each time with another of its occurrences. */
function* deal(points: readonly SeenPoint[], random: () => number): Generator<SeenPoint, never> {
  const kinds = new Map<string, SeenPoint[]>()
  for (const point of points) {
    const kind = `${point.edge} ${point.step}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), point])
  }
  if (kinds.size === 0) throw new Error("the rehearsal passed no point at all")
  for (;;) {
    for (const kind of shuffled([...kinds.values()], random)) yield pick(kind, random)
  }
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}
