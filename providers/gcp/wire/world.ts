/** A world that is like Compute Engine: its types, its quotas of requests, its habits. */
import type { Bucket } from "../../../src/provider.js"
import type { TypeSpec, WorldOptions } from "../../../src/simulator/index.js"

const window = (count: number): Bucket => ({ kind: "window", count, perMinute: 1, aligned: true })

/** "Compute Engine API quota", the numbers it last printed; "Troubleshooting bulk VM creation" for what is under way. */
export const GCE_BUCKETS: Readonly<Record<string, Bucket>> = {
  writes: window(1_500),
  reads: window(1_500),
  heavy: window(750),
  "heavy-global": window(750),
  "reads-global": window(1_500),
  "writes-global": window(1_500),
  bulk: { kind: "concurrency", max: 10 },
  creating: { kind: "concurrency", max: 8_000 },
}

function type(name: string, family: string, vcpus: number, memoryGiB: number, rest: Partial<TypeSpec> = {}): TypeSpec {
  return { name, family, vcpus, memoryGiB, arch: "x86_64", ...rest }
}

const arm = { arch: "arm64" } as const

/** A few real ones of each kind, with their real sizes; GPUs under Google's own names. Compute Engine has no prices. */
export const GCE_TYPES: readonly TypeSpec[] = [
  type("e2-small", "cpus", 2, 2),
  type("e2-standard-4", "cpus", 4, 16),
  type("n1-standard-8", "cpus", 8, 30),
  type("n2-standard-4", "n2", 4, 16),
  type("n2-standard-16", "n2", 16, 64),
  type("c2-standard-16", "c2", 16, 64),
  type("c4-standard-4", "c4", 4, 15),
  type("t2a-standard-4", "t2a", 4, 16, arm),
  type("c4a-standard-4", "c4a", 4, 16, arm),
  type("n4a-standard-4", "n4a", 4, 16, arm),
  type("c3-standard-4-lssd", "c3", 4, 16, { localDiskGiB: 375 }),
  type("z3-highmem-88-highlssd", "z3", 88, 704, { localDiskGiB: 36_000 }),
  type("g2-standard-4", "g2", 4, 16, { gpu: { name: "nvidia-l4", count: 1 } }),
  type("a2-highgpu-1g", "a2", 12, 85, { gpu: { name: "nvidia-tesla-a100", count: 1 } }),
]

/** Accelerators that can be attached to N1, by the letters of the zones that have them ("GPU regions and zones"). */
export const ACCELERATORS: Readonly<Record<string, readonly string[]>> = {
  "nvidia-tesla-t4": ["a", "b"],
  "nvidia-tesla-v100": ["a"],
}

const HOUR_MS = 3_600_000

/** What differs from the simulator's own defaults, for one region; spread it into `new World` or `simulate`. */
export function gceWorld(region = "us-central1"): Omit<WorldOptions, "clock"> {
  return {
    provider: "gcp",
    region,
    zones: ["a", "b", "c", "f"].map((letter) => `${region}-${letter}`),
    types: typesOf(region),
    buckets: GCE_BUCKETS,
    latency: { requestMs: [60, 250], createMs: [300, 1_200], bootMs: [10_000, 40_000], stopMs: [10_000, 60_000] },
    // "A deleted VM no longer appears in lists."
    terminatedVisibleMs: 0,
    noticeMs: 30_000,
    // Operations, and with them request ids, are kept for an hour at least ("View Compute Engine operations").
    tokenTtlMs: HOUR_MS,
    // Ids are unsigned 64 bit numbers.
    ids: (hex) => BigInt(`0x1${hex(14)}`).toString(),
  }
}

/** GPUs are in two zones of a region. */
function typesOf(region: string): readonly TypeSpec[] {
  const zones = [`${region}-a`, `${region}-b`]
  return GCE_TYPES.map((spec) => (spec.gpu === undefined ? spec : { ...spec, zones }))
}
