/** The floors of the house: what a room may import stands below it. Types count as much as values. */
import { posix } from "node:path"
import type { Source } from "./source.js"

/**
 * Rooms, from the ground up: a folder ends with `/`, a door is one file. A file is in the room with the longest name that fits. Rooms
 * of one floor do not import each other; within a room files may, in no circle.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ["src/provider.ts", "src/text.ts"],
  [
    "src/errors.ts",
    "src/offer.ts",
    "src/rights.ts",
    "src/fleet/tags.ts",
    "src/fleet/lifecycle.ts",
    "src/guest/",
    "src/simulator/requests/",
  ],
  ["src/calls/", "src/input/", "src/fleet/unavailable.ts", "src/simulator/stock/", "src/simulator/faults/"],
  ["src/client/", "src/money/", "src/events.ts", "src/simulator/world/", "src/live/"],
  ["src/spec/worker/worker-fields.ts"],
  ["src/engines/engine.ts"],
  ["src/spec/", "src/tables/", "src/fleet/journal/", "src/simulator/provider/", "src/remote/"],
  [
    "src/spec.ts",
    "src/simulator/metadata/",
    "src/simulator/",
    "src/work/",
    "src/ready/",
    "src/demand/",
    "src/demand/bullmq/",
  ],
  ["src/engines/dask/"],
  ["providers/*/clouds.ts", "providers/*/tag-rules.ts", "providers/*/rights/"],
  ["providers/local/machine/"],
  ["providers/*/options.ts"],
  ["providers/*/limits.ts", "providers/*/options-check.ts"],
  ["providers/*/client/"],
  ["providers/*/offers/"],
  ["providers/*/prepare/"],
  ["providers/*/observe/"],
  ["providers/*/access/"],
  ["providers/*/launch/"],
  ["providers/*/end/"],
  ["providers/*/doctor/"],
  ["providers/*/live/"],
  ["providers/*/"],
  ["src/registry.ts", "src/engines/", "src/verbs/", "src/fleet/roster/"],
  ["src/fleet/state/"],
  // What the stages decide with.
  ["src/fleet/planning/", "src/fleet/ending/", "src/fleet/reports/", "src/fleet/replace.ts", "src/file/"],
  ["src/fleet/plan.ts", "src/fleet/terminate.ts"],
  ["src/fleet/targets/"],
  ["src/fleet/ownership/", "src/fleet/refusals/"],
  ["src/fleet/observing/", "src/fleet/offers/"],
  ["src/fleet/launching/", "src/fleet/spending/"],
  // The stages of a pass.
  ["src/fleet/launch.ts", "src/fleet/observe.ts", "src/fleet/receipt.ts"],
  ["src/fleet/opening/", "src/fleet/pass/"],
  ["src/fleet/reconcile.ts", "src/fleet/scaling/", "src/fleet/leftovers/"],
  [
    "src/fleet/loop.ts",
    "src/fleet/closing.ts",
    "src/fleet/explain/",
    "src/fleet/preview/",
    "src/exit/",
    "src/history/",
  ],
  // What a user holds.
  ["src/session/", "src/doctor/"],
  ["src/cluster.ts", "src/doctor.ts"],
  ["src/with-cluster.ts", "src/run-job.ts", "src/rehearsal/", "src/progress/"],
  ["src/index.ts", "src/cli/"],
]

/** In a double of a cloud, which imports the small cloud and nothing of its adapter above `client/`. */
export const WIRE_FLOORS: readonly (readonly string[])[] = [
  ["world/", "world.ts", "account.ts", "state.ts"],
  ["client/"],
  ["offers/"],
  ["prepare/"],
  ["access/"],
  ["observe/"],
  ["launch/"],
  ["end/"],
  ["guest/"],
  ["lies/"],
  [""],
]

interface Place {
  readonly room: string
  readonly floor: number
}

/** Undefined for a file without a floor. */
export function placeOf(path: string): Place | undefined {
  const wire = /^(providers\/[a-z]+\/wire\/)(.*)$/.exec(path)
  if (wire !== null) return roomIn(WIRE_FLOORS, wire[2] ?? "", (room) => `${wire[1]}${room}`)
  const [, cloud] = /^providers\/([a-z]+)\//.exec(path) ?? []
  return roomIn(FLOORS, path, (room) => room, cloud)
}

function roomIn(
  floors: readonly (readonly string[])[],
  path: string,
  nameOf: (room: string) => string,
  cloud = "*",
): Place | undefined {
  const rooms = floors.flatMap((names, floor) => names.map((name) => ({ name: name.replace("*", cloud), floor })))
  const fitting = rooms.filter(
    ({ name }) => name === "" || path === name || (name.endsWith("/") && path.startsWith(name)),
  )
  const [best] = fitting.sort((a, b) => b.name.length - a.name.length)
  return best === undefined ? undefined : { room: nameOf(best.name), floor: best.floor }
}

/** One sentence for each import that leads to another room on the same floor or on one above. */
export function climbs(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) =>
    targetsOf(source).flatMap((target) => {
      const [from, to] = [placeOf(source.path), placeOf(target)]
      if (from === undefined) return [`${source.path} is on no floor: give its room one in floors.ts`]
      if (to === undefined || from.room === to.room) return []
      const isApart = isWire(source.path) !== isWire(target)
      if (isApart) return []
      return to.floor < from.floor
        ? []
        : [`${source.path} imports ${target}, of ${to.room}: no floor below ${from.room}`]
    }),
  )
}

function isWire(path: string): boolean {
  return /^providers\/[a-z]+\/wire\//.test(path)
}

/** The shortest circle of imports, as a path from a file to itself; undefined where there is none. */
export function shortestCircle(sources: readonly Source[]): readonly string[] | undefined {
  const arrows = new Map(sources.map((source) => [source.path, targetsOf(source)]))
  const circles = [...arrows.keys()].flatMap((start) => {
    const circle = wayBack(arrows, start)
    return circle === undefined ? [] : [circle]
  })
  return circles.sort((a, b) => a.length - b.length)[0]
}

function wayBack(arrows: ReadonlyMap<string, readonly string[]>, start: string): readonly string[] | undefined {
  const reachedFrom = new Map<string, string>()
  const queue = [start]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const target of arrows.get(path) ?? []) {
      if (target === start) return [...trail(reachedFrom, path), start]
      if (reachedFrom.has(target)) continue
      reachedFrom.set(target, path)
      queue.push(target)
    }
  }
  return undefined
}

function trail(reachedFrom: ReadonlyMap<string, string>, end: string): readonly string[] {
  const before = reachedFrom.get(end)
  return before === undefined ? [end] : [...trail(reachedFrom, before), end]
}

function targetsOf({ path, imports }: Source): readonly string[] {
  const own = imports.filter(({ specifier }) => specifier.startsWith("."))
  return own.map(({ specifier }) => posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts"))
}
