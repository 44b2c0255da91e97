/** What the demo measures, from a cluster's events alone: when workers ran, and whether all are told to end. Pure. */
import type { ClusterEvent, WorkerState } from "muster-vms"

export interface Tally {
  readonly states: ReadonlyMap<string, WorkerState>
  /** When each worker was first seen to run, in milliseconds since 1970. */
  readonly ranAt: readonly number[]
  /** Tokens of launch calls whose outcome is open. */
  readonly openLaunches: ReadonlySet<string>
  readonly openTerminations: number
}

export const NOTHING_YET: Tally = { states: new Map(), ranAt: [], openLaunches: new Set(), openTerminations: 0 }

/** The tally after one more event. */
export function advance(tally: Tally, event: ClusterEvent): Tally {
  return { ...tally, ...changeOf(tally, event) }
}

export function countIn({ states }: Tally, ...wanted: readonly WorkerState[]): number {
  return [...states.values()].filter((state) => wanted.includes(state)).length
}

/** Nothing runs that has not been asked to go, and nothing is on its way: the cloud has heard everything. */
export function isToldToEnd(tally: Tally): boolean {
  const { openLaunches, openTerminations } = tally
  return openLaunches.size === 0 && openTerminations === 0 && countIn(tally, ...ENDABLE) === 0
}

const ENDABLE = ["pending", "running", "interrupted", "failed"] as const

function changeOf(tally: Tally, event: ClusterEvent): Partial<Tally> {
  switch (event.type) {
    case "launch-started":
      return { openLaunches: new Set(tally.openLaunches).add(event.token) }
    case "launch-ended": {
      const isOpen = event.outcome === "unsettled" || event.outcome === "unknown"
      return { openLaunches: new Set([...tally.openLaunches].filter((token) => isOpen || token !== event.token)) }
    }
    case "worker": {
      const states = new Map(tally.states).set(event.id, event.to)
      const ran = event.to === "running" && event.from !== "running"
      return ran ? { states, ranAt: [...tally.ranAt, event.at] } : { states }
    }
    case "termination-started":
      return { openTerminations: tally.openTerminations + 1 }
    case "termination-ended":
      return { openTerminations: tally.openTerminations - 1 }
    default:
      return {}
  }
}
