/** Doctor on Azure, over its wire. */
import { describe, expect, test } from "vitest"
import type { AzureOptions } from "../../providers/azure/index.js"
import { book } from "../../providers/azure/rights/index.js"
import { rightsFor, usualPurposes } from "../../src/rights.js"
import type { WorldOptions } from "../../src/simulator/index.js"
import { azureCloud, type Cloud, SUBSCRIPTION } from "../azure/support/cloud.js"
import { isLong } from "../support/long.js"
import { examined, one, rightsIn, told, troubles } from "./support.js"

const FAMILY = { family: "standardDSv5Family", market: "on-demand", vcpus: 10 } as const

/** @param role the actions of the principal; all when left out. */
async function subscription(
  role?: readonly string[],
  given: { readonly azure?: Partial<AzureOptions>; readonly world?: Partial<WorldOptions> } = {},
): Promise<Cloud> {
  const cloud = await azureCloud({ azure: given.azure ?? {}, world: { quotas: [FAMILY], ...given.world } })
  if (role !== undefined) cloud.wire.quirks.role = new Set(role)
  return cloud
}

const PURPOSES = new Set([...usualPurposes(book), "quotas", "doctor"])
const ROLE = rightsFor(book.rights, PURPOSES).map(({ name }) => name)
const ASKED = rightsFor(book.rights, new Set([...usualPurposes(book), "quotas"])).map(({ name }) => name)

test("a principal with the printed role: all is well, in few requests", async () => {
  const cloud = await subscription(ROLE)
  const report = await examined(cloud)
  expect(troubles(report)).toEqual([])
  expect(rightsIn(report, "yes")).toEqual([...ASKED].sort())
  expect(one(report, "credential").text).toBe(`subscription ${SUBSCRIPTION} (Rendering)`)
  expect(one(report, "region").text).toBe("westeurope is one of the subscription's 2 locations")
  expect(one(report, "types").text).toBe("Standard_D2s_v5 in 1, 2, 3, regional (on-demand)")
  expect(one(report, "prices").text).toMatch(/^from 0\.115 USD an hour/)
  expect(one(report, "image").text).toMatch(/^Canonical:ubuntu-24_04-lts:server:24\.04\.\d+ \(x86_64\)$/)
  expect(one(report, "network").text).toMatch(
    /^\/resourceGroups\/muster-westeurope\/.*made with the first launch.*public address/,
  )
  expect(one(report, "quota").text).toMatch(/^enough for 1: .* has 10 of 10 vCPUs left$/)
  expect(one(report, "clock").text).toBe("agrees with the cloud's")
  expect(cloud.wire.remains()).toEqual([])
})

describe("rights", () => {
  test("a principal that may do nothing but be asked for its permissions", async () => {
    const report = await examined(await subscription(["Microsoft.Authorization/permissions/read"]))
    expect(rightsIn(report, "no")).toEqual([...ASKED].sort())
    expect(one(report, "credential").status).toBe("ok")
    expect(troubles(report)).toEqual(
      expect.arrayContaining(["fail rights", "warn region", "warn quota", "warn leftovers"]),
    )
  })

  test("one that may not even be asked", async () => {
    const report = await examined(await subscription([]))
    expect(told(report, "rights").at(-1)).toMatch(/^warn cannot be known: .*its own permissions: --with doctor/)
    expect(rightsIn(report, "cannot be known")).toEqual([...ASKED].sort())
  })

  test("one that may only read", async () => {
    const cloud = await subscription()
    cloud.wire.quirks.role = new Set(ROLE.filter((name) => name.endsWith("/read")))
    const report = await examined(cloud)
    expect(told(report, "rights").join("\n")).toMatch(/fail no: .*virtualMachines\/write.*: nothing can be launched/)
    expect(rightsIn(report, "no").every((name) => !name.endsWith("/read"))).toBe(true)
  })

  test("one that may do everything but delete", async () => {
    const report = await examined(await subscription(ROLE.filter((name) => !name.endsWith("/delete"))))
    expect(rightsIn(report, "no").length).toBeGreaterThan(4)
    expect(rightsIn(report, "no").every((name) => name.endsWith("/delete"))).toBe(true)
    expect(report.status).toBe("fail")
  })

  test.each(isLong ? ASKED : ["Microsoft.Compute/disks/write"])(
    "without %s alone it is that which is missing",
    async (left) => {
      const report = await examined(await subscription(ROLE.filter((name) => name !== left)))
      expect(rightsIn(report, "no")).toEqual([left])
    },
  )

  test("a group and a subnet of one's own need fewer", async () => {
    const subnetId = `/subscriptions/${SUBSCRIPTION}/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/n/subnets/s`
    const report = await examined(await subscription(undefined, { azure: { resourceGroup: "theirs", subnetId } }))
    expect(rightsIn(report, "yes")).not.toContain("Microsoft.Network/virtualNetworks/write")
    expect(rightsIn(report, "yes")).toContain("Microsoft.Network/virtualNetworks/subnets/read")
  })
})

const login = (token: string, expiresOnTimestamp = Date.UTC(2026, 0, 1, 1)) => ({
  getToken: () => Promise.resolve({ token, expiresOnTimestamp }),
})

describe("a login", () => {
  test("that is not there", async () => {
    const none = Object.assign(new Error("EnvironmentCredential is unavailable.\nAzureCliCredential: run az login"), {
      name: "AggregateAuthenticationError",
    })
    const cloud = await subscription(undefined, { azure: { credential: { getToken: () => Promise.reject(none) } } })
    const report = await examined(cloud)
    expect(one(report, "credential")).toMatchObject({
      status: "fail",
      text: expect.stringMatching(/^run "az login".*no Azure login/),
    })
    expect([troubles(report), cloud.world.ledger.count()]).toEqual([["fail credential", "warn others"], 0])
  })

  test("whose token is refused, or of another tenant", async () => {
    const expired = await subscription(undefined, { azure: { credential: login("planted-old") } })
    expired.wire.quirks.tokens = new Set(["new"])
    const report = await examined(expired)
    expect(one(report, "credential")).toMatchObject({
      status: "fail",
      text: expect.stringContaining("ExpiredAuthenticationToken"),
    })
    expect(JSON.stringify(report)).not.toContain("planted")
    const other = await subscription()
    const message =
      "The access token is from the wrong issuer. It must match the tenant associated with this subscription."
    const answer = {
      api: "Subscriptions_Get",
      place: "whole",
      code: "InvalidAuthenticationTokenTenant",
      status: 401,
      message,
    } as const
    other.wire.answer(answer)
    expect(one(await examined(other), "credential").text).toContain("wrong issuer")
  })

  test("says whose it is and until when, and shows no token", async () => {
    const claims = { tid: "t-1", appid: "04b07795-8ddb-461a-bbee-02f9e1bf7b46", upn: "me@example.org" }
    const token = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.planted`
    const report = await examined(await subscription(undefined, { azure: { credential: login(token) } }))
    expect(one(report, "credential").text).toBe(
      `subscription ${SUBSCRIPTION} (Rendering), me@example.org, of tenant t-1, from the az command (az login), token until 2026-01-01T01:00:00.000Z`,
    )
    expect(JSON.stringify(report)).not.toContain("planted")
  })

  test.each([
    ["Disabled", "fail"],
    ["PastDue", "warn"],
  ])("for a subscription that is %s", async (state, status) => {
    const cloud = await subscription()
    cloud.wire.quirks.subscriptionState = state
    expect(one(await examined(cloud), "credential")).toMatchObject({
      status,
      text: expect.stringContaining(`which is ${state}`),
    })
  })
})

describe("a location that lacks something", () => {
  test("the smallest size", async () => {
    const type = { name: "Standard_D16ps_v5", family: "f", vcpus: 16, memoryGiB: 64, arch: "arm64" } as const
    const report = await examined(await subscription(undefined, { world: { types: [type] } }))
    expect(one(report, "types")).toMatchObject({ status: "fail", text: expect.stringContaining("is sold here") })
  })

  test("any quota", async () => {
    const report = await examined(await subscription(undefined, { world: { quotas: [{ ...FAMILY, vcpus: 0 }] } }))
    expect(told(report, "quota")[0]).toMatch(/^fail .* has 0 of 0 vCPUs left; 1 × Standard_D2s_v5 need 2$/)
  })

  test("Microsoft.Compute, which is not registered", async () => {
    const cloud = await subscription()
    cloud.wire.quirks.unregistered = true
    expect(one(await examined(cloud), "types").text).toContain("az provider register --namespace Microsoft.Compute")
  })
})
