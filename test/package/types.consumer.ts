/**
 * What the published types let through and what they do not: compiled by `types.test.ts` in a project that has installed the
 * package. It is never run. An error that is expected and does not come is an error itself.
 */
import { Cluster, type ClusterSpec, type ListSpec, type Provider, type ScaleTarget, withCluster } from "muster-vms"
import { aws } from "muster-vms/aws"
import { type BullQueue, type BullWorker, bullmq, type Drained, drainNotice, drainOnNotice } from "muster-vms/bullmq"
import { dask } from "muster-vms/dask"
import { gcp } from "muster-vms/gcp"
import { local } from "muster-vms/local"
import { type ProgressStream, showProgress } from "muster-vms/progress"
import { rehearse } from "muster-vms/simulator"

// Groups are known by their names.
const two = new Cluster({
  provider: "aws",
  region: "eu-west-2",
  groups: { cpu: { vcpus: { min: 16 }, arch: "arm64" }, gpu: { gpu: { name: "L4", count: 1 }, market: "spot" } },
})
await two.scale({ cpu: 1, gpu: 2 }, { minimum: 1, timeout: "10m" })
await two.scale({ gpu: 2 })
await two.scale(0)
await two.plan({ cpu: 90 })
await two.group("gpu").scale(3)
// @ts-expect-error a group that is not there
await two.scale({ cpu: 1, gpuu: 2 })
// @ts-expect-error the same in a plan
await two.plan({ gppu: 1 })
// @ts-expect-error the same by its name
two.group("gppu")
// @ts-expect-error a count that is none
await two.scale({ cpu: "1" })
// @ts-expect-error a group's own field that is not there
new Cluster({ provider: "local", groups: { cpu: { vcpu: 2 } } })

// An engine is an object that its factory has made.
await new Cluster({ provider: "local", engine: dask({ version: "2024.1.0", head: { vcpus: 2 } }) }).client()
// @ts-expect-error an option that is not there
dask({ workers: 4 })
// @ts-expect-error the factory itself
new Cluster({ provider: "local", engine: dask })

declare const stream: ProgressStream
showProgress(two, { mode: "json", stream }).stop()
// @ts-expect-error a mode that is not there
showProgress(two, { mode: "tty" })

// Where the names are not known at compile time any may be one.
declare const dynamic: Readonly<Record<string, { readonly vcpus: number }>>
const many = new Cluster({ provider: "local", groups: dynamic })
await many.scale({ whatever: 1 })
many.group("whatever")
const single = new Cluster({ provider: "local" })
await single.scale({ default: 2 })
const attached = await Cluster.attach("render", { provider: "aws", region: "eu-west-2" })
await attached.scale({ cpu: 1 })

// A cluster with known groups is a cluster.
async function close(cluster: Cluster): Promise<number> {
  return (await cluster.close()).instances.length
}
const growing = (cluster: Pick<Cluster, "scale" | "workers">) => cluster.scale(1)
await close(two)
await growing(two)
const all: readonly Cluster[] = [two, many, single, attached]
console.log(all)
const kept: { cluster?: Cluster } = {}
kept.cluster = two
async function grow<Names extends string>(cluster: Cluster<Names>, target: ScaleTarget<Names>): Promise<void> {
  await cluster.scale(target)
}
await grow(two, { cpu: 4 })
// @ts-expect-error a helper that is generic knows the names too
await grow(two, { cpuu: 4 })
await withCluster({ provider: "local", groups: { a: {}, b: {} } }, async (cluster) => {
  await cluster.scale({ a: 1, b: 1 })
  // @ts-expect-error a group that is not there
  await cluster.scale({ c: 1 })
})
const counted: number = await withCluster<number>({ provider: "local" }, async () => 1)
console.log(counted)

// A cloud that is named needs its region; one that is made has it.
new Cluster({ provider: "local" })
new Cluster({ provider: aws({ region: "eu-west-2" }) })
new Cluster({ provider: [aws({ region: "eu-west-2" }), gcp({ region: "europe-west2" }), "local"] })
new Cluster({ provider: "gcp", region: ["europe-west2", "europe-west4"] })
declare const given: Provider
new Cluster({ provider: given })
new Cluster({ provider: local({}) })
// @ts-expect-error a cloud without its region
new Cluster({ provider: "aws" })
// @ts-expect-error one of several without its region
new Cluster({ provider: ["azure", "local"] })
// @ts-expect-error a cloud that is none
new Cluster({ provider: "amazon", region: "eu-west-2" })
// @ts-expect-error the same where it is attached to
await Cluster.attach("render", { provider: "gcp" })
await Cluster.list({ provider: "aws", region: "eu-west-2" })
// @ts-expect-error the same in a list
await Cluster.list({ provider: "aws" })
await Cluster.sweep({ provider: "aws", region: "eu-west-2", dryRun: true })
await Cluster.sweep({ provider: "aws", regions: ["eu-west-2", "us-east-1"] })
// @ts-expect-error the same in a sweep
await Cluster.sweep({ provider: "aws", dryRun: true })
const listed: ListSpec = { provider: "local" }
console.log(listed)
// A rehearsal asks no cloud.
await rehearse({ provider: "aws", vcpus: 4 }, "calm-day", { workers: 10 })

// A type's name, or what it must have.
new Cluster({ provider: "local", instanceType: ["local-1", "local-2"], arch: "x86_64" })
new Cluster({ provider: "local", vcpus: 4, memoryGiB: { min: 8 }, arch: "arm64" })
// A group that chooses in one way does not inherit the other.
new Cluster({ provider: "local", vcpus: 4, groups: { exact: { instanceType: "local-1" }, other: {} } })
// @ts-expect-error a type beside a number of vCPUs
new Cluster({ provider: "local", instanceType: "local-1", vcpus: 4 })
// @ts-expect-error a type beside memory
new Cluster({ provider: "local", instanceType: "local-1", memoryGiB: { min: 8 } })
// @ts-expect-error a type beside a GPU
new Cluster({ provider: "local", instanceType: "local-1", gpu: { count: 1 } })
// @ts-expect-error a type beside a local disk
new Cluster({ provider: "local", instanceType: "local-1", localDisk: { minGiB: 100 } })
// @ts-expect-error the same in a group
new Cluster({ provider: "local", groups: { cpu: { instanceType: "local-1", vcpus: 4 } } })
// @ts-expect-error the same where it is attached to
await Cluster.attach("render", { provider: "local", instanceType: "local-1", vcpus: 4 })

// Specs may be written down before they are used.
const spec: ClusterSpec = { provider: "local", vcpus: 4, maxLifetime: "6h" }
new Cluster(spec)
const shared = { provider: aws({ region: "eu-west-2" }), maxLifetime: "8h", closeOnExit: true } as const
const head = new Cluster({ ...shared, instanceType: "m7i.large" })
await using workers = new Cluster({ ...shared, vcpus: { min: 8 }, groups: { only: {} } })
await workers.scale({ only: 1 })
head.on("worker", ({ name, to }) => console.log(name, to))
// @ts-expect-error an event that there is not
head.on("wroker", () => {})
// @ts-expect-error a duration without its unit
new Cluster({ provider: "local", maxLifetime: "90" })
// @ts-expect-error an option that there is not
new Cluster({ provider: "local", maxWorker: 3 })

// Queues and workers are any that have what is used of them.
declare const queue: BullQueue
declare const bullWorker: BullWorker
const { workers: wanted } = await bullmq(queue, { perWorker: 8, timeout: "5s" })()
console.log(wanted)
// @ts-expect-error how many jobs a machine runs is not known otherwise
bullmq(queue, {})
const drained: Promise<Drained> = drainOnNotice(bullWorker, {
  fits: ({ id }, { secondsLeft }) => id !== "1" || secondsLeft > 9,
}).drained
console.log(await drained)
new Cluster({ provider: "local", onNotice: drainNotice })
