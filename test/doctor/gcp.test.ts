/** Doctor on Compute Engine, over its wire. */
import { describe, expect, test } from "vitest"
import { type GcpOptions, gcp } from "../../providers/gcp/index.js"
import { book } from "../../providers/gcp/rights/index.js"
import { type GceWireOptions, leaveDisk, PROJECT } from "../../providers/gcp/wire/index.js"
import { TAG } from "../../src/fleet/tags.js"
import { usualPurposes } from "../../src/rights.js"
import type { WorldOptions } from "../../src/simulator/index.js"
import { type Cloud, gce, optionsFor, ZONE } from "../gcp/support/cloud.js"
import { isLong } from "../support/long.js"
import { examined, one, rightsIn, told, troubles } from "./support.js"

interface Given {
  readonly wire?: Partial<GceWireOptions>
  readonly world?: Partial<WorldOptions>
  readonly gcp?: Partial<GcpOptions>
}

const CPUS = { name: "CPUS", family: "cpus", vcpus: 24 } as const

async function project({ wire = {}, world = {}, gcp: more = {} }: Given = {}): Promise<Cloud> {
  const cloud = await gce({ wire, world: { quotas: [CPUS], ...world } })
  const { url } = cloud.wire
  const own = { billingEndpoint: url, resourceManagerEndpoint: url }
  return { ...cloud, provider: gcp({ ...optionsFor(cloud.wire), ...own, ...more }) }
}

const USUAL = book.rights.filter(({ for: purposes }) => purposes.some((name) => usualPurposes(book).has(name)))
const NAMES = USUAL.map(({ name }) => name)

test("a principal with the printed role: all is well, in few requests", async () => {
  const cloud = await project({ wire: { permissions: NAMES } })
  const report = await examined(cloud)
  expect(troubles(report)).toEqual([])
  expect(rightsIn(report, "yes")).toEqual([...NAMES].sort())
  expect(one(report, "credential").text).toBe("project muster-test, from none: this endpoint is asked without")
  expect(one(report, "region").text).toBe("us-central1: us-central1-a, us-central1-b, us-central1-c, us-central1-f")
  expect(one(report, "types").text).toMatch(/^e2-small in /)
  expect(one(report, "prices").text).toMatch(/^from 0\.01\d+ USD an hour \(e2-small, .*Cloud Billing Catalog\)$/)
  expect(one(report, "image").text).toMatch(/^projects\/debian-cloud\/global\/images\/debian-12/)
  expect(one(report, "network").text).toMatch(/^global\/networks\/default; each instance gets a public address/)
  expect(one(report, "quota").text).toBe("enough for 1: CPUS has 24 of 24 vCPU left")
  expect(one(report, "clock").text).toBe("agrees with the cloud's")
  expect(cloud.world.ledger.entries.filter(({ api }) => /insert|delete|patch|set[A-Z]/i.test(api))).toEqual([])
})

describe("rights", () => {
  test("a principal that may do nothing", async () => {
    const report = await examined(await project({ wire: { permissions: [] } }))
    expect(one(report, "credential").status).toBe("ok")
    expect(rightsIn(report, "no")).toEqual([...NAMES].sort())
    expect(troubles(report)).toEqual(expect.arrayContaining(["fail rights", "warn region", "warn leftovers"]))
    expect(report.status).toBe("fail")
  })

  test("one that may only read", async () => {
    const permissions = NAMES.filter((name) => /\.(get|list)/.test(name))
    const report = await examined(await project({ wire: { permissions } }))
    expect(told(report, "rights").join("\n")).toMatch(
      /fail no: .*compute\.instances\.create.*: nothing can be launched/,
    )
    expect(rightsIn(report, "yes")).toEqual([...permissions].sort())
  })

  test("one that may do everything but delete", async () => {
    const permissions = NAMES.filter((name) => !name.endsWith(".delete"))
    const report = await examined(await project({ wire: { permissions } }))
    expect(rightsIn(report, "no")).toEqual(["compute.disks.delete", "compute.instances.delete"])
    const [launch, sweep] = report.lines.filter(({ check, status }) => check === "rights" && status !== "ok")
    expect([launch?.status, launch?.text, launch?.remedy]).toEqual([
      "fail",
      "no: compute.instances.delete (launching, listing and ending workers): nothing can be launched, or nothing be ended",
      "allow it: muster policy gcp prints the policy",
    ])
    expect([sweep?.status, sweep?.text]).toEqual([
      "warn",
      expect.stringContaining("compute.disks.delete (removing disks"),
    ])
  })

  test.each(isLong ? NAMES : ["compute.routers.list"])("without %s alone it is that which is missing", async (left) => {
    const permissions = NAMES.filter((name) => name !== left)
    expect(rightsIn(await examined(await project({ wire: { permissions } })), "no")).toEqual([left])
  })

  test("cannot be known where Cloud Resource Manager is not enabled; and access asks for more", async () => {
    const cloud = await project()
    const api = "cloudresourcemanager.projects.testIamPermissions"
    const message = "Cloud Resource Manager API has not been used in project 1 before or it is disabled."
    cloud.wire.answers.give({ api, place: "whole", code: "accessNotConfigured", status: 403, message })
    const access = { from: "192.0.2.7/32" } as const
    const report = await examined(cloud, { access, peers: true })
    expect(told(report, "rights")[1]).toMatch(
      /^warn cannot be known: .*compute\.firewalls\.create.*gcloud services enable cloudresourcemanager/,
    )
    expect(told(report, "access")).toEqual(["ok port 22 would be open to 192.0.2.7/32"])
  })
})

describe("credentials", () => {
  test("that are not there", async () => {
    const auth = { getRequestHeaders: () => Promise.reject(new Error("Could not load the default credentials.")) }
    const cloud = await project({ gcp: { auth } })
    const report = await examined(cloud)
    expect(one(report, "credential").text).toMatch(
      /no Google credentials .*run "gcloud auth application-default login"/,
    )
    expect(troubles(report)).toEqual(["fail credential", "warn others"])
    expect(cloud.world.ledger.count()).toBe(0)
  })

  test("that have expired", async () => {
    const auth = { getRequestHeaders: () => Promise.resolve({ authorization: "Bearer planted-old" }) }
    const report = await examined(await project({ gcp: { auth }, wire: { token: "new" } }))
    expect(one(report, "credential")).toMatchObject({
      status: "fail",
      text: expect.stringContaining("renew the credentials"),
    })
    expect(JSON.stringify(report)).not.toContain("planted")
  })

  test("say what they are and until when", async () => {
    class JWT {
      readonly email = "muster@p.iam.gserviceaccount.com"
      readonly credentials = { expiry_date: Date.UTC(2026, 0, 1, 1) }
      getRequestHeaders() {
        return Promise.resolve({ authorization: "Bearer good" })
      }
    }
    const report = await examined(await project({ gcp: { auth: new JWT() }, wire: { token: "good" } }))
    expect(one(report, "credential").text).toBe(
      "project muster-test, muster@p.iam.gserviceaccount.com, from a service account's key file, token until 2026-01-01T01:00:00.000Z",
    )
  })

  test("for a project that there is not", async () => {
    const report = await examined(await project({ gcp: { project: "another-project" } }))
    expect(one(report, "credential").text).toMatch(/another-project/)
    expect(report.status).toBe("fail")
  })
})

test("what clusters that are over have left is named, with the sweep that removes it", async () => {
  const cloud = await project()
  const tags = { [TAG.cluster]: "render", [TAG.uid]: "feedfeedfeedfeed", [TAG.owner]: "ci" }
  leaveDisk(cloud.world, PROJECT, ZONE, "left", tags)
  const line = one(await examined(cloud), "leftovers")
  expect([line.status, line.text]).toEqual(["warn", "of clusters that are over: disk us-central1-a/left"])
  expect(line.remedy).toBe("muster sweep --provider gcp --region us-central1 --owner ci")
})

describe("a region that lacks something", () => {
  test("the smallest type", async () => {
    const type = { name: "n4a-standard-4", family: "n4a", vcpus: 4, memoryGiB: 16, arch: "arm64" } as const
    const report = await examined(await project({ world: { types: [type] } }))
    expect(one(report, "types")).toMatchObject({ status: "fail", text: expect.stringContaining("is sold here") })
  })

  test("any quota", async () => {
    const report = await examined(await project({ world: { quotas: [{ ...CPUS, vcpus: 0 }] } }))
    expect(told(report, "quota")).toEqual(["fail CPUS has 0 of 0 vCPU left; 1 × e2-small need 2"])
  })

  test("a zone that answers", async () => {
    const cloud = await project()
    cloud.wire.unreachable.add("us-central1-a")
    const report = await examined(cloud)
    expect(one(report, "types").text).toMatch(/us-central1-b/)
    expect(troubles(report)).toContain("warn leftovers")
  })
})
