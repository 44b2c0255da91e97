/** Watch: what must hold at every birth, looked at while a trial runs. */
import type { VirtualClock } from "../../src/calls/clock.js"
import type { World, WorldInstance } from "../../src/simulator/index.js"
import { oursIn, type Stage } from "./stage.js"

export interface Watch {
  /** What was wrong, in words. */
  readonly problems: string[]
  /** The most that were ever there at once. */
  most: number
  /** The target now; the ceiling is the highest so far. */
  aim(count: number): void
  /** The most instances that the cluster may have at once, whatever happens. */
  readonly ceiling: number | undefined
}

/**
 * Looks at all worlds after each birth.
 *
 * @param partOf what a target is for; the whole cluster when left out.
 */
export function watchBirths(
  { clock, worlds, bootMs }: Stage,
  ceiling: number | undefined,
  partOf: (instance: WorldInstance) => string = () => "",
): Watch {
  let highest = 0
  const watch: Watch = {
    problems: [],
    most: 0,
    ceiling,
    aim: (count) => {
      highest = Math.max(highest, count)
    },
  }
  for (const world of worlds) {
    const create = world.create.bind(world)
    world.create = (request) => {
      const creation = create(request)
      if (creation.kind === "created" && !creation.replayed) look()
      return creation
    }
  }
  const look = () => {
    const all = worlds.reduce((sum, world) => sum + oursIn(world, { states: ["pending", "running"] }).length, 0)
    const parts = new Map<string, number>()
    for (const one of worlds.flatMap((world) => wantedIn(world, clock, bootMs)))
      parts.set(partOf(one), (parts.get(partOf(one)) ?? 0) + 1)
    const wanted = Math.max(0, ...parts.values())
    watch.most = Math.max(watch.most, all)
    if (ceiling !== undefined && all > ceiling)
      watch.problems.push(`${all} instances live, above maxWorkers ${ceiling}`)
    if (wanted > highest)
      watch.problems.push(`${wanted} instances that nobody gave up, above every target (${highest})`)
  }
  return watch
}

/** Those that the cluster has no reason to replace: not under notice, not asked to go, not failed to boot. */
function wantedIn(world: World, clock: VirtualClock, bootMs: number): readonly WorldInstance[] {
  const doomed = new Set(world.notices().map(({ id }) => id))
  for (const { parameters } of world.ledger.of("TerminateInstances")) {
    for (const id of (parameters as { ids: readonly string[] }).ids) doomed.add(id)
  }
  const now = clock.now()
  return oursIn(world, { states: ["pending", "running"] }).filter(
    ({ id, state, createdAt }) => !doomed.has(id) && !(state === "pending" && now - createdAt > bootMs),
  )
}
