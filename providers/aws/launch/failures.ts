/**
 * Why instances of a launch are missing. A fleet names a reason for all of its pools at once, or one for each pool that EC2 tried,
 * and repeats the same reason for many of them. Pure.
 */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { type Reason, shareOut } from "../../../src/client/failures.js"
import { AuthError, type MusterError, NotFoundError, RefusedError, RejectedError } from "../../../src/errors.js"
import type { Failure, LaunchCall, Offer } from "../../../src/provider.js"
import { readAnswer } from "../client/answers.js"
import { COLD_MS, REFUSED_MS } from "../client/code-rows.js"
import { toMusterError } from "../client/errors.js"
import type { FleetBody } from "./fleet-bodies.js"
import { contextOf, type LaunchContext, describeLaunch } from "./context.js"
import type { ScopeKind } from "../../../src/tables/scopes.js"
import { scopeOf } from "../client/scopes.js"

type FleetError = Ec2.CreateFleetError
type Context = Omit<LaunchContext, "send">

interface PoolAnswer {
  readonly offer: Offer
  readonly error: MusterError
}

/** What the errors in an answer come to; the failures add up to what is short. */
export interface FleetReading {
  readonly failures: readonly Failure[]
  /** No offer can be better; `isAll`: the answer says nothing else. */
  readonly problem?: MusterError
  readonly isAll: boolean
}

export function readFleetErrors(
  context: Context,
  call: LaunchCall,
  errors: readonly FleetError[],
  made: number,
): FleetReading {
  const short = Math.max(0, call.count - made)
  if (short === 0) return { failures: [], isAll: false }
  const answers = tried(errors).flatMap((error) => readPool(context, call, error))
  const reasons = answers.length > 0 ? answers.map((answer) => reasonOf(context, answer)) : unexplained(context, call)
  const problem = problemIn(call, answers, made)
  const isAll = answers.every(({ error }) => isFinal(error) || error instanceof NotFoundError)
  return { failures: shared(reasons, short), isAll, ...(problem === undefined ? {} : { problem }) }
}

/**
 * A refusal of a whole request, which may ask for many pools. It is about the pools that its message names, else about the best pool
 * of the call: the other pools may not be the reason, and are tried next.
 */
export function narrowed(context: Context, call: LaunchCall, error: RefusedError): MusterError {
  const { cause } = error
  // What stood inside an answer is narrow already.
  if (!(cause instanceof Error)) return error
  const { offer, asked } = affected(call, cause.message)
  return toMusterError(cause, { ...contextOf(context, call, offer), asked })
}

/** A lack of capacity or of quota as data: of all pools that the message names, else of all pools of the call. */
export function shortages(context: Context, call: LaunchCall, error: RefusedError): readonly Failure[] {
  const { cause } = error
  if (!(cause instanceof Error) || call.offers.length <= 1) return [error.toFailure(call.count)]
  const named = namedIn(cause.message, call.offers)
  const reasons = (named.length > 0 ? named : call.offers).map((offer) =>
    reasonOf(context, { offer, error: toMusterError(cause, contextOf(context, call, offer)) }),
  )
  return shared(reasons, call.count)
}

/** The best offer of those that are named, as narrow as what was asked allows. */
function affected(call: LaunchCall, message: string): { readonly offer: Offer | undefined; readonly asked: ScopeKind } {
  const { zones } = namesIn(message, call.offers)
  const [offer = call.offers[0]] = namedIn(message, call.offers)
  const isOfOneZone = zones.size > 0 || call.offers.every(({ zone }) => zone === offer?.zone)
  return { offer, asked: isOfOneZone ? "type-in-zone" : "type" }
}

/**
 * "UnfulfillableCapacity" of a pool beside the reasons of others is of one that was not tried: a fleet tries a few pools and
 * names all others so, as users have measured. By itself it is all that EC2 says.
 */
function tried(errors: readonly FleetError[]): readonly FleetError[] {
  const reasons = errors.filter(({ ErrorCode }) => ErrorCode !== "UnfulfillableCapacity")
  return reasons.length > 0 ? reasons : errors
}

function readPool(context: Context, call: LaunchCall, error: FleetError): readonly PoolAnswer[] {
  const { ErrorCode: code = "Unknown", ErrorMessage: message = "" } = error
  const own = offersOf(call, error)
  if (own.length > 0)
    return own.map((offer) => ({ offer, error: readAnswer({ code, message }, contextOf(context, call, offer)) }))
  const { offer, asked } = affected(call, message)
  return offer === undefined
    ? []
    : [{ offer, error: readAnswer({ code, message }, { ...contextOf(context, call, offer), asked }) }]
}

/** The offers of the pool that an error names; none where it names no pool. */
function offersOf({ offers, body }: LaunchCall, { LaunchTemplateAndOverrides }: FleetError): readonly Offer[] {
  const { InstanceType: type, AvailabilityZone, SubnetId: subnet } = LaunchTemplateAndOverrides?.Overrides ?? {}
  if (type === undefined) return []
  const zone = AvailabilityZone ?? zoneOf(body as unknown as FleetBody, subnet)
  return offers.filter((offer) => {
    const isThere = zone === undefined || offer.zone === zone || offer.zone === subnet
    return offer.instanceType === type && isThere
  })
}

/** The zone that was named with a subnet, where an answer names only the subnet. */
function zoneOf({ fleet }: FleetBody, subnet: string | undefined): string | undefined {
  const { LaunchTemplateConfigs = [] } = fleet as unknown as Ec2.CreateFleetRequest
  const overrides = LaunchTemplateConfigs.flatMap((config) => config.Overrides ?? [])
  return overrides.find(({ SubnetId }) => subnet !== undefined && SubnetId === subnet)?.AvailabilityZone ?? subnet
}

/** The types and zones of offers that stand in a message of EC2. */
function namesIn(message: string, offers: readonly Offer[]) {
  const tokens = new Set(message.split(/[^\w.-]+/).map((word) => word.replace(/[.-]+$/, "")))
  const types = new Set(offers.map(({ instanceType }) => instanceType).filter((type) => tokens.has(type)))
  const zones = new Set(offers.map(({ zone }) => zone).filter((zone) => tokens.has(zone)))
  return { types, zones }
}

/** The offers that a message of EC2 names by type, by zone or by both; none where it names nothing. */
function namedIn(message: string, offers: readonly Offer[]): readonly Offer[] {
  const { types, zones } = namesIn(message, offers)
  if (types.size + zones.size === 0) return []
  const isNamed = ({ instanceType, zone }: Offer) =>
    (types.size === 0 || types.has(instanceType)) && (zones.size === 0 || zones.has(zone))
  return offers.filter(isNamed)
}

/** One pool's answer as data. An error that no offer could make better is about this pool alone while other pools were not refused so. */
function reasonOf({ region }: Context, { offer, error }: PoolAnswer): Reason["reason"] {
  const scope = scopeOf("type-in-zone", { offer, region })
  if (error instanceof NotFoundError) return { ...error.toFailure(0), scope }
  if (error instanceof RefusedError) return error.toFailure(0)
  const { code, message } = error
  return { reason: "rejected", scope, ttlMs: REFUSED_MS, code, message }
}

/** Where EC2 gives no reason, what is missing is shared over all pools of the call. */
function unexplained({ region }: Context, call: LaunchCall): readonly Reason["reason"][] {
  const code = "InsufficientInstanceCapacity"
  const message = `${describeLaunch(call)}: EC2 gave fewer, and did not say why`
  return call.offers.map((offer) => ({
    reason: "capacity",
    scope: scopeOf("pool", { offer, region }),
    ttlMs: COLD_MS,
    code,
    message,
    inferred: true,
  }))
}

/** Each different one once, with an equal share. */
function shared(reasons: readonly Reason["reason"][], short: number): readonly Failure[] {
  const distinct = new Map(reasons.map((reason) => [JSON.stringify([reason.code, reason.scope]), reason]))
  return shareOut(
    short,
    [...distinct.values()].map((reason) => ({ reason, weight: 1 })),
  )
}

/**
 * What is not known yet comes first: the others may change once it is. What is refused for good counts where no pool is left
 * that was not.
 */
function problemIn(call: LaunchCall, answers: readonly PoolAnswer[], made: number): MusterError | undefined {
  const missing = answers.find(({ error }) => error instanceof NotFoundError)
  if (made === 0 && missing !== undefined) return missing.error
  if (!answers.every(({ error }) => isFinal(error))) return undefined
  const isEveryPool = call.offers.every((offer) => answers.some((answer) => answer.offer === offer))
  return made === 0 || isEveryPool ? answers[0]?.error : undefined
}

function isFinal(error: MusterError): boolean {
  return error instanceof AuthError || error instanceof RejectedError
}
