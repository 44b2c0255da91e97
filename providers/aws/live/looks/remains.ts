/** Remains: what goes with an instance, asked for until it is gone. */
import { sightsOf } from "../../../../src/live/judges.js"
import type { Exchange, WalkStage } from "../../../../src/provider.js"
import type { Api } from "../../client/actions.js"
import { fieldsOf, idIn, listIn, textIn } from "../reading.js"
import { ask, type Site } from "../site.js"

/** For so long it is looked at, in milliseconds. */
const LOOKED_AT_MS = 60_000
const PAUSE_MS = 10_000

/** What is there so long after lists first showed its instance terminated stays, in milliseconds; before, it may be on its way. */
const STAYS_AFTER_MS = 150_000

/** What an answer says of things by their ids. */
interface Read {
  readonly left: ReadonlySet<string>
  readonly gone: ReadonlySet<string>
}

interface Remain {
  readonly assumption: string
  /** The instance with which each goes, by its id. */
  readonly ids: ReadonlyMap<string, string>
  readonly look: (ids: readonly string[]) => ReturnType<typeof ask<Api>>
  /** Undefined where the answer is none. */
  readonly read: (value: unknown) => Read | undefined
}

/** Looked at again and again until none is left, or they have had their time. */
export async function lookAtRemains(site: Site, stage: WalkStage): Promise<void> {
  const until = stage.now() + LOOKED_AT_MS
  for (const remain of remainsOf(site, stage)) {
    const ids = [...remain.ids.keys()]
    if (ids.length === 0) continue
    let asked = await remain.look(ids)
    while ((remain.read(asked.value)?.left.size ?? 0) > 0 && stage.now() < until) {
      await stage.wait(PAUSE_MS)
      asked = await remain.look(ids)
    }
    const read = remain.read(asked.value)
    if (read !== undefined) judgeRemains(stage, remain, read, asked.exchanges)
  }
}

function judgeRemains(
  stage: WalkStage,
  { assumption, ids }: Remain,
  { left, gone }: Read,
  evidence: readonly Exchange[],
): void {
  for (const [id, instance] of ids) {
    if (gone.has(id)) stage.saw(assumption, true, `${id} is gone`, evidence)
    const seconds = Math.round((stage.now() - terminatedAt(stage, instance)) / 1000)
    if (left.has(id) && seconds >= STAYS_AFTER_MS / 1000)
      stage.saw(assumption, false, `${id} is still there ${seconds} s after its instance was terminated`, evidence)
  }
}

/** When a list first showed it terminated, in milliseconds since the walk began; never: the end of time. */
function terminatedAt(stage: WalkStage, id: string): number {
  const worker = stage.workers.find(({ made }) => made.id === id)
  const sights = worker === undefined ? [] : sightsOf(stage, worker)
  return sights.find(({ instance }) => instance.state === "terminated")?.at ?? Number.POSITIVE_INFINITY
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
      read: (value) => absentIn(value, "Volumes", "VolumeId", volumes),
    },
    {
      assumption: "aws.interface-goes",
      ids: interfaces,
      look: (ids) => ask(site, stage, "DescribeNetworkInterfaces", filtered("network-interface-id", ids)),
      read: (value) => absentIn(value, "NetworkInterfaces", "NetworkInterfaceId", interfaces),
    },
    {
      assumption: "aws.spot-request-ends",
      ids: new Map(spot.map(({ made }) => [made.id, made.id])),
      look: (ids) => ask(site, stage, "DescribeSpotInstanceRequests", filtered("instance-id", ids)),
      read: requestsIn,
    },
  ]
}

/** What was shown before, and is not in a list of all that is there. */
function absentIn(value: unknown, list: string, key: string, ids: ReadonlyMap<string, string>): Read | undefined {
  if (!Array.isArray(fieldsOf(value)[list])) return undefined
  const left = new Set(listIn(value, list).flatMap((one) => textIn(one, key) ?? []))
  return { left, gone: new Set([...ids.keys()].filter((id) => !left.has(id))) }
}

/** Requests are shown for two days: one that is not says nothing. */
function requestsIn(value: unknown): Read {
  const [left, gone] = [new Set<string>(), new Set<string>()]
  for (const request of listIn(value, "SpotInstanceRequests")) {
    const state = textIn(request, "State") ?? ""
    if (state === "open" || state === "active") left.add(idIn(request))
    if (state === "closed" || state === "cancelled") gone.add(idIn(request))
  }
  return { left, gone: new Set([...gone].filter((id) => !left.has(id))) }
}
