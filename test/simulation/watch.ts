/** Watch: what must hold at every birth, looked at while a trial runs. */
import type { VirtualClock } from "../../src/calls/clock.js"
import type { World } from "../../src/simulator/index.js"
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

/** Looks at all worlds after each birth. */
export function watchBirths({ clock, worlds, bootMs }: Stage, ceiling: number | undefined): Watch {
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
    const wanted = worlds.reduce((sum, world) => sum + countWanted(world, clock, bootMs), 0)
    watch.most = Math.max(watch.most, all)
    if (ceiling !== undefined && all > ceiling)
      watch.problems.push(`${all} instances live, above maxWorkers ${ceiling}`)
    if (wanted > highest)
      watch.problems.push(`${wanted} instances that nobody gave up, above every target (${highest})`)
  }
  return watch
}

/** Those that the cluster has no reason to replace: not under notice, not asked to go, not failed to boot. */
function countWanted(world: World, clock: VirtualClock, bootMs: number): number {
  const doomed = new Set(world.notices().map(({ id }) => id))
  for (const { parameters } of world.ledger.of("TerminateInstances")) {
    for (const id of (parameters as { ids: readonly string[] }).ids) doomed.add(id)
  }
  const now = clock.now()
  return oursIn(world, { states: ["pending", "running"] }).filter(
    ({ id, state, createdAt }) => !doomed.has(id) && !(state === "pending" && now - createdAt > bootMs),
  ).length
}
