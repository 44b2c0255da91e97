/** Follow: has groups of an open cluster follow their demands. */
import { Adapter, type AdaptTold } from "../../demand/adapter.js"
import { commandDemand } from "../../demand/command.js"
import type { ResolvedAdapt } from "../../demand/options.js"
import type { Adapting, Demand } from "../../demand/types.js"
import { withDeadline } from "../../calls/deadline.js"
import { TimeoutError } from "../../errors.js"
import { acquire } from "../../fleet/opening/acquire.js"
import { closedError } from "../../verbs/verbs.js"
import { deadlineError } from "../../fleet/ending/deadline.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { GroupState } from "../../fleet/state/group-state.js"
import { moveTarget, NO_REST, renewLifetime, wakeHead, wakeStopped } from "../../fleet/targets/follow.js"
import { engineDemand } from "./engine-demand.js"
import { standingOf } from "./standing.js"

/** As long as other verbs wait for it. */
const LONGEST_MS = 10 * 60_000

/** @throws OwnershipError when others claim it faster; TimeoutError. */
export async function takeOver(fleet: Fleet): Promise<void> {
  const late = () =>
    new TimeoutError(`adapting "${fleet.owner.cluster}": it could not be taken over from whoever held it`)
  await withDeadline(fleet.clock, acquire(fleet), LONGEST_MS, late)
}

/**
 * Begins at once: what followed a demand in these groups ends.
 *
 * @throws RejectedError or BudgetError when the cluster's end, or what it may cost, is reached.
 */
export function follow(fleet: Fleet, wanted: ReadonlyMap<string, ResolvedAdapt>): Adapting {
  if (fleet.closing || fleet.leaving) throw closedError(fleet.owner.cluster)
  const isThere = fleet.roster.all.living.size > 0
  const over = fleet.money.over ?? (isThere || fleet.lifetimeMs === undefined ? deadlineError(fleet) : undefined)
  if (over !== undefined) throw over
  const adapters = new Map<string, Adapter>()
  for (const [name, asked] of wanted) {
    const state = fleet.groups.get(name)
    if (state === undefined) continue
    state.adapting?.end("another adapt took its place")
    const adapter = adapterOf(fleet, state, asked)
    state.adapting = adapter
    // As its group says, not as a call of scale did.
    state.drainMs = undefined
    adapters.set(name, adapter)
  }
  if ([...wanted.values()].some(({ demand }) => demand === undefined)) wakeHead(fleet)
  for (const adapter of adapters.values()) adapter.start()
  const targets = () => [...adapters.keys()].map((name) => [name, fleet.groups.get(name)?.desired ?? 0] as const)
  return {
    get target() {
      return targets().reduce((sum, [, target]) => sum + target, 0)
    },
    get targets() {
      return Object.fromEntries(targets())
    },
    stop: () => {
      for (const adapter of adapters.values()) adapter.end("it was stopped; the target stays")
    },
  }
}

function adapterOf(fleet: Fleet, state: GroupState, { bounds, everyMs, timeoutMs, demand }: ResolvedAdapt): Adapter {
  const { name } = state.group
  const { clock } = fleet
  let rest = NO_REST
  const adapter: Adapter = new Adapter(
    { clock, group: name, bounds, everyMs, timeoutMs, demand: demandOf(fleet, demand, everyMs) },
    {
      get target() {
        return state.desired
      },
      standing: () => standingOf(fleet, state, bounds.maximum),
      move: (target, wanted) => {
        rest = wakeStopped(fleet, state, rest, Math.min(wanted, bounds.maximum) > fleet.roster.ready(name))
        if (target > 0) renewLifetime(fleet)
        if (target !== state.desired) moveTarget(fleet, state, target)
      },
      tell: (told) => {
        if (told.kind === "ended" && state.adapting === adapter) state.adapting = undefined
        tell(fleet, name, told)
      },
    },
  )
  return adapter
}

function demandOf(fleet: Fleet, demand: ResolvedAdapt["demand"], everyMs: number): Demand {
  if (typeof demand === "function") return demand
  if (demand !== undefined) return commandDemand(demand, fleet.clock)
  const { engine } = fleet
  // Where there is no engine its absence was refused with the options.
  return engine === undefined ? () => 0 : engineDemand(engine, everyMs)
}

function tell(fleet: Fleet, group: string, told: AdaptTold): void {
  const { kind } = told
  if (kind === "note") fleet.emit({ type: "note", group, message: told.message })
  else if (kind === "problem") fleet.emit({ type: "problem", group, error: told.error, message: told.message })
  else {
    const { target, why } = told
    const wanted = kind === "target" && told.wanted !== undefined ? { wanted: told.wanted } : {}
    fleet.emit({ type: "adapt", group, target, ...wanted, why, ...(kind === "ended" ? { ended: true } : {}) })
  }
}
