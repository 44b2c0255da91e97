/** What the errors in a fleet's answer mean: one for each pool that EC2 tried, the same again for many pools. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { AuthError, RejectedError } from "../../src/errors.js"
import type { Failure, LaunchCall, Offer } from "../../src/provider.js"
import { type CodeRow, COLD_MS, rowOf } from "./codes.js"
import { decodingRemedy, splitEncoded } from "./decode.js"
import { scopeOf } from "./errors.js"
import { launchWords } from "./launch.js"

type FleetError = Ec2.CreateFleetError

/** Inside a fleet EC2 is throttled by itself; the token is used up, so the next fleet has to wait a little. */
const THROTTLED_MS = 30_000

/** A pool that is refused for good while others are not: a type that a policy denies. */
const REFUSED_MS = 10 * 60_000

/**
 * Nothing was made, and no pool will be better later or elsewhere: missing rights or a wrong request.
 *
 * @throws AuthError, RejectedError
 */
export function throwIfHopeless(call: LaunchCall, region: string, errors: readonly FleetError[]): void {
  const rows = errors.map((error) => rowFor(error))
  const isFinal = (row: CodeRow | undefined) =>
    row === undefined || row.verdict === "auth" || row.verdict === "rejected"
  const [first] = errors
  if (first === undefined || !rows.every(isFinal)) return
  const [row] = rows
  const code = first.ErrorCode ?? "Unknown"
  const { encoded } = splitEncoded(first.ErrorMessage ?? "")
  const hints = [row?.remedy, encoded === undefined ? undefined : decodingRemedy(encoded)].flatMap((hint) => hint ?? [])
  const message = [`${launchWords(call)} in ${region}: ${wordsOf(first)} (${code})`, ...hints].join("; ")
  throw row?.verdict === "auth" ? new AuthError(message, { code }) : new RejectedError(message, { code })
}

/**
 * Failures that add up to what is short. Each different refusal is one, for its own pool, and what is short is shared between
 * them; without a word of EC2's it is shared over all pools.
 */
export function fleetFailures(
  call: LaunchCall,
  region: string,
  errors: readonly FleetError[],
  short: number,
): readonly Failure[] {
  if (short === 0) return []
  const told = new Map<string, Omit<Failure, "count">>()
  for (const error of errors) {
    const failure = failureOf(call, region, error)
    told.set(JSON.stringify([failure.code, failure.scope]), failure)
  }
  const failures = told.size > 0 ? [...told.values()] : call.offers.map((offer) => silence(call, region, offer))
  const shown = failures.slice(0, short)
  return shown.map((failure, index) => ({
    ...failure,
    count: Math.floor(short / shown.length) + (index < short % shown.length ? 1 : 0),
  }))
}

function failureOf(call: LaunchCall, region: string, error: FleetError): Omit<Failure, "count"> {
  const offer = offerOf(call, error)
  const row = rowFor(error)
  const isQuota = row?.verdict === "quota"
  const isKnown = isQuota || row?.verdict === "capacity"
  const kind = isKnown ? row.scope : row?.verdict === "throttled" ? "pool" : "type-in-zone"
  return {
    reason: isQuota ? "quota" : "capacity",
    scope: scopeOf(kind, { region, ...(offer === undefined ? {} : { offer }) }),
    ttlMs: isKnown ? (row.ttlMs ?? COLD_MS) : row?.verdict === "throttled" ? THROTTLED_MS : REFUSED_MS,
    code: error.ErrorCode ?? "Unknown",
    message: `${launchWords(call)}: ${wordsOf(error)}`,
  }
}

function silence(call: LaunchCall, region: string, offer: Offer): Omit<Failure, "count"> {
  const code = "InsufficientInstanceCapacity"
  const message = `${launchWords(call)}: EC2 gave fewer, and did not say why`
  return {
    reason: "capacity",
    scope: scopeOf("pool", { offer, region }),
    ttlMs: COLD_MS,
    code,
    message,
    inferred: true,
  }
}

/** The offer that an error is about; a fleet's error may name no pool at all. */
function offerOf({ offers }: LaunchCall, { LaunchTemplateAndOverrides }: FleetError): Offer | undefined {
  const { InstanceType: type, AvailabilityZone: zone } = LaunchTemplateAndOverrides?.Overrides ?? {}
  return offers.find((offer) => offer.instanceType === type && (zone === undefined || offer.zone === zone)) ?? offers[0]
}

function rowFor({ ErrorCode = "", ErrorMessage = "" }: FleetError): CodeRow | undefined {
  return rowOf(ErrorCode, ErrorMessage)
}

function wordsOf({ ErrorCode, ErrorMessage }: FleetError): string {
  const { said } = splitEncoded((ErrorMessage ?? ErrorCode ?? "EC2 gave no reason").trim())
  return said.replace(/\.$/, "")
}
