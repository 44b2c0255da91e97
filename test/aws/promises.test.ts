/** What every provider owes the core, kept by EC2 over the wire: with bare calls, and with the core's. */
import { describe, test } from "vitest"
import { aws } from "../../providers/aws/index.js"
import { EC2_TYPES } from "../../providers/aws/wire/index.js"
import type { Bucket, Market } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"
import { contract, type FaultHooks, type ForeignInstance, type Subject } from "../contract/index.js"
import { isLong, LONG } from "../support/long.js"
import { type Cloud, ec2, optionsFor } from "./support/cloud.js"

/** Bare calls pace nothing, so nothing may refuse them. */
const WIDE: Readonly<Record<string, Bucket>> = {}

async function subject(pace: "bare" | "core", market: Market = "on-demand"): Promise<Subject> {
  const world = { listLagMs: [0, 3_000] as const, ...(pace === "bare" ? { buckets: WIDE } : {}) }
  const cloud = await ec2({ world, aws: { subnetIds: undefined } })
  const { clock, provider } = cloud
  return {
    provider,
    clock,
    run: cloud.run,
    query: { instanceTypes: [EC2_TYPES[1]?.name ?? ""], markets: [market] },
    // More than a batch; with the core, more than a page as well.
    bulk: pace === "bare" ? 251 : 1001,
    group: { markets: [market] },
    another: () => aws(optionsFor(cloud.wire, { subnetIds: undefined })),
    // Older than the consistency window: a younger one that EC2 does not know may still come to be known.
    unknown: (like) => ({ ...like, id: otherId(like.id), launchedAt: clock.now() - 2 * provider.limits.consistencyMs }),
    isOpen: ({ id }, port, from) => cloud.wire.isOpen(id, port, from),
    foreign: () => foreignIn(cloud.world),
    faults: faultsOf(cloud),
    close: () => cloud.wire.close(),
    ...(pace === "bare" ? {} : { calls: cloud.calls }),
  }
}

function otherId(id: string): string {
  return `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`
}

async function foreignIn(world: World): Promise<ForeignInstance> {
  const pool = { zone: "us-east-1b", instanceType: "m7i.large", market: "on-demand" } as const
  const attributes = { imageId: "ami-1", subnetId: "subnet-1", securityGroupIds: [], reservation: "r-1", request: {} }
  const made = world.create({ ...pool, min: 1, max: 1, tags: { Name: "somebody's database" }, attributes })
  const id = made.kind === "created" ? (made.instances[0]?.id ?? "") : ""
  return { id, alive: async () => ["pending", "running"].includes(world.instance(id)?.state ?? "") }
}

function faultsOf({ world: { faults } }: Cloud): FaultHooks {
  return {
    loseReply: () => faults.loseReply("*"),
    hang: () => faults.hang("*"),
    // What no offer could make better: an answer that nobody knows is about the offer alone.
    fail: (error) => faults.fail("*", error === "rejected" ? { error, code: "UnknownParameter" } : { error }),
  }
}

for (const pace of ["bare", "core"] as const) {
  const isLeftOut = pace === "bare" && !isLong
  const title = `EC2 over the wire, with ${pace} calls`
  describe.skipIf(isLeftOut)(isLeftOut ? `${title} (${LONG})` : title, () => {
    for (const { name, run, skipped } of contract(() => subject(pace))) {
      test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
    }
  })
}

const FLEETS = "EC2 fleets of spot instances over the wire, with the core's calls"
describe.skipIf(!isLong)(isLong ? FLEETS : `${FLEETS} (${LONG})`, () => {
  for (const { name, run, skipped } of contract(() => subject("core", "spot"))) {
    test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
  }
})
