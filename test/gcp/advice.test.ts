/** What is advised about a quota goes by the metric that ran out, wherever Compute Engine names it. */
import { describe, expect, test } from "vitest"
import { quotaAdvice } from "../../providers/gcp/client/refusals/quota-advice.js"
import { Cluster } from "../../src/cluster.js"
import type { ShortfallError } from "../../src/errors.js"
import { gce, TYPE } from "./support/cloud.js"

const ROWS = [
  ["SSD_TOTAL_GB", /smaller \(disk\.sizeGb\) or of another kind/],
  ["DISKS_TOTAL_GB", /smaller \(disk\.sizeGb\)/],
  ["compute.googleapis.com/hyperdisk_balanced_total_gb", /HYPERDISK_BALANCED_TOTAL_GB .*smaller/],
  ["LOCAL_SSD_TOTAL_GB", /fewer localSsds/],
  ["IN_USE_ADDRESSES", /publicAddress: false\) behind Cloud NAT/],
  ["GPUS_ALL_REGIONS", /all regions of the project: only another project/],
  ["CPUS_ALL_REGIONS", /all regions of the project/],
  ["NVIDIA_L4_GPUS", /types with other GPUs, or regions/],
  ["PREEMPTIBLE_NVIDIA_L4_GPUS", /types with other GPUs/],
  ["PREEMPTIBLE_CPUS", /"spot-with-fallback"/],
  ["compute.googleapis.com/n2_cpus", /N2_CPUS .*types of other series, or regions/],
  ["INSTANCES", /fewer and larger machine types/],
  ["SOMETHING_NEW", /add regions or providers/],
] as const

test.each(ROWS)("%s", (metric, expected) => {
  expect(quotaAdvice(metric)).toMatch(expected)
  expect(quotaAdvice(metric)).toMatch(/^ask for more of [A-Z0-9_]+ under IAM & Admin > Quotas, or: /)
})

describe("in a shortfall, and in explain()", () => {
  test.each(["whole", "operation"] as const)("%s", async (place) => {
    for (const [metric, expected] of ROWS.slice(0, 5)) {
      const name = metric.slice(metric.lastIndexOf("/") + 1).toUpperCase()
      const cloud = await gce({ gcp: { zones: ["us-central1-a"] } })
      const code = place === "whole" ? "quotaExceeded" : "QUOTA_EXCEEDED"
      const message = `Quota '${name}' exceeded.  Limit: 500.0 in region us-central1.`
      cloud.wire.answers.give({ api: "instances.bulkInsert", place, status: 403, code, message })
      const spec = { name: "render", provider: cloud.provider, instanceType: TYPE }
      const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
      const error = await cloud.run(cluster.scale(2).catch((thrown: ShortfallError) => thrown))
      const [reason] = (error as ShortfallError).shortfall.reasons
      expect(reason).toMatchObject({ reason: "quota", count: 2 })
      expect(reason?.advice).toMatch(expected)
      expect(String(cluster.explain())).toMatch(expected)
      await cloud.run(cluster.close())
    }
  })
})
