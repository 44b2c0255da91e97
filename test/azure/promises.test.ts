/** What every provider owes the core, kept by Azure over the wire: with bare calls, with the core's, and on both SDKs. */
import { describe, test } from "vitest"
import { adapterOf } from "../../providers/azure/adapter.js"
import { connect } from "../../providers/azure/client/sdk.js"
import { parseAzureOptions } from "../../providers/azure/options-check.js"
import type { Bucket } from "../../src/provider.js"
import { contract, type FaultHooks, type ForeignInstance, type Skip, type Subject } from "../contract/index.js"
import { isLong, LONG } from "../support/long.js"
import { ARM_COMPUTE, type Client } from "../support/newer-sdks.js"
import { azureCloud, type Cloud, optionsFor, SUBSCRIPTION } from "./support/cloud.js"

const SKIP: readonly Skip[] = [
  {
    promise: "replay: after all that it made was terminated makes nothing again",
    reason: "a name is free again when its VM is gone, so a PUT then makes a new one",
  },
]

/** Bare calls pace nothing, so nothing may refuse them. */
const WIDE: Readonly<Record<string, Bucket>> = {}

interface Variant {
  readonly client: Client
  readonly pace: "bare" | "core"
}

async function subject({ client: { sdk }, pace }: Variant): Promise<Subject> {
  const world = { listLagMs: [0, 3_000] as const, ...(pace === "bare" ? { buckets: WIDE } : {}) }
  const cloud = await azureCloud({ world, sdk })
  const { clock, provider } = cloud
  return {
    provider,
    clock,
    run: cloud.run,
    // "regional" is no zone of its own: what spreads over zones leaves it out.
    query: { instanceTypes: ["Standard_D2s_v5"], markets: ["on-demand"], zones: ["1", "2", "3"] },
    bulk: pace === "core" && isLong ? 1001 : 301,
    deadlineMs: 1_200_000,
    another: () => adapterOf(parseAzureOptions(optionsFor(cloud.wire)), sdk),
    isOpen: ({ id }, port, from) => cloud.wire.isOpen(id, port, from),
    foreign: () => foreignIn(cloud),
    faults: faultsOf(cloud),
    close: () => cloud.wire.close(),
    ...(pace === "bare" ? {} : { calls: cloud.calls }),
  }
}

/** Somebody else's VM in a group of their own, made past the provider under test. */
async function foreignIn(cloud: Cloud): Promise<ForeignInstance> {
  const connection = connect(optionsFor(cloud.wire))
  const { signal } = new AbortController()
  const owner = { cluster: "other", uid: "feedfeedfeed", owner: "other", generation: 1, deadline: "0", claim: "x" }
  const group = { name: "default", environment: {}, publicAddress: false, tags: {}, archs: ["x86_64"] } as const
  const { body } = await cloud.provider.prepare(owner, group, cloud.bare())
  const [offer] = await cloud.provider.offers(
    { markets: ["on-demand"], instanceTypes: ["Standard_D2s_v5"] },
    cloud.bare(),
  )
  const wish = {
    id: "f",
    uid: owner.uid,
    group: "default",
    count: 1,
    market: "on-demand",
    arch: "x86_64",
    spread: "one-zone",
  } as const
  const offers = offer === undefined ? [] : [offer]
  const [call] = cloud.provider.split({ ...wish, offers }, { body, notes: [] }, { levels: {}, launches: [] })
  const { vm, name } = (call?.body ?? {}) as { readonly vm: Record<string, unknown>; readonly name: string }
  const put = (path: string, content: object) =>
    connection.arm({ method: "PUT", path: `${path}?api-version=1`, body: content }, signal)
  const theirs = `/subscriptions/${SUBSCRIPTION}/resourcegroups/somebody`
  await cloud.clock.busy("their group", put(theirs, { location: "westeurope", tags: {} }))
  const rest = (await connection.serialize({ ...vm, tags: { name: "somebody's database" } } as never)) as object
  const reply = await cloud.clock.busy(
    "their VM",
    put(`${theirs}/providers/Microsoft.Compute/virtualMachines/${name}`, rest),
  )
  const { id } = reply.body as { readonly id: string }
  const alive = () => cloud.world.truth({ states: ["pending", "running"] }).some(({ tags }) => tags.name !== undefined)
  return { id: id.toLowerCase(), alive: () => Promise.resolve(alive()) }
}

function faultsOf({ world: { faults } }: Cloud): FaultHooks {
  return {
    loseReply: () => faults.loseReply("*"),
    hang: () => faults.hang("*"),
    fail: (error) => faults.fail("*", { error }),
  }
}

const VARIANTS: readonly Variant[] = [
  { client: ARM_COMPUTE[0], pace: "bare" },
  { client: ARM_COMPUTE[0], pace: "core" },
  { client: ARM_COMPUTE[1], pace: "core" },
]

for (const variant of VARIANTS) {
  const { client, pace } = variant
  const isQuick = pace === "core" && client === ARM_COMPUTE[0]
  const title = `Azure over the wire, with ${pace} calls, through ${client.title}`
  describe.skipIf(!client.isThere || (!isQuick && !isLong))(isQuick ? title : `${title} (${LONG})`, () => {
    for (const { name, run, skipped } of contract(() => subject(variant), { skip: SKIP })) {
      test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
    }
  })
}
