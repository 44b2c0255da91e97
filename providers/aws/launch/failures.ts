/** What refusals of a fleet say: of all its pools at once, or one for each pool that EC2 tried, the same again for many. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { type Reason, shareOut } from "../../../src/client/failures.js"
import { AuthError, type MusterError, NotFoundError, RefusedError, RejectedError } from "../../../src/errors.js"
import type { Failure, LaunchCall, Offer } from "../../../src/provider.js"
import { readAnswer } from "../client/answers.js"
import { COLD_MS, REFUSED_MS } from "../client/code-rows.js"
import { toMusterError } from "../client/errors.js"
import type { FleetBody } from "./fleet-bodies.js"
import { doingOf, type LaunchMeans, launchWords } from "./context.js"
import { type ScopeKind, scopeOf } from "../client/scopes.js"

type FleetError = Ec2.CreateFleetError
type Means = Omit<LaunchMeans, "send">

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
  means: Means,
  call: LaunchCall,
  errors: readonly FleetError[],
  made: number,
): FleetReading {
  const short = Math.max(0, call.count - made)
  if (short === 0) return { failures: [], isAll: false }
  const answers = tried(errors).flatMap((error) => readPool(means, call, error))
  const told = answers.length > 0 ? answers.map((answer) => toldBy(means, answer)) : silence(means, call)
  const problem = problemIn(call, answers, made)
  const isAll = answers.every(({ error }) => isFinal(error) || error instanceof NotFoundError)
  return { failures: shared(told, short), isAll, ...(problem === undefined ? {} : { problem }) }
}

/**
 * A refusal of a whole request, which may ask for many pools. It is about those that its words name, else about the best one that
 * was asked: the others may not be the reason, and are asked next.
 */
export function narrowed(means: Means, call: LaunchCall, error: RefusedError): MusterError {
  const { cause } = error
  // What stood inside an answer is narrow already.
  if (!(cause instanceof Error)) return error
  const { offer, asked } = blamed(call, cause.message)
  return toMusterError(cause, { ...doingOf(means, call, offer), asked })
}

/** A lack of capacity or of quota as data: of all pools that the words name, or that were asked. */
export function shortages(means: Means, call: LaunchCall, error: RefusedError): readonly Failure[] {
  const { cause } = error
  if (!(cause instanceof Error) || call.offers.length <= 1) return [error.toFailure(call.count)]
  const named = namedIn(cause.message, call.offers)
  const told = (named.length > 0 ? named : call.offers).map((offer) =>
    toldBy(means, { offer, error: toMusterError(cause, doingOf(means, call, offer)) }),
  )
  return shared(told, call.count)
}

/** The best offer of those that are named, as narrow as what was asked allows. */
function blamed(call: LaunchCall, words: string): { readonly offer: Offer | undefined; readonly asked: ScopeKind } {
  const { zones } = namesIn(words, call.offers)
  const [offer = call.offers[0]] = namedIn(words, call.offers)
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

function readPool(means: Means, call: LaunchCall, error: FleetError): readonly PoolAnswer[] {
  const { ErrorCode: code = "Unknown", ErrorMessage: message = "" } = error
  const own = offersOf(call, error)
  if (own.length > 0)
    return own.map((offer) => ({ offer, error: readAnswer({ code, message }, doingOf(means, call, offer)) }))
  const { offer, asked } = blamed(call, message)
  return offer === undefined
    ? []
    : [{ offer, error: readAnswer({ code, message }, { ...doingOf(means, call, offer), asked }) }]
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

/** The types and zones of offers that stand in EC2's words. */
function namesIn(words: string, offers: readonly Offer[]) {
  const said = new Set(words.split(/[^\w.-]+/).map((word) => word.replace(/[.-]+$/, "")))
  const types = new Set(offers.map(({ instanceType }) => instanceType).filter((type) => said.has(type)))
  const zones = new Set(offers.map(({ zone }) => zone).filter((zone) => said.has(zone)))
  return { types, zones }
}

/** The offers that EC2's words name by type, by zone or by both; none where they name nothing. */
function namedIn(words: string, offers: readonly Offer[]): readonly Offer[] {
  const { types, zones } = namesIn(words, offers)
  if (types.size + zones.size === 0) return []
  const isNamed = ({ instanceType, zone }: Offer) =>
    (types.size === 0 || types.has(instanceType)) && (zones.size === 0 || zones.has(zone))
  return offers.filter(isNamed)
}

/** One pool's answer as data. What no offer could make better is about this pool while others were not refused so. */
function toldBy({ region }: Means, { offer, error }: PoolAnswer): Reason["reason"] {
  const scope = scopeOf("type-in-zone", { offer, region })
  if (error instanceof NotFoundError) return { ...error.toFailure(0), scope }
  if (error instanceof RefusedError) return error.toFailure(0)
  const { code, message } = error
  return { reason: "rejected", scope, ttlMs: REFUSED_MS, code, message }
}

/** Without a word of EC2's what is short is shared over all pools. */
function silence({ region }: Means, call: LaunchCall): readonly Reason["reason"][] {
  const code = "InsufficientInstanceCapacity"
  const message = `${launchWords(call)}: EC2 gave fewer, and did not say why`
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
