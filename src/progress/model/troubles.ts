/** What went wrong so far, grouped by kind and code. Pure. */
import type { ClusterEvent, EventOf } from "../../events.js"
import type { Scope } from "../../provider.js"
import type { Explanation } from "../../fleet/explain/explanation.js"
import { counts } from "../../fleet/lifecycle.js"
import { kindOf, kindOfReason, rankOf, type TroubleKind } from "./kinds.js"
import type { Trouble } from "./types.js"

/** Codes come from clouds and may be any number; all more are one of their kind. */
const MOST_CODES = 40

/** More of a message, as of a whole console, is for `explain()`. */
const MOST_CHARACTERS = 1_000

/** Refusals that an event of their own counts, by instances and with the cloud's code. */
const COUNTED_ELSEWHERE: ReadonlySet<string> = new Set(["CapacityError", "QuotaError"])

interface Told {
  readonly code: string
  readonly message: string
  readonly scope?: string
  readonly count?: number
  readonly until?: number
}

type Row = { -readonly [K in keyof Trouble]: Trouble[K] }

export class Troubles {
  readonly #rows = new Map<string, Row>()

  hear(event: ClusterEvent, now: number): void {
    const found = troubleIn(event)
    if (found !== undefined) this.#add(found.kind, found, now)
  }

  /** Takes over when what is missing is tried again. */
  see({ groups }: Pick<Explanation, "groups">, now: number): void {
    for (const row of this.#rows.values()) {
      const reasons = groups.flatMap(({ shortfall }) => shortfall.reasons)
      const moments = reasons.flatMap(({ code, retryAt = 0 }) => (code === row.code && retryAt > now ? [retryAt] : []))
      if (moments.length > 0) row.nextTryAt = Math.round(Math.min(...moments))
    }
  }

  /** By kind, then the most frequent first. What is tried again at a moment that has passed has no such moment. */
  list(now: number): readonly Trouble[] {
    const rows = [...this.#rows.values()].map(({ nextTryAt, ...row }) =>
      nextTryAt !== undefined && nextTryAt > now ? { ...row, nextTryAt } : row,
    )
    return rows.sort((a, b) => rankOf(a.kind) - rankOf(b.kind) || b.count - a.count || (a.code < b.code ? -1 : 1))
  }

  #add(kind: TroubleKind, { code, message, scope = "", count = 1, until }: Told, now: number): void {
    const row = this.#rowOf(kind, code, now)
    row.count += count
    row.lastAt = Math.max(row.lastAt, now)
    row.message = message === "" ? row.message : message.slice(0, MOST_CHARACTERS)
    row.scope = scope === "" ? row.scope : scope
    if (until !== undefined) row.nextTryAt = Math.round(until)
  }

  #rowOf(kind: TroubleKind, wanted: string, now: number): Row {
    const known = this.#rows.get(`${kind} ${wanted}`)
    if (known !== undefined) return known
    const code = this.#rows.size < MOST_CODES ? wanted : "and others"
    const key = `${kind} ${code}`
    const row = this.#rows.get(key) ?? { kind, code, count: 0, message: "", scope: "", lastAt: now }
    this.#rows.set(key, row)
    return row
  }
}

type Found = Told & { readonly kind: TroubleKind }

function troubleIn(event: ClusterEvent): Found | undefined {
  switch (event.type) {
    case "call":
      return event.error === undefined || COUNTED_ELSEWHERE.has(event.error)
        ? undefined
        : {
            kind: kindOf(event.error),
            code: event.error,
            message: event.message ?? "",
            scope: `${event.api} ${event.region}`,
          }
    case "offer-unavailable": {
      const { reason, code, count, message, until, scope } = event
      return { kind: kindOfReason(reason), code, count, message, until, scope: scopeText(scope) }
    }
    case "worker":
      return workerTrouble(event)
    case "ready":
      return event.action === "replace" ? unreadyTrouble(event) : undefined
    case "termination-ended":
      return event.failed.length === 0
        ? undefined
        : {
            kind: "unanswered",
            code: "TerminationFailed",
            count: event.failed.length,
            message: "not ended yet; asked again",
          }
    case "budget":
      return { kind: "budget", code: event.limit, message: event.message, scope: event.group ?? "" }
    case "problem":
      return { kind: kindOf(event.error), code: event.error, message: event.message, scope: event.group ?? "" }
    case "finished":
      return event.outcome === "success" ? undefined : { ...endTrouble(event), scope: event.name }
    case "head":
      return headTrouble(event)
    case "closed":
      return event.leaked === 0
        ? undefined
        : { kind: "leaked", code: "LeakError", count: event.leaked, message: "not confirmed gone" }
    default:
      return undefined
  }
}

/** Another one that has taken its place is none. */
function headTrouble({ what, message, name }: EventOf<"head">): Found | undefined {
  return what === "lost" ? { kind: "lost", code: "HeadLost", message, scope: name } : undefined
}

function endTrouble({ step, exitCode, tail = "" }: EventOf<"finished">): Pick<Found, "kind" | "code" | "message"> {
  if (step === undefined) return { kind: "failed", code: "unknown", message: "ended, and nothing tells how" }
  const lastLine = tail.slice(tail.lastIndexOf("\n") + 1)
  return {
    kind: "failed",
    code: `${step}-${exitCode}`,
    message: lastLine || `${step} ended with exit code ${exitCode}`,
  }
}

/** Its end is ours, so that its state tells nothing of it; one that is kept is told by that. */
function unreadyTrouble({ name, check, exitCode, tail = "" }: EventOf<"ready">): Found {
  if (check === undefined) return { kind: "failed", code: "ready", message: "was not ready in time", scope: name }
  const lastLine = tail.slice(tail.lastIndexOf("\n") + 1)
  const message = `the check ${check} ended with exit code ${exitCode}${lastLine === "" ? "" : `: ${lastLine}`}`
  return { kind: "failed", code: `ready-${exitCode}`, message, scope: name }
}

const BAD_STATES: Readonly<Record<string, TroubleKind>> = { failed: "failed", lost: "lost", interrupted: "interrupted" }

/** Once for each worker: when it leaves the states in which it counts, and not because it was asked to. */
function workerTrouble({ from, to, name, reason }: EventOf<"worker">): Found | undefined {
  if (from !== undefined && !counts(from)) return undefined
  const kind = BAD_STATES[to] ?? (to === "terminated" && reason !== undefined ? "failed" : undefined)
  return kind === undefined ? undefined : { kind, code: kind, message: reason ?? "", scope: name }
}

function scopeText({ provider, region, zone, family, instanceType, market }: Scope): string {
  return [zone ?? region ?? provider, instanceType ?? family, market].filter((part) => part !== undefined).join(" ")
}
