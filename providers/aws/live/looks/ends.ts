/** Ends: what EC2 says of those that have ended, and what goes with them. */
import { elements, type Fields, fieldsOf, idIn, idsIn, listIn, textIn } from "../reading.js"
import type { Exchange, WalkStage, WalkWorker } from "../../../../src/provider.js"
import type { Api } from "../../client/actions.js"
import { ask, described, type Site } from "../site.js"

/** What goes with an instance is gone so long after it at the latest, in milliseconds. */
const GONE_WITHIN_MS = 60_000
const PAUSE_MS = 10_000

export async function lookAtEnds(site: Site, stage: WalkStage): Promise<void> {
  judgeEarlyEnds(stage)
  await lookAtReasons(site, stage)
  await lookAtRemains(site, stage)
}

/** One instance's part of an answer to TerminateInstances. */
interface Change {
  readonly before: string
  readonly after: string
  readonly exchange: Exchange
}

/** The first answer that names it. */
function changeOf({ exchanges }: WalkStage, id: string): Change | undefined {
  for (const exchange of exchanges) {
    const { api, answer } = exchange
    if (api !== "TerminateInstances" || answer?.status !== 200) continue
    for (const item of answer.body.split("<item>").filter((one) => one.includes(`<instanceId>${id}</instanceId>`))) {
      const before = stateIn(item, "previousState")
      const after = stateIn(item, "currentState")
      if (before !== undefined && after !== undefined) return { before, after, exchange }
    }
  }
  return undefined
}

function stateIn(item: string, element: string): string | undefined {
  const [, inside = ""] = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(item) ?? []
  return elements(inside, "name")[0]
}

/** Those that were told to end while they were made. */
function judgeEarlyEnds(stage: WalkStage): void {
  for (const { made, goneAt } of stage.workers) {
    const change = changeOf(stage, made.id)
    if (change?.before !== "pending") continue
    const isAccepted = change.after === "shutting-down" || change.after === "terminated"
    const words = `from pending to ${change.after}${goneAt === undefined ? ", and it is still there" : ""}`
    stage.saw("aws.ends-while-pending", isAccepted && goneAt !== undefined, words, [change.exchange])
  }
}

const BY_REQUEST = "Client.UserInitiatedShutdown"
const BY_GUEST = "Client.InstanceInitiatedShutdown"

async function lookAtReasons(site: Site, stage: WalkStage): Promise<void> {
  const { workers } = stage
  if (workers.length === 0) return
  const asked = await described(
    site,
    stage,
    workers.map(({ made }) => made.id),
  )
  for (const worker of workers) {
    const instance = (asked.value ?? []).find((one) => idIn(one) === worker.made.id)
    const code = textIn(fieldsOf(instance?.StateReason), "Code")
    const wanted = reasonOf(worker)
    // What EC2 itself has ended says nothing of these.
    if (code === undefined || wanted === undefined || code.startsWith("Server.")) continue
    stage.saw(wanted.assumption, code === wanted.code, `${worker.made.id}: ${code}`, asked.exchanges)
  }
}

function reasonOf({
  wave,
  endedAt,
  goneAt,
  runningAt,
}: WalkWorker): { readonly assumption: string; readonly code: string } | undefined {
  if (goneAt === undefined) return undefined
  if (endedAt !== undefined) return { assumption: "aws.reason-by-request", code: BY_REQUEST }
  const isByGuest = wave === "timed" && runningAt !== undefined
  return isByGuest ? { assumption: "aws.reason-by-guest", code: BY_GUEST } : undefined
}

/** One kind of what goes with an instance. */
interface Remain {
  readonly assumption: string
  readonly ids: ReadonlySet<string>
  readonly look: (ids: readonly string[]) => ReturnType<typeof ask<Api>>
  /** Those in the answer that are still there. */
  readonly found: (value: unknown) => readonly string[]
}

/** Looked at again and again until none is there, or they have had their time. */
async function lookAtRemains(site: Site, stage: WalkStage): Promise<void> {
  const until = stage.now() + GONE_WITHIN_MS
  for (const remain of remainsOf(site, stage)) {
    if (remain.ids.size === 0) continue
    let asked = await remain.look([...remain.ids])
    while (remain.found(asked.value).length > 0 && stage.now() < until) {
      await stage.wait(PAUSE_MS)
      asked = await remain.look([...remain.ids])
    }
    if (asked.value === undefined) continue
    const left = new Set(remain.found(asked.value))
    for (const id of remain.ids)
      stage.saw(remain.assumption, !left.has(id), `${id} is ${left.has(id) ? "still there" : "gone"}`, asked.exchanges)
  }
}

function remainsOf(site: Site, stage: WalkStage): readonly Remain[] {
  const { volumes, interfaces } = site.attached
  const spot = stage.workers.filter(({ call }) => call.offers.every(({ market }) => market === "spot"))
  const filtered = (Name: string, ids: readonly string[]) => ({ Filters: [{ Name, Values: [...ids] }] })
  return [
    {
      assumption: "aws.volume-goes",
      ids: volumes,
      look: (ids) => ask(site, stage, "DescribeVolumes", filtered("volume-id", ids)),
      found: (value) => listIn(value, "Volumes").flatMap((one) => textIn(one, "VolumeId") ?? []),
    },
    {
      assumption: "aws.interface-goes",
      ids: interfaces,
      look: (ids) => ask(site, stage, "DescribeNetworkInterfaces", filtered("network-interface-id", ids)),
      found: (value) => listIn(value, "NetworkInterfaces").flatMap((one) => textIn(one, "NetworkInterfaceId") ?? []),
    },
    {
      assumption: "aws.spot-request-ends",
      ids: new Set(spot.map(({ made }) => made.id)),
      look: (ids) => ask(site, stage, "DescribeSpotInstanceRequests", filtered("instance-id", ids)),
      found: (value) => idsIn(listIn(value, "SpotInstanceRequests").filter(isOpen)),
    },
  ]
}

function isOpen(request: Fields): boolean {
  return ["open", "active"].includes(textIn(request, "State") ?? "")
}
