/** Rows: which events of a cluster are of note, and what is kept of each. Pure. No tag's value and no environment is in any. */
import type { ClusterEventBody } from "../events.js"

/** What the cluster had cost at a moment: an estimate, as `cluster.cost()` has it. */
export interface CostRow {
  readonly type: "cost"
  /** USD until then, of all instances whose price is known. */
  readonly soFar: number
  /** USD an hour of all that lived then. */
  readonly perHour: number
  readonly byGroup: Readonly<Record<string, number>>
  /** How many instances these sums leave out. */
  readonly unpriced: number
}

/** Events that are kept with all that they tell. */
type KeptAsItIs = BodyOf<"target" | "adapt" | "budget" | "note" | "problem" | "idle" | "closed">

type BodyOf<T extends ClusterEventBody["type"]> = Extract<ClusterEventBody, { type: T }>

export type RowBody =
  | KeptAsItIs
  /** `count` instances are to be launched. */
  | Omit<BodyOf<"plan">, "count" | "calls">
  /** `count` launch calls have ended so, and made `made` instances. */
  | {
      readonly type: "launch-ended"
      readonly group: string
      readonly outcome: string
      readonly made: number
      readonly message?: string
    }
  /** `count` instances were refused. */
  | Omit<BodyOf<"offer-unavailable">, "count" | "until">
  /** `count` requests failed so; the words are those of the last one. */
  | {
      readonly type: "call"
      readonly provider: string
      readonly region: string
      readonly api: string
      readonly error: string
      readonly message?: string
    }
  /** `count` workers have changed so; `names` has the first of them. */
  | {
      readonly type: "worker"
      readonly group: string
      readonly from?: string
      readonly to: string
      readonly reason?: string
      /** An earlier process had launched them, and the one that writes took them over as they were. */
      readonly adopted?: true
      readonly names: readonly string[]
    }
  /** The work of `count` workers has ended so; `names` has the first of them, and the output is that of the last. */
  | (Omit<BodyOf<"finished">, "id" | "name" | "desired"> & { readonly names: readonly string[] })
  /** `count` workers have become ready, or failed their checks so; the words are those of the last. */
  | (Omit<BodyOf<"ready">, "id" | "name" | "afterMs"> & { readonly names: readonly string[] })
  /** `count` members of an engine have let go of what they held, or had not in their time. */
  | (Omit<BodyOf<"drained">, "id" | "name" | "afterMs"> & { readonly names: readonly string[] })
  /** The boots of `count` workers are over; `boots` has each one's name, and the milliseconds of each of `phases`. */
  | {
      readonly type: "boot"
      readonly group: string
      readonly provider: string
      readonly region: string
      readonly instanceType: string
      readonly outcome: "ready" | "ended"
      readonly phases: readonly string[]
      readonly boots: (readonly [name: string, ...ms: number[]])[]
    }
  /** What became of the engine's head. */
  | Omit<BodyOf<"head">, "id">
  | { readonly type: "termination-started" }
  | { readonly type: "termination-ended"; readonly failed: number }
  | CostRow
  /** The process let go of the cluster, whose workers go on. */
  | { readonly type: "detached" }
  /** `count` rows of one second were too many to keep. */
  | { readonly type: "more" }

/** What has happened, once or several times within a second. Moments are by the machine's clock, in milliseconds since 1970. */
export type HistoryRow = RowBody & { readonly at: number; readonly until?: number; readonly count: number }

/** What is kept of an event: a row, how many it counts for, and what tells it from others; undefined for what is not of note. */
interface Noted {
  readonly row: RowBody
  readonly count: number
  /** Rows of one second that have the same are one. */
  readonly key: string
}

/** Names that a row of many workers has. */
const MOST_NAMES = 10

function notedOf(event: ClusterEventBody, isAdopting: boolean): Noted | undefined {
  switch (event.type) {
    case "plan": {
      const { type, group, provider, region, instanceType, market, count } = event
      return noted({ type, group, provider, region, instanceType, market }, count)
    }
    case "launch-ended": {
      const { type, group, outcome, made, message } = event
      return noted({ type, group, outcome, made, ...(message && { message }) }, 1, [group, outcome])
    }
    case "offer-unavailable": {
      const { type, reason, code, scope, message, count } = event
      return noted({ type, reason, code, scope, message }, count, [reason, code, scope])
    }
    case "call":
      return callRow(event)
    case "worker": {
      const { type, name, group, from, to, reason } = event
      const adopted = isAdopting ? { adopted: true as const } : {}
      const row = { type, group, ...(from && { from }), to, ...(reason && { reason }), ...adopted }
      return noted({ ...row, names: [name] }, 1, row)
    }
    case "finished":
      return finishedRow(event)
    case "ready":
      return readyRow(event)
    case "boot":
      return bootRow(event)
    case "head":
      return headRow(event)
    case "drained":
      return drainedRow(event)
    case "termination-started":
      return noted({ type: event.type }, event.ids.length)
    case "termination-ended":
      return noted({ type: event.type, failed: event.failed.length }, event.accepted, event.type)
    case "launch-started":
    case "pass":
    case "tasks":
      return undefined
    default:
      return noted(event, 1)
  }
}

function callRow({ type, provider, region, api, error, message }: BodyOf<"call">): Noted | undefined {
  if (error === undefined) return undefined
  const key = [provider, region, api, error]
  return noted({ type, provider, region, api, error, ...(message && { message }) }, 1, key)
}

function finishedRow({ name, id: _id, desired: _desired, ...row }: BodyOf<"finished">): Noted {
  return noted({ ...row, names: [name] }, 1, [row.group, row.outcome, row.action, row.step, row.exitCode])
}

function readyRow({ name, id: _id, afterMs: _afterMs, ...row }: BodyOf<"ready">): Noted {
  return noted({ ...row, names: [name] }, 1, [row.group, row.isReady, row.action, row.check, row.exitCode])
}

function headRow({ id: _id, ...row }: BodyOf<"head">): Noted {
  return noted(row, 1)
}

function drainedRow({ name, id: _id, afterMs: _afterMs, ...row }: BodyOf<"drained">): Noted {
  return noted({ ...row, names: [name] }, 1, [row.group, row.hasLeft])
}

function bootRow({ name, phases, ...event }: BodyOf<"boot">): Noted {
  const { type, group, provider, region, instanceType, outcome } = event
  const row = { type, group, provider, region, instanceType, outcome, phases: phases.map(({ phase }) => phase) }
  return noted({ ...row, boots: [[name, ...phases.map(({ ms }) => Math.round(ms))]] }, 1, row)
}

function noted(row: RowBody, count: number, key: unknown = row): Noted {
  return { row, count, key: `${row.type} ${JSON.stringify(key)}` }
}

/** Rows that one second may have: more are counted in a last one. */
export const MOST_ROWS = 100

/** Events of one second, as rows. */
export class Gathering {
  readonly #rows = new Map<string, HistoryRow>()
  #more = 0

  get isEmpty(): boolean {
    return this.#rows.size === 0
  }

  /**
   * @param at by the machine's clock, in milliseconds since 1970.
   * @param isAdopting the workers of an earlier process are found.
   * @returns whether it was of note.
   */
  add(event: ClusterEventBody | CostRow | { readonly type: "detached" }, at: number, isAdopting = false): boolean {
    const found = event.type === "cost" || event.type === "detached" ? noted(event, 1) : notedOf(event, isAdopting)
    if (found === undefined) return false
    const { row, count, key } = found
    const before = this.#rows.get(key)
    if (before === undefined && this.#rows.size >= MOST_ROWS && isMany(row)) this.#more += 1
    else
      this.#rows.set(
        key,
        before === undefined
          ? { ...row, at, count }
          : { ...joined(before, row), count: before.count + count, until: at },
      )
    return true
  }

  /** What was gathered, in its order; nothing is left of it. */
  take(): readonly HistoryRow[] {
    const rows = [...this.#rows.values()]
    const at = rows.at(-1)?.at ?? 0
    const more: readonly HistoryRow[] = this.#more === 0 ? [] : [{ type: "more", at, count: this.#more }]
    this.#rows.clear()
    this.#more = 0
    return [...rows, ...more]
  }
}

/** What there may be many of, each a little different. */
function isMany({ type }: RowBody): boolean {
  return [
    "worker",
    "finished",
    "ready",
    "boot",
    "call",
    "launch-ended",
    "offer-unavailable",
    "plan",
    "note",
    "problem",
  ].includes(type)
}

type Named = { readonly names: readonly string[] }

function namesOf(before: Named, row: Named): readonly string[] {
  return before.names.length < MOST_NAMES ? [...before.names, ...row.names] : before.names
}

function joined(before: HistoryRow, row: RowBody): HistoryRow {
  if (before.type === "worker" && row.type === "worker") return { ...before, names: namesOf(before, row) }
  if (before.type === "finished" && row.type === "finished") {
    const { advice = row.advice } = before
    return { ...before, ...row, ...(advice === undefined ? {} : { advice }), names: namesOf(before, row) }
  }
  if (before.type === "ready" && row.type === "ready") return { ...before, ...row, names: namesOf(before, row) }
  if (before.type === "drained" && row.type === "drained") return { ...before, ...row, names: namesOf(before, row) }
  if (before.type === "boot" && row.type === "boot") {
    // Its own list grows: ten thousand boots in one second would be copied as often.
    before.boots.push(...row.boots)
    return before
  }
  if (before.type === "launch-ended" && row.type === "launch-ended")
    return { ...before, ...row, made: before.made + row.made }
  if (before.type === "termination-ended" && row.type === "termination-ended") {
    return { ...before, failed: before.failed + row.failed }
  }
  return { ...before, ...row } as HistoryRow
}
