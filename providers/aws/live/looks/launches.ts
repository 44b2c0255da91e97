/** Launches: what the answer to one says, what lists show of it, and what its repetition does. */
import { TransientError } from "../../../../src/errors.js"
import type { LaunchCall, WalkStage, WalkWorker } from "../../../../src/provider.js"
import type { FleetBody } from "../../launch/fleet-bodies.js"
import type { Input } from "../../client/actions.js"
import { elements, idsIn, instancesIn, listIn, refusalIn, textIn, textsIn } from "../reading.js"
import { ask, endThem, launchExchange, machinesOf, type Site, TRIES } from "../site.js"

/** Lists show what was launched after this at the latest, in milliseconds since the launch was sent. */
const LISTED_WITHIN_MS = 30_000

/** Between two looks for it, in milliseconds; the last one is repeated. */
const PAUSES_MS = [500, 1_000, 1_000, 2_000, 5_000] as const
const LONG_PAUSE_MS = 10_000

/** Between two reads of a fleet that does not name its instances yet, in milliseconds. */
const FLEET_PAUSE_MS = 5_000

/** A machine that is to end while it is made must not be kept waiting. */
export async function lookAtLaunch(site: Site, stage: WalkStage, workers: readonly WalkWorker[]): Promise<void> {
  const [first] = workers
  if (first === undefined || first.wave === "brief") return
  const { call } = first
  const ids = new Set(workers.map(({ made }) => made.id))
  await lookAtLists(site, stage, workers)
  if (call.api === "RunInstances") {
    await lookAtCount(site, stage, call, ids)
    await lookAtReplays(site, stage, call, ids)
    await lookAtMismatches(site, stage, call, ids)
  } else await lookAtFleet(site, stage, call)
}

async function lookAtLists(site: Site, stage: WalkStage, workers: readonly WalkWorker[]): Promise<void> {
  const [{ call, sentAt } = { call: undefined, sentAt: 0 }] = workers
  if (call === undefined) return
  const before = stage.exchanges.length
  const ids = new Set(workers.map(({ made }) => made.id))
  const shownAt = new Map<string, number>()
  let isLate = false
  for (let look = 0; shownAt.size < ids.size; look += 1) {
    const at = stage.now()
    const { value } = await stage.watch((calls) => site.provider.list({ launch: call.token }, calls))
    isLate ||= value !== undefined && at >= sentAt + LISTED_WITHIN_MS
    for (const { id } of value ?? []) if (ids.has(id) && !shownAt.has(id)) shownAt.set(id, at)
    if (at >= sentAt + LISTED_WITHIN_MS) break
    await stage.wait(PAUSES_MS[look] ?? LONG_PAUSE_MS)
  }
  for (const { made } of workers) {
    const at = shownAt.get(made.id)
    // Where the last lists failed nobody knows what they would have shown.
    if (at === undefined && !isLate) continue
    const when = at === undefined ? "not yet" : ""
    const words = `${when || "shown"} ${(((at ?? stage.now()) - sentAt) / 1000).toFixed(1)} s after the launch was sent`
    stage.saw("aws.lists-show-soon", at !== undefined, words, stage.exchanges.slice(before))
  }
}

/** Each machine that was asked for is a try. One that is missing says something only where there was room for it. */
async function lookAtCount(site: Site, stage: WalkStage, call: LaunchCall, ids: ReadonlySet<string>): Promise<void> {
  if (call.count < 2) return
  const evidence = [launchExchange(stage, call)].flatMap((one) => one ?? [])
  const words = `the call for 1 to ${call.count} made ${ids.size}`
  for (const _ of ids) stage.saw("aws.min-count", true, words, evidence)
  const missing = call.count - ids.size
  if (missing <= 0) return
  const ClientToken = `rest${call.token.slice(4)}`
  // Ids are the answer's: until there is one, what may come is known by its token.
  stage.makes(ClientToken)
  const asked = await ask(site, stage, "RunInstances", { ...bodyOf(call), ClientToken, MaxCount: missing })
  if (!(asked.error instanceof TransientError)) stage.settled(ClientToken)
  const more = idsIn(listIn(asked.value, "Instances"))
  if (more.length === 0) return
  const then = `${words}; another call right after it made ${more.length} of the rest`
  stage.saw("aws.min-count", false, then, [...evidence, ...asked.exchanges])
  await endThem(site, stage, more)
}

const bodyOf = ({ body }: LaunchCall) => body as unknown as Input<"RunInstances">

async function lookAtReplays(site: Site, stage: WalkStage, call: LaunchCall, ids: ReadonlySet<string>): Promise<void> {
  if (site.repeated.has("aws.run-replay")) return
  for (const _ of TRIES) {
    const asked = await ask(site, stage, "RunInstances", bodyOf(call))
    const refused = refusalIn(asked)
    if (refused === undefined && asked.value === undefined) continue
    const found = idsIn(listIn(asked.value, "Instances"))
    const others = found.filter((id) => !ids.has(id))
    if (refused === undefined && found.length === 0) continue
    const held = others.length === 0 && found.length === ids.size
    const words = refused === undefined ? toldOf(found, others) : `${refused.code}: ${refused.message}`
    stage.saw("aws.run-replay", held, words, asked.exchanges)
    await endThem(site, stage, others)
    if (others.length > 0) return void site.repeated.add("aws.run-replay")
  }
}

function toldOf(found: readonly string[], others: readonly string[]): string {
  return others.length === 0 ? `the same: ${found.join(", ")}` : `others: ${others.join(", ")}`
}

/** Less than before is asked for, so that no more than that can come of it. */
async function lookAtMismatches(
  site: Site,
  stage: WalkStage,
  call: LaunchCall,
  ids: ReadonlySet<string>,
): Promise<void> {
  if (call.count < 2 || site.repeated.has("aws.token-mismatch")) return
  for (const _ of TRIES) {
    const asked = await ask(site, stage, "RunInstances", { ...bodyOf(call), MaxCount: 1 })
    const refused = refusalIn(asked)
    if (refused === undefined && asked.value === undefined) continue
    const found = idsIn(listIn(asked.value, "Instances"))
    const others = found.filter((id) => !ids.has(id))
    if (refused === undefined && found.length === 0) continue
    const isRefused = refused?.code === "IdempotentParameterMismatch"
    const held = isRefused || (refused === undefined && others.length === 0)
    const words = refused === undefined ? toldOf(found, others) : `${refused.code}: ${refused.message}`
    stage.saw("aws.token-mismatch", held, words, asked.exchanges)
    await endThem(site, stage, others)
    if (others.length > 0) return void site.repeated.add("aws.token-mismatch")
  }
}

/** What an answer to CreateFleet says of it: its id is in the XML alone once the adapter has read it. */
export async function lookAtFleet(site: Site, stage: WalkStage, call: LaunchCall): Promise<void> {
  const exchange = launchExchange(stage, call)
  const [fleetId] = elements(exchange?.answer?.body ?? "", "fleetId")
  if (call.api !== "CreateFleet" || exchange === undefined || fleetId === undefined || fleetId === "") return
  const ids = machinesOf(stage, call).map(({ made }) => made.id)
  await lookAtFleetById(site, stage, { fleetId, ids })
  await lookAtFleetReplay(site, stage, call, { fleetId, ids })
}

interface Fleet {
  readonly fleetId: string
  readonly ids: readonly string[]
}

async function lookAtFleetById(site: Site, stage: WalkStage, { fleetId, ids }: Fleet): Promise<void> {
  for (const look of TRIES) {
    const asked = await ask(site, stage, "DescribeFleets", { FleetIds: [fleetId] })
    const [fleet] = listIn(asked.value, "Fleets")
    const found = new Set(listIn(fleet, "Instances").flatMap((one) => textsIn(one, "InstanceIds")))
    const missing = ids.filter((id) => !found.has(id))
    // What is read right after a launch may be older than it.
    if (missing.length > 0 && look < TRIES.length) {
      await stage.wait(FLEET_PAUSE_MS)
      continue
    }
    const words = missing.length === 0 ? `it names all ${ids.length}` : `it does not name ${missing.join(", ")}`
    if (fleet !== undefined) stage.saw("aws.fleet-described", missing.length === 0, words, asked.exchanges)
    return
  }
}

async function lookAtFleetReplay(
  site: Site,
  stage: WalkStage,
  call: LaunchCall,
  { fleetId, ids }: Fleet,
): Promise<void> {
  if (ids.length > 1 && site.repeated.has("aws.fleet-replay")) return
  const { fleet } = call.body as unknown as FleetBody
  const asked = await ask(site, stage, "CreateFleet", fleet as unknown as Input<"CreateFleet">)
  const refused = refusalIn(asked)
  const id = textIn(asked.value, "FleetId")
  if (refused === undefined && id === undefined) return
  const found = listIn(asked.value, "Instances").flatMap((one) => textsIn(one, "InstanceIds"))
  const others = found.filter((one) => !ids.includes(one))
  const held = id === fleetId && others.length === 0
  const words = refused === undefined ? `${id ?? ""}; ${toldOf(found, others)}` : `${refused.code}: ${refused.message}`
  stage.saw("aws.fleet-replay", held, words, asked.exchanges)
  if (others.length > 0) site.repeated.add("aws.fleet-replay")
  await endThem(site, stage, others)
}

/** Once its machines are gone: the token is known, and what it has made is over. */
export async function lookAtReplaysOfGone(site: Site, stage: WalkStage, { call, number }: WalkWorker): Promise<void> {
  if (call.api !== "RunInstances" || number !== 1) return
  const ids = new Set(machinesOf(stage, call).map(({ made }) => made.id))
  for (const _ of TRIES) {
    const asked = await ask(site, stage, "RunInstances", bodyOf(call))
    const refused = refusalIn(asked)
    if (refused === undefined && asked.value === undefined) continue
    const found = idsIn(listIn(asked.value, "Instances"))
    if (refused === undefined && found.length === 0) continue
    const others = found.filter((id) => !ids.has(id))
    const isOver = refused?.code === "IdempotentInstanceTerminated"
    const held = isOver || (refused === undefined && others.length === 0)
    const words = refused === undefined ? toldOf(found, others) : `${refused.code}`
    stage.saw("aws.run-replay-ended", held, words, asked.exchanges)
    await endThem(site, stage, others)
    if (others.length > 0) return
  }
}

/** By its token a launch is found, and its instances say theirs. */
export async function lookAtTokens(site: Site, stage: WalkStage, { call }: WalkWorker): Promise<void> {
  const ids = machinesOf(stage, call).map(({ made }) => made.id)
  for (const _ of TRIES) {
    const Filters = [{ Name: "client-token", Values: [call.token] }]
    const asked = await ask(site, stage, "DescribeInstances", { Filters })
    if (asked.value === undefined) continue
    const found = instancesIn(asked.value)
    const own = idsIn(found.filter((instance) => textIn(instance, "ClientToken") === call.token))
    const missing = ids.filter((id) => !own.includes(id))
    const words = `${found.length} found by the token, ${own.length} of them with it`
    stage.saw("aws.client-token", missing.length === 0, words, asked.exchanges)
  }
}
