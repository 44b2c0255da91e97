/** A world that is like Azure: its sizes, its documented buckets, its habits. */
import type { Bucket, TokenBucket } from "../../../../src/provider.js"
import type { TypeSpec, WorldOptions } from "../../../../src/simulator/index.js"

const token = (capacity: number, perSecond: number): TokenBucket => ({ kind: "token", capacity, perSecond })

/** ARM's, for one principal in one subscription, and compute's ("Compute throttling limits"), which refill by the minute. */
export const AZURE_BUCKETS: Readonly<Record<string, Bucket>> = {
  "arm.reads": token(250, 25),
  "arm.writes": token(200, 10),
  "arm.deletes": token(200, 10),
  "compute.PutVM": token(1_500, 500 / 60),
  "compute.DeleteVM": token(1_500, 500 / 60),
  "compute.LowCostGet": token(24_000, 8_000 / 60),
  "compute.HighCostGet": token(900, 300 / 60),
  "compute.GetOperation": token(15_000, 5_000 / 60),
}

function size(
  name: string,
  family: string,
  vcpus: number,
  memoryGiB: number,
  price: number,
  rest: Partial<TypeSpec> = {},
): TypeSpec {
  return { name, family, vcpus, memoryGiB, arch: "x86_64", price: { "on-demand": price, spot: price * 0.2 }, ...rest }
}

const arm = { arch: "arm64" } as const

/** A few real ones of each kind, with their real sizes; prices are of westeurope, rounded. */
export const AZURE_TYPES: readonly TypeSpec[] = [
  size("Standard_D2s_v5", "standardDSv5Family", 2, 8, 0.115),
  size("Standard_D4s_v5", "standardDSv5Family", 4, 16, 0.23),
  size("Standard_D16s_v5", "standardDSv5Family", 16, 64, 0.92),
  size("Standard_F16s_v2", "standardFSv2Family", 16, 32, 0.776),
  size("Standard_E8ds_v5", "standardEDSv5Family", 8, 64, 0.68, { localDiskGiB: 300 }),
  size("Standard_D2ps_v5", "standardDPSv5Family", 2, 8, 0.09, arm),
  size("Standard_D16ps_v5", "standardDPSv5Family", 16, 64, 0.72, arm),
  size("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 28, 0.61, {
    gpu: { name: "T4", count: 1, memoryGiB: 16 },
    localDiskGiB: 176,
  }),
]

/** The zone of VMs that are bound to none. */
export const NO_ZONE = "regional"

/** What differs from the simulator's own defaults; spread it into `new World` or `simulate`. */
export const AZURE_WORLD: Omit<WorldOptions, "clock"> = {
  provider: "azure",
  region: "westeurope",
  zones: ["1", "2", "3", NO_ZONE],
  types: AZURE_TYPES,
  buckets: AZURE_BUCKETS,
  // A recorded create took 77.8 s; newer sizes take 30 to 90 s.
  latency: { requestMs: [60, 200], createMs: [500, 1_500], bootMs: [30_000, 90_000], stopMs: [10_000, 40_000] },
  // A deleted VM is not shown any more.
  terminatedVisibleMs: 0,
  // "Stopped: ... Billed" ("States and billing status of Azure Virtual Machines").
  billsStopped: true,
  noticeMs: 30_000,
  ids: (hex) => [hex(8), hex(4), hex(4), hex(4), hex(12)].join("-"),
}
