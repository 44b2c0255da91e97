/** The options of a world. By default it is a small, quick, well-stocked cloud. */
import type { Clock } from "../../calls/clock.js"
import type { Bucket } from "../../provider.js"
import { DEFAULT_TYPES, type TypeSpec } from "../stock/catalogue.js"
import type { Span } from "./luck.js"
import type { CapacityRow } from "../stock/pools.js"
import type { QuotaRow } from "../stock/quotas.js"

/** How long things take, in milliseconds. */
export interface Latency {
  /** Any request, there and back. */
  readonly requestMs: Span
  /** A request that creates. */
  readonly createMs: Span
  /** From pending to running. */
  readonly bootMs: Span
  /** From terminating to terminated. */
  readonly stopMs: Span
  /** From when a guest runs until its check passes, where its group has one. */
  readonly readyMs: Span
}

/** How long the parts of a boot take after the instance runs, where the world plays its guest, in milliseconds. */
export interface GuestTimes {
  /** From running to the guest's start; 0 by default. */
  readonly systemMs: Span
  /** Steps before `startup`, in their order; none by default. */
  readonly steps: Readonly<Record<string, Span>>
}

/** What one request may carry, and how long things may take: the data that adapters state as their limits. */
export interface WorldLimits {
  /** Most instances of one create request. */
  readonly createBatch: number
  /** Most ids of one terminate request. */
  readonly terminateBatch: number
  /** Most instances of one page of a list: one page is one request. */
  readonly listPage: number
  /** For how long lists may miss what exists, in milliseconds. */
  readonly consistencyMs: number
}

export interface WorldOptions {
  readonly clock: Clock
  /** Fixes all luck: ids, delays, faults. 1 by default. */
  readonly seed?: number
  /** "simulated" by default. */
  readonly provider?: string
  /** "sim-1" by default: a world is one region. */
  readonly region?: string
  /** The region's name with a, b and c behind it by default. */
  readonly zones?: readonly string[]
  /** Eight types by default: two architectures, one with a GPU, one with local disks. */
  readonly types?: readonly TypeSpec[]
  /** No limit by default. */
  readonly capacity?: readonly CapacityRow[]
  /** No limit by default. */
  readonly quotas?: readonly QuotaRow[]
  /** The true buckets; `reads` 200 and 50 a second, `writes` 100 and 20 a second by default. */
  readonly buckets?: Readonly<Record<string, Bucket>>
  readonly latency?: Partial<Latency>
  readonly guestTimes?: Partial<GuestTimes>
  /** How much later than it happens a change is seen in lists; 0 to 3 s by default. */
  readonly listLagMs?: Span
  /** For how long lists show a terminated instance; an hour by default (EC2), 0 where it vanishes (GCP, Azure). */
  readonly terminatedVisibleMs?: number
  /** Terminating is billed as running is (GCP, Azure); false by default: the bill ends where there is no way back (EC2). */
  readonly billsUntilGone?: boolean
  /** A stopped instance is billed as a running one is (Azure, unless it is deallocated); false by default. */
  readonly billsStopped?: boolean
  /** From the notice of an interruption to the end; 2 min by default (EC2 Spot; GCP and Azure: 30 s). */
  readonly noticeMs?: number
  /** For how long a token is remembered; 24 h by default. */
  readonly tokenTtlMs?: number
  /** 250 creates, 1000 terminations and 1000 listed instances a request, 10 s of consistency window by default. */
  readonly limits?: Partial<WorldLimits>
  /** Makes an id from random hex digits; "i-" and 17 digits by default. */
  readonly ids?: (hex: (digits: number) => string) => string
  /** The address of the nth instance; private ones of 10.0.0.0/8 and public ones of 198.18.0.0/15 by default. */
  readonly addresses?: (order: number, kind: "private" | "public") => string
}

export type WorldSettings = Required<Omit<WorldOptions, "latency" | "limits" | "guestTimes">> & {
  readonly latency: Latency
  readonly guestTimes: GuestTimes
  readonly limits: WorldLimits
}

const HOUR_MS = 3_600_000

const DEFAULT_LATENCY: Latency = {
  requestMs: [50, 150],
  createMs: [800, 2_500],
  bootMs: [20_000, 60_000],
  stopMs: [10_000, 30_000],
  readyMs: [5_000, 15_000],
}

const DEFAULT_LIMITS: WorldLimits = {
  createBatch: 250,
  terminateBatch: 1_000,
  listPage: 1_000,
  consistencyMs: 10_000,
}

const DEFAULT_BUCKETS: Readonly<Record<string, Bucket>> = {
  reads: { kind: "token", capacity: 200, perSecond: 50 },
  writes: { kind: "token", capacity: 100, perSecond: 20 },
}

/** Fills in what was left out. */
export function settingsOf(options: WorldOptions): WorldSettings {
  const region = options.region ?? "sim-1"
  return {
    clock: options.clock,
    seed: options.seed ?? 1,
    provider: options.provider ?? "simulated",
    region,
    zones: options.zones ?? ["a", "b", "c"].map((letter) => `${region}${letter}`),
    types: options.types ?? DEFAULT_TYPES,
    capacity: options.capacity ?? [],
    quotas: options.quotas ?? [],
    buckets: options.buckets ?? DEFAULT_BUCKETS,
    latency: { ...DEFAULT_LATENCY, ...options.latency },
    guestTimes: { systemMs: 0, steps: {}, ...options.guestTimes },
    listLagMs: options.listLagMs ?? [0, 3_000],
    terminatedVisibleMs: options.terminatedVisibleMs ?? HOUR_MS,
    billsUntilGone: options.billsUntilGone ?? false,
    billsStopped: options.billsStopped ?? false,
    noticeMs: options.noticeMs ?? 120_000,
    tokenTtlMs: options.tokenTtlMs ?? 24 * HOUR_MS,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    ids: options.ids ?? ((hex) => `i-${hex(17)}`),
    addresses: options.addresses ?? addressOf,
  }
}

/** 198.18.0.0/15 is set aside for benchmarks (RFC 2544): no host on the Internet has such an address. */
function addressOf(order: number, kind: "private" | "public"): string {
  const [first, rest] = kind === "private" ? [10, order] : [198, 18 * 2 ** 16 + (order % 2 ** 17)]
  return [first, (rest >> 16) & 255, (rest >> 8) & 255, rest & 255].join(".")
}
