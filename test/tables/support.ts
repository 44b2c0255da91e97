/** Small, plain things for table tests: each with what a row is about, and nothing else of interest. */
import type { WorkerRecord } from "../../src/fleet/roster/worker-record.js"
import type { Failure, Instance, Offer, Provider } from "../../src/provider.js"
import { resolveSpec } from "../../src/spec.js"
import type { ResolvedGroup } from "../../src/spec/resolved.js"

/** Milliseconds since 1970. */
export const NOW = Date.UTC(2026, 0, 1)

export const provider = { name: "p", region: "r", limits: {} } as unknown as Provider

export function offerOf(change: Partial<Offer> = {}): Offer {
  return {
    provider: "p",
    region: "r",
    zone: "a",
    instanceType: "t",
    market: "on-demand",
    family: "f",
    vcpus: 2,
    memoryGiB: 4,
    arch: "x86_64",
    ...change,
  }
}

export function instanceOf(change: Partial<Instance> = {}): Instance {
  return {
    id: "i-1",
    provider: "p",
    name: "",
    state: "running",
    region: "r",
    zone: "a",
    instanceType: "t",
    market: "on-demand",
    launchedAt: NOW,
    tags: {},
    ...change,
  }
}

export function workerOf(instance: Partial<Instance> = {}, change: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    provider,
    group: "default",
    instance: instanceOf(instance),
    state: "running",
    since: NOW,
    listed: true,
    knownSince: NOW,
    bootsFrom: NOW,
    billedFrom: NOW,
    ...change,
  }
}

export function failureOf(change: Partial<Failure> = {}): Failure {
  return { reason: "capacity", count: 1, scope: {}, ttlMs: 60_000, code: "None", message: "none left", ...change }
}

/** A group as a spec with these fields gives it. */
export function groupOf(change: Partial<ResolvedGroup> = {}): ResolvedGroup {
  const [group] = resolveSpec({ provider: "local" }).groups
  if (group === undefined) throw new Error("a spec has at least one group")
  return { ...group, ...change }
}
