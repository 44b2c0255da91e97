/** Ahead: what a cluster with an engine does before a target is set. */
import { firstOf } from "../../calls/aborts.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { FleetEngine } from "../../fleet/state/engine/fleet-engine.js"
import { workerGroups } from "../../fleet/state/engine/head.js"

/** So long the head may take to say who is idle, before some are chosen to go without that, in milliseconds. */
const ASK_MS = 2000

/** The check of each engine that has passed, or goes on. */
const checks = new WeakMap<FleetEngine, Promise<void>>()

/**
 * Checks the engine, and hears anew who is idle where some are to go.
 *
 * @throws what `checkEngine` throws; SpecError where more are wanted and this machine does not have the secrets of the head that lives.
 */
export async function ahead(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<void> {
  await checkEngine(fleet, targets)
  const isGrowing = [...targets].some(([name, count]) => count > fleet.roster.counted(name).length)
  // Nobody here would ever hear whether they have joined.
  if (isGrowing) await fleet.engine?.secrets.check()
  await askWhoIsIdle(fleet, targets)
}

/**
 * Whether what runs here, on the head and on workers goes together: asked once, where anything is wanted.
 *
 * @throws SpecError as the engine says it.
 */
export async function checkEngine(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<void> {
  const { engine, clock, signal } = fleet
  if (engine?.engine.check === undefined || [...targets.values()].every((count) => count === 0)) return
  const groups = workerGroups(fleet).map(([name, { group }]) => ({ name, fields: group.asked }))
  const check = checks.get(engine) ?? clock.busy("checking the engine", engine.engine.check(groups, signal))
  checks.set(engine, check)
  check.catch(() => checks.delete(engine))
  await check
}

/** So that these are chosen. Nothing waits for that long. */
async function askWhoIsIdle(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<void> {
  const { engine, clock, roster } = fleet
  const isShrinking = [...targets].some(([name, count]) => count > 0 && count < roster.counted(name).length)
  if (engine?.ask === undefined || !isShrinking) return
  const waited = new AbortController()
  const over = firstOf(fleet.signal, waited.signal)
  const late = clock.sleep(ASK_MS, over.signal).catch(() => {})
  try {
    await Promise.race([engine.ask().catch(() => {}), late])
  } finally {
    waited.abort(new Error("the head has answered"))
    over.letGo()
  }
}
