/** A second provider, which is asked only when the first one will not: what it sells is dearer than anything. */
import type { Clock } from "../../src/calls/clock.js"
import { type SimulatedCloud, simulate } from "../../src/simulator/index.js"

/** @param name of its only type. */
export function dearCloud(clock: Clock, name: string): SimulatedCloud {
  const price = { "on-demand": 900, spot: 800 }
  const type = { name, family: "s1", vcpus: 2, memoryGiB: 8, arch: "x86_64", price } as const
  return simulate({ clock, seed: 2, types: [type], latency: { bootMs: 5_000 } })
}
