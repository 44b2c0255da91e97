/**
 * Why VMs of a launch are missing. There is one way from Google's details to failures, wherever they stood: in a refusal of the
 * whole request, in the operation of the request, or in the operations of its single VMs.
 */
import { type Reason, shareOut } from "../../../src/client/failures.js"
import { RefusedError } from "../../../src/errors.js"
import type { LaunchCall, Launched, Offer, Scope } from "../../../src/provider.js"
import { COLD_MS, rowOf } from "../client/codes.js"
import { asError } from "../client/errors.js"
import { scopeOf } from "../client/refusals/scopes.js"
import { affectedOffers } from "../client/refusals/affected.js"
import type { ErrorDetails } from "../client/refusals/details.js"

export interface Cause {
  readonly details: ErrorDetails
  /** How many VMs have it; left out: an equal part of what is missing. */
  readonly count?: number
}

/** What is missing of a launch and why; together the failures add up to it. */
export type Missing = Pick<Launched, "failures" | "problem">

interface Part extends Reason {
  readonly problem?: Error
}

/** "launching 8 × n2-standard-4 (on-demand, europe-west2-a)" */
export function describeLaunch({ count, offers, zone }: LaunchCall): string {
  const types = [...new Set(offers.map(({ instanceType }) => instanceType))].join(" or ")
  return `launching ${count} × ${types} (${offers[0]?.market ?? "on-demand"}, ${zone ?? "any zone"})`
}

/**
 * Causes that are counted explain as many VMs as are missing at most. The rest is shared over all offers that were
 * asked, and marked as inferred.
 */
export function missingOf(region: string, call: LaunchCall, causes: readonly Cause[], missing: number): Missing {
  if (missing <= 0) return { failures: [] }
  const isCounted = causes.some(({ count }) => count !== undefined)
  const counted = causes.reduce((sum, { count = 1 }) => sum + count, 0)
  const explained = causes.length === 0 ? 0 : isCounted ? Math.min(counted, missing) : missing
  const parts = causes.flatMap((cause) => partsOf(region, call, cause))
  const problem = parts.find((part) => part.problem !== undefined)?.problem
  const failures = [
    ...shareOut(explained, distinct(parts)),
    ...shareOut(missing - explained, distinct(unexplained(region, call))),
  ]
  return { failures, ...(problem === undefined ? {} : { problem }) }
}

/** One cause is of each offer that it may be about. */
function partsOf(region: string, call: LaunchCall, { details, count = 1 }: Cause): readonly Part[] {
  const offers = affectedOffers(call.offers, details)
  const errors = offers.map((offer) => {
    const others = offers.filter((other) => other !== offer)
    return asError(details, { what: describeLaunch(call), region, offers: [offer, ...others] })
  })
  const [first] = errors
  if (first === undefined) return []
  if (!(first instanceof RefusedError)) {
    const { code, message } = first
    const reason = { reason: "rejected", scope: { provider: "gcp", region }, ttlMs: 0, code, message } as const
    return [{ reason, weight: count, problem: first }]
  }
  const refused = errors.filter((error) => error instanceof RefusedError)
  const isOfOne = rowOf(details)?.verdict === "refused" || rowOf(details) === undefined
  const reasons = (isOfOne ? ofFirstType(refused, offers) : refused).map(asReason)
  return reasons.map((reason) => ({ reason, weight: count / reasons.length }))
}

/** A refusal that names no type counts for the first type, until a later launch finds out which it is. */
function ofFirstType(refused: readonly RefusedError[], offers: readonly Offer[]): readonly RefusedError[] {
  return refused.filter((_error, index) => offers[index]?.instanceType === offers[0]?.instanceType)
}

function asReason(error: RefusedError): Reason["reason"] {
  const { count: _count, ...reason } = error.toFailure(0)
  return reason
}

/** Without any cause, the pools that were asked had no more. */
function unexplained(region: string, call: LaunchCall): readonly Part[] {
  const message = `${describeLaunch(call)}: Compute Engine gave fewer in ${region}, and did not say why`
  return call.offers.map((offer) => {
    const scope: Scope = scopeOf("pool", { region, offer })
    const code = "ZONE_RESOURCE_POOL_EXHAUSTED"
    return { reason: { reason: "capacity", scope, ttlMs: COLD_MS, code, message, inferred: true }, weight: 1 }
  })
}

/** The same cause of several VMs is one. */
function distinct(parts: readonly Part[]): readonly Part[] {
  const merged = new Map<string, Part>()
  for (const part of parts) {
    const { reason, code, scope } = part.reason
    const key = JSON.stringify([reason, code, scope])
    merged.set(key, { ...part, weight: part.weight + (merged.get(key)?.weight ?? 0) })
  }
  return [...merged.values()]
}
