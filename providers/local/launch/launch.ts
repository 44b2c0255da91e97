/** Sends one launch call: as many of its names as were never given, as far as there is room. */
import { stat } from "node:fs/promises"
import { join } from "node:path"
import pLimit from "p-limit"
import { CapacityError, MusterError, RejectedError, TransientError } from "../../../src/errors.js"
import type { Failure, Instance, LaunchCall, Launched, Offer, Scope } from "../../../src/provider.js"
import { type LaunchBody, readBody, tagsOf } from "../prepare/body.js"
import { claimPlaces, release } from "../client/claims.js"
import { checkRoot, clusterKey, createWhole, isPlainName, readText, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { toCloudError } from "../client/errors.js"
import { type Host, readHost } from "../client/host.js"
import { makeInstance } from "./make.js"
import { endOf, observe } from "../observe/instance.js"
import type { Config } from "../options.js"
import { verifyClaim } from "../prepare/ownership.js"
import { type InstanceRecord, isOfLaunch, PROVIDER, parseRecord, REGION, toInstance } from "../client/record.js"
import { resumeLaunched } from "./resume.js"
import { startWatchdogs } from "./start.js"
import { remove } from "../client/remove.js"

/** Instances made at the same time: file calls wait for each other, two cores are soon full of shells. */
const MAKERS = 8

/** For how long this machine counts as full: an instance may end at any moment. */
const FULL_TTL_MS = 30_000

interface Launch {
  readonly layout: Layout
  readonly config: Config
  readonly call: LaunchCall
  readonly body: LaunchBody
  readonly offer: Offer
  readonly action: string
  readonly now: number
  readonly signal: AbortSignal
  readonly host: Host
}

type Outcome = { readonly instance: Instance } | { readonly failure: Failure }

/** How a launch call is sent and observed. */
export type LaunchStep = (
  layout: Layout,
  config: Config,
  call: LaunchCall,
  now: number,
  signal: AbortSignal,
) => Promise<Launched>

/**
 * Sends the call. The same call again returns what the first one made, and starts the instances that the first one did not start.
 *
 * @throws CapacityError when there was room for none, OwnershipError when the name was taken over, RejectedError when the
 *   state directory cannot be used, TransientError when it is not known what was made.
 */
export const sendLaunch = stepOf(perform)

/** What the call has made; makes and starts nothing. */
export const lookAtLaunch = stepOf(async (launch, names) => {
  const found = await Promise.all(names.map((name) => recall(launch, name)))
  return summary(found.filter((outcome) => outcome !== undefined))
})

function stepOf(step: (launch: Launch, names: readonly string[]) => Promise<Launched>): LaunchStep {
  return async (layout, config, call, now, signal) => {
    const offer = call.offers[0]
    const names = call.names ?? []
    const action = `launching ${call.count} x ${offer?.instanceType ?? "nothing"} in ${offer?.zone ?? "no zone"}`
    if (offer === undefined || names.length !== call.count || !names.every(isPlainName)) {
      throw new RejectedError(
        `${action}: the call needs an offer and ${call.count} plain names; split gives such calls`,
      )
    }
    try {
      await checkRoot(layout)
      const body = readBody(call.body)
      return await step({ layout, config, call, body, offer, action, now, signal, host: readHost() }, names)
    } catch (error) {
      throw toCloudError(action, error, scopeOf(offer))
    }
  }
}

async function perform(launch: Launch, names: readonly string[]): Promise<Launched> {
  const limit = pLimit(MAKERS)
  const { layout, host, call } = launch
  await resumeLaunched(layout, host, names, call.token)
  const earlier = await Promise.all(names.map((name) => limit(() => recall(launch, name))))
  const outcomes = earlier.filter((outcome) => outcome !== undefined)
  const missing = names.filter((_, index) => earlier[index] === undefined)
  if (missing.length > 0) outcomes.push(...(await makeAll(launch, missing, limit)))
  return summary(outcomes)
}

function summary(outcomes: readonly Outcome[]): Launched {
  const instances = outcomes.flatMap((outcome) => ("instance" in outcome ? [outcome.instance] : []))
  const failures = outcomes.flatMap((outcome) => ("failure" in outcome ? [outcome.failure] : []))
  return { instances, failures: merged(failures), settled: true }
}

/** What an earlier attempt of this call did with a name; undefined when it did nothing. */
async function recall(launch: Launch, name: string): Promise<Outcome | undefined> {
  const { layout, call } = launch
  const observation = await observe(layout, launch.host, name)
  if (observation === undefined) return recallSpent(launch, name)
  const { record, state } = observation
  if (!isOfLaunch(record, call.token)) return { failure: nameTaken(launch, name) }
  return { instance: toInstance(record, state === "gone" ? "terminated" : state, endOf(observation)) }
}

/** Spent names hold the record of the instance that had it, or the failure that was reported in its place. */
async function recallSpent(launch: Launch, name: string): Promise<Outcome | undefined> {
  const path = join(launch.layout.cluster(clusterKey(launch.body.owner)).spent, name)
  const text = await readText(path)
  if (text === undefined) return undefined
  if (text.startsWith('{"failure":')) return JSON.parse(text) as { failure: Failure }
  const endedAt = Math.round((await unlessMissing(stat(path)))?.mtimeMs ?? launch.now)
  const record = text.endsWith("\n") ? parseRecord(path, text) : lostRecord(launch, name, endedAt)
  if (!isOfLaunch(record, launch.call.token)) return { failure: nameTaken(launch, name) }
  return { instance: toInstance(record, "terminated", { endedAt }) }
}

/** A supervisor on a full disk can write down that a name is spent, but not what had it. */
function lostRecord(launch: Launch, name: string, at: number): InstanceRecord {
  const { call, body, offer } = launch
  return {
    name,
    nonce: "",
    zone: offer.zone,
    instanceType: offer.instanceType,
    address: "",
    port: 0,
    launchedAt: at,
    deadline: body.owner.deadline,
    cluster: clusterKey(body.owner),
    claims: { address: "", slot: "" },
    tags: tagsOf(body, call.token),
  }
}

async function makeAll(launch: Launch, names: readonly string[], limit: ReturnType<typeof pLimit>): Promise<Outcome[]> {
  const { layout, config, body, offer, action, host } = launch
  await verifyClaim(layout, body.owner, action)
  const cluster = clusterKey(body.owner)
  const claimants = names.map((name) => ({ name, cluster, uid: body.owner.uid }))
  const kind = { zone: offer.zone, instanceType: offer.instanceType, capacity: config.capacity }
  const places = await claimPlaces(layout, host, kind, claimants)
  if (places.length === 0 && names.length === launch.call.count) throw full(launch, names.length)
  const making = places.map((place, index) => limit(() => makeOne(launch, names[index] ?? "", place)))
  const made = await Promise.allSettled(making)
  const records = made.flatMap((result) =>
    result.status === "fulfilled" && isRecord(result.value) ? [result.value] : [],
  )
  const started = await startAll(launch, records)
  const settled = [...made, ...started]
  const outcomes = settled.flatMap((one) => (one.status === "fulfilled" && !isRecord(one.value) ? [one.value] : []))
  const errors = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []))
  const refused = names.slice(places.length)
  const reasons = refused.map(() => full(launch, refused.length).toFailure(1))
  const spent = await refuseAll(launch, refused, reasons)
  return [...outcomes, ...spent, ...(await failuresFor(launch, outcomes, errors))]
}

/** An error is thrown when nothing was made; beside what was made it is a failure like others. */
async function failuresFor(
  launch: Launch,
  outcomes: readonly Outcome[],
  errors: readonly unknown[],
): Promise<Outcome[]> {
  const mapped = errors.map((error) => toCloudError(launch.action, error, scopeOf(launch.offer)))
  const [first] = mapped
  if (first === undefined) return []
  const known = mapped.filter((error) => error instanceof MusterError && !(error instanceof TransientError))
  if (known.length < mapped.length || !outcomes.some((outcome) => "instance" in outcome)) throw first
  return known.map((error) => ({ failure: failureOf(launch, error as MusterError) }))
}

function failureOf(launch: Launch, error: MusterError): Failure {
  if (error instanceof CapacityError) return error.toFailure(1)
  const { code, message } = error
  return { reason: "rejected", count: 1, scope: scopeOf(launch.offer), ttlMs: FULL_TTL_MS, code, message }
}

function isRecord(made: Outcome | InstanceRecord): made is InstanceRecord {
  return "nonce" in made
}

/** Starts all instances with one shell, once all are made. An instance that cannot be started is removed. */
async function startAll(launch: Launch, records: readonly InstanceRecord[]): Promise<PromiseSettledResult<Outcome>[]> {
  const { layout, host } = launch
  const started = await startWatchdogs(layout, records)
  return Promise.allSettled(
    records.map(async (record, index) => {
      const result = started[index]
      if (result?.status !== "rejected") return { instance: toInstance(record, "pending") }
      if ((await observe(layout, host, record.name))?.unstarted === true) await remove(layout, record)
      throw result.reason
    }),
  )
}

/** The record of what was made and is to be started, or what there is in its place. */
async function makeOne(launch: Launch, name: string, slot: string): Promise<Outcome | InstanceRecord> {
  const { layout, config, call, body, offer, now, signal, host } = launch
  const claimant = { name, cluster: clusterKey(body.owner), uid: body.owner.uid }
  if (signal.aborted) {
    await release(layout, claimant, [slot])
    throw new TransientError(`${launch.action}: ended before ${name} was made; send the same call again`, {
      cause: signal.reason,
    })
  }
  const { zone, instanceType } = offer
  const plan = { name, token: call.token, zone, instanceType, slot, body, graceMs: config.graceMs, host, now }
  const record = await makeInstance(layout, plan)
  return record ?? (await recall(launch, name)) ?? { failure: nameTaken(launch, name) }
}

/** Records a refusal: a replay must not make what the first attempt did not. */
async function refuseAll(launch: Launch, names: readonly string[], reasons: readonly Failure[]): Promise<Outcome[]> {
  const { spent, making } = launch.layout.cluster(clusterKey(launch.body.owner))
  return Promise.all(
    reasons.map(async (failure, index) => {
      await createWhole(join(spent, names[index] ?? ""), making, JSON.stringify({ failure }))
      return { failure }
    }),
  )
}

function full(launch: Launch, count: number): CapacityError {
  const { config, action, offer } = launch
  return new CapacityError(
    `${action}: ${count} do not fit, ${config.capacity} may live at once; raise local({ capacity }) or ask for fewer`,
    { code: "CapacityReached", scope: scopeOf(offer), ttlMs: FULL_TTL_MS },
  )
}

/** Eight hex digits meet once in a while; under the next wish the name is another one. */
function nameTaken(launch: Launch, name: string): Failure {
  const message = `${launch.action}: another instance has or had the name ${name}; a new launch call has other names`
  return { reason: "capacity", count: 1, scope: scopeOf(launch.offer), ttlMs: 0, code: "NameTaken", message }
}

function scopeOf(offer: Offer): Scope {
  return { provider: PROVIDER, region: REGION, zone: offer.zone, instanceType: offer.instanceType }
}

/** Failures with the same message become one, with their counts added. */
function merged(failures: readonly Failure[]): readonly Failure[] {
  const byWords = new Map<string, Failure>()
  for (const failure of failures) {
    const key = `${failure.code}\n${failure.message}`
    byWords.set(key, { ...failure, count: failure.count + (byWords.get(key)?.count ?? 0) })
  }
  return [...byWords.values()]
}
