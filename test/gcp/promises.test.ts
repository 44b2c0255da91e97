/** What every provider owes the core, kept by Compute Engine over the wire: with bare calls, and with the core's. */
import { describe, test } from "vitest"
import { gcp } from "../../providers/gcp/index.js"
import type { Bucket } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"
import { isLong, LONG } from "../support/long.js"
import { COMPUTE, NOT_THERE } from "../support/newer-sdks.js"
import { contract, type FaultHooks, type ForeignInstance, type Skip, type Subject } from "../contract/index.js"
import { compute7 } from "./support/compute7.js"
import { type Cloud, gce, optionsFor, TYPE, ZONE } from "./support/cloud.js"

const SKIP: readonly Skip[] = [
  {
    promise: "prepare: a generation that somebody else claimed is refused with an OwnershipError",
    reason: "Compute Engine has no free name that can be created only once without a right that a burst does not need",
  },
]

/** Bare calls pace nothing, so nothing may refuse them. */
const WIDE: Readonly<Record<string, Bucket>> = {}

/** The client of the second version has no shortcut here: its index is read whole, once for all tests. */
const CLIENTS = {
  "6.15": undefined,
  "7.8": compute7,
} as const

async function subject(pace: "bare" | "core", sdk: (() => Promise<unknown>) | undefined): Promise<Subject> {
  const world = { listLagMs: [0, 3_000] as const, ...(pace === "bare" ? { buckets: WIDE } : {}) }
  const cloud = await gce({ world, gcp: { sdk } })
  const { clock, provider } = cloud
  return {
    provider,
    clock,
    run: cloud.run,
    query: { instanceTypes: [TYPE], markets: ["on-demand"] },
    // More than one page, and once more than two.
    bulk: pace === "bare" && sdk === undefined ? 1001 : 501,
    another: () => gcp(optionsFor(cloud.wire, { sdk })),
    isOpen: ({ id }, port, from) => cloud.wire.isOpen(id, port, from),
    foreign: () => foreignIn(cloud.world),
    faults: faultsOf(cloud),
    close: () => cloud.wire.close(),
    ...(pace === "bare" ? {} : { calls: cloud.calls }),
  }
}

async function foreignIn(world: World): Promise<ForeignInstance> {
  const pool = { zone: ZONE, instanceType: TYPE, market: "on-demand" } as const
  const made = world.create({ ...pool, min: 1, max: 1, names: ["database"], tags: { name: "somebody-s-database" } })
  const id = made.kind === "created" ? (made.instances[0]?.id ?? "") : ""
  return { id: `${ZONE}/database`, alive: async () => ["pending", "running"].includes(world.instance(id)?.state ?? "") }
}

function faultsOf({ world: { faults } }: Cloud): FaultHooks {
  return {
    loseReply: () => faults.loseReply("*"),
    hang: () => faults.hang("*"),
    fail: (error) => faults.fail("*", { error }),
  }
}

for (const [version, sdk] of Object.entries(CLIENTS)) {
  for (const pace of ["bare", "core"] as const) {
    const isQuick = version === "6.15" && pace === "core"
    const title = `Compute Engine over the wire, client ${version}, with ${pace} calls`
    const isThere = sdk === undefined || COMPUTE[1].isThere
    const reason = isThere ? LONG : NOT_THERE
    describe.skipIf(!isThere || (!isQuick && !isLong))(isQuick ? title : `${title} (${reason})`, () => {
      for (const { name, run, skipped } of contract(() => subject(pace, sdk), { skip: SKIP })) {
        test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
      }
    })
  }
}
