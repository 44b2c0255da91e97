/** What is known of a cluster's progress, from its events alone. Pure. */
import type { ClusterEvent, WorkerState } from "muster-vms"

export interface Progress {
  readonly title: string
  readonly desired: number
  /** Whether it has been asked for workers yet. */
  readonly asked: boolean
  readonly states: ReadonlyMap<string, WorkerState>
  /** When each worker was first seen to run, in milliseconds since 1970. */
  readonly ranAt: readonly number[]
  /** Tokens of launch calls whose outcome is open. */
  readonly openLaunches: ReadonlySet<string>
  readonly openTerminations: number
  /** USD per hour of what may run now, and USD up to `at`. */
  readonly pricePerHour: number
  readonly spent: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly at: number
  readonly closed: boolean
  /** What the workers do, where somebody counts it. */
  readonly work?: { readonly noun: string; readonly done: number; readonly total: number; readonly latest: string }
  readonly note: string
}

const HOUR_MS = 3_600_000

export function beginProgress(title: string, now: number): Progress {
  return {
    title,
    desired: 0,
    asked: false,
    states: new Map(),
    ranAt: [],
    openLaunches: new Set(),
    openTerminations: 0,
    pricePerHour: 0,
    spent: 0,
    startedAt: now,
    at: now,
    closed: false,
    note: "",
  }
}

/** The progress after one more event. */
export function advance(progress: Progress, event: ClusterEvent): Progress {
  const spent = spentAt(progress, event.at)
  return { ...progress, at: Math.max(progress.at, event.at), spent, ...changeOf(progress, event) }
}

/** USD up to a moment: what may run is paid for, as far as its price is known. */
export function spentAt({ at, spent, pricePerHour, closed }: Progress, now: number): number {
  return closed ? spent : spent + (pricePerHour * Math.max(0, now - at)) / HOUR_MS
}

export function countIn({ states }: Progress, ...wanted: readonly WorkerState[]): number {
  return [...states.values()].filter((state) => wanted.includes(state)).length
}

/** Nothing runs that has not been asked to go, and nothing is on its way: the cloud has heard everything. */
export function isToldToEnd(progress: Progress): boolean {
  const { openLaunches, openTerminations } = progress
  return openLaunches.size === 0 && openTerminations === 0 && countIn(progress, ...ENDABLE) === 0
}

const ENDABLE = ["pending", "running", "interrupted", "failed"] as const

function changeOf(progress: Progress, event: ClusterEvent): Partial<Progress> {
  switch (event.type) {
    case "target": {
      const desired = Object.values(event.desired).reduce((sum, count) => sum + count, 0)
      return { desired, asked: progress.asked || desired > 0 }
    }
    case "launch-started":
      return { openLaunches: new Set(progress.openLaunches).add(event.token) }
    case "launch-ended": {
      const isOpen = event.outcome === "unsettled" || event.outcome === "unknown"
      const openLaunches = new Set([...progress.openLaunches].filter((token) => isOpen || token !== event.token))
      return event.message === undefined ? { openLaunches } : { openLaunches, note: event.message }
    }
    case "worker":
      return workerChange(progress, event)
    case "termination-started":
      return { openTerminations: progress.openTerminations + 1 }
    case "termination-ended":
      return { openTerminations: progress.openTerminations - 1 }
    case "pass":
      return { pricePerHour: event.pricePerHour }
    case "problem":
    case "offer-unavailable":
      return { note: event.message }
    case "closed":
      return { closed: true, pricePerHour: 0 }
    default:
      return {}
  }
}

function workerChange(progress: Progress, event: Extract<ClusterEvent, { type: "worker" }>): Partial<Progress> {
  const states = new Map(progress.states).set(event.id, event.to)
  const ran = event.to === "running" && event.from !== "running"
  const note =
    event.to === "failed" || event.to === "lost" ? `${event.name} ${event.to}: ${event.reason ?? ""}` : undefined
  return { states, ...(ran ? { ranAt: [...progress.ranAt, event.at] } : {}), ...(note === undefined ? {} : { note }) }
}
