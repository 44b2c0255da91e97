/** Azure's answers to what is asked of VMs, in every form that its own pages and specifications allow. */
import { describe, expect, test } from "vitest"
import { RejectedError, SpecError, TransientError } from "../../../src/errors.js"
import { ARM_COMPUTE } from "../../support/newer-sdks.js"
import { GROUP, OWNER, SUBSCRIPTION } from "../support/cloud.js"
import {
  type Asked,
  errorOf,
  GIVEN,
  GROUP_PATH,
  launchOf,
  listIn,
  refusal,
  type Said,
  scripted,
  vmOf,
  VMS_PATH,
} from "../support/scripted.js"

const isPath = ({ path }: Asked, wanted: string) => path.toLowerCase() === wanted.toLowerCase()

for (const { title, sdk, isThere } of ARM_COMPUTE)
  describe.skipIf(!isThere)(`a create, with ${title}`, () => {
    /** One PUT that is answered so, and the instance that comes of it. */
    async function created(said: Said) {
      const arm = await scripted((asked) => (asked.method === "PUT" ? said : undefined), { ...GIVEN, sdk })
      return { arm, ...(await arm.provider.launch(launchOf(), arm.calls)) }
    }

    test("accepted with the least that the specification's example has, and an operation to ask", async () => {
      const operation =
        "https://management.azure.com/subscriptions/x/providers/Microsoft.Compute/locations/l/operations/o"
      const headers = { "azure-asyncoperation": operation, "retry-after": "10" }
      const { arm, instances } = await created({ status: 201, headers, body: vmOf("default-1") })
      expect(instances).toMatchObject([{ name: "default-1", state: "pending", zone: "regional", market: "on-demand" }])
      // It is not as old as the epoch: neither has its boot timed out, nor has it been paid for since.
      expect(instances[0]?.launchedAt).toBe(arm.clock.now())
      expect(arm.asked).toHaveLength(1)
      expect(arm.asked[0]?.headers["if-none-match"]).toBe("*")
    })

    test.each([
      ["with a location to ask", { status: 202, headers: { location: "https://management.azure.com/x" } }],
      ["with nothing to ask", { status: 201 }],
      ["as an update", { status: 200 }],
    ])("accepted %s: the answer is all that is read", async (_how, said) => {
      const body = vmOf("default-1", {
        provisioningState: "Succeeded",
        timeCreated: "2026-01-01T00:00:00.1234567+00:00",
      })
      const { arm, instances } = await created({ ...said, body })
      expect(instances).toMatchObject([{ state: "running", launchedAt: Date.UTC(2026, 0, 1, 0, 0, 0, 123) }])
      expect(arm.asked).toHaveLength(1)
    })

    test("names in any case of letters: the same VM", async () => {
      const id = `${VMS_PATH}/DEFAULT-1`.replace("resourceGroups/workers", "resourceGroups/WORKERS").toUpperCase()
      const { instances } = await created({ status: 201, body: { ...vmOf("default-1"), id, location: "West Europe" } })
      expect(instances).toMatchObject([{ id: `${VMS_PATH}/default-1`.toLowerCase(), region: "westeurope" }])
    })
  })

for (const { title, sdk, isThere } of ARM_COMPUTE)
  describe.skipIf(!isThere)(`a delete, with ${title}`, () => {
    const instance = { id: `${VMS_PATH}/default-1`.toLowerCase(), name: "default-1", tags: {} } as never

    test.each([
      [
        "accepted, with a location alone",
        { status: 202, headers: { location: "https://management.azure.com/x" } },
        "terminating",
      ],
      ["accepted, without a word", { status: 202 }, "terminating"],
      ["at once", { status: 200 }, "terminating"],
      ["of what there is none", { status: 204 }, "terminated"],
      ["of what there is none, said as an error", refusal(404, "ResourceNotFound", "not found"), "terminated"],
      ["in a group that has gone", refusal(404, "ResourceGroupNotFound", "not found"), "terminated"],
    ] as const)("%s", async (_how, said, state) => {
      const arm = await scripted(() => said, { ...GIVEN, sdk })
      expect(await arm.provider.terminate([instance], arm.calls)).toEqual({
        accepted: [{ id: `${VMS_PATH}/default-1`.toLowerCase(), state }],
        failures: [],
      })
      expect(arm.asked.map(({ query }) => query.get("forceDeletion"))).toEqual(["true"])
    })

    test("is not forced where the guest has something to do before its end", async () => {
      const arm = await scripted(() => ({ status: 202 }), { ...GIVEN, sdk })
      const told = { ...(instance as object), tags: { "muster-notice": "1" } } as never
      await arm.provider.terminate([told], arm.calls)
      expect(arm.asked.map(({ query }) => query.get("forceDeletion"))).toEqual(["false"])
    })

    test("a page that says 404 is nobody's word for it", async () => {
      const arm = await scripted(() => ({ status: 404, body: "<html>Not here</html>" }), { ...GIVEN, sdk })
      const { accepted, failures } = await arm.provider.terminate([instance], arm.calls)
      expect(accepted).toEqual([])
      expect(failures[0]?.message).toContain("is there a proxy")
    })
  })

describe("a list", () => {
  const listed = async (answer: Parameters<typeof scripted>[0]) => {
    const arm = await scripted(
      (asked, url) => (isPath(asked, VMS_PATH) ? answer(asked, url) : { body: { value: [] } }),
      GIVEN,
    )
    return listIn(arm)
  }
  const page = (...value: object[]) => ({ body: { value } })

  test("of somebody else's VMs with nothing but an id is read, and ours beside them", async () => {
    const least = { id: `${VMS_PATH}/theirs`, location: "westeurope" }
    const odd = {
      ...least,
      tags: null,
      zones: null,
      properties: { provisioningState: "Hibernating", instanceView: null },
    }
    expect(await listed(() => page(least, odd, vmOf("ours")))).toMatchObject([{ name: "ours", state: "pending" }])
  })

  test.each([
    ["Succeeded", "running"],
    ["succeeded", "running"],
    ["Updating", "running"],
    ["Deleting", "terminating"],
    ["Accepted", "pending"],
    ["NeverSeen", "pending"],
  ])("%s: %s", async (provisioningState, state) => {
    expect(await listed(() => page(vmOf("ours", { provisioningState })))).toMatchObject([{ state }])
  })

  test("an operation that was canceled leaves a VM that failed", async () => {
    const [instance] = await listed(() => page(vmOf("ours", { provisioningState: "Canceled", instanceView: {} })))
    expect(instance).toMatchObject({ state: "pending", failure: { reason: "boot", code: "ProvisioningFailed" } })
  })

  test("pages: an empty one between, links in other letters, with a port, without a host, and null at the end", async () => {
    const links = [
      (url: string) => `${url.replace("https", "HTTPS")}${VMS_PATH}?at=1`,
      () => `${VMS_PATH}?at=2`,
      (url: string) => `${url}${VMS_PATH}?at=3`,
      () => null,
    ]
    const instances = await listed(({ query }, url) => {
      const at = Number(query.get("at") ?? 0)
      const value = at === 1 ? null : [vmOf(`ours-${at}`)]
      return { body: { value, nextLink: links[at]?.(url) } }
    })
    expect(instances.map(({ name }) => name)).toEqual(["ours-0", "ours-2", "ours-3"])
  })

  test("a link to another host is not followed with our token", async () => {
    const elsewhere = listed(() => ({ body: { value: [], nextLink: "https://elsewhere.example/next" } }))
    await expect(elsewhere).rejects.toThrow(/elsewhere\.example, where no token of ours goes/)
  })

  test("a group that has gone has none", async () => {
    expect(await listed(() => refusal(404, "ResourceGroupNotFound", "gone"))).toEqual([])
  })

  test.each([
    ["a proxy's page", { status: 404, body: "<html>Not here</html>" }, TransientError],
    ["a version that is not served", refusal(404, "InvalidResourceType", "no such type"), RejectedError],
    ["a list of no list", { body: { value: { a: 1 } } }, TransientError],
  ] as const)("%s is not an empty list", async (_what, said, type) => {
    expect(await errorOf(listed(() => said))).toBeInstanceOf(type)
  })

  test("addresses: interfaces name their VM in letters of their own", async () => {
    const nic = {
      id: `${GROUP_PATH}/providers/Microsoft.Network/networkInterfaces/n`,
      properties: {
        virtualMachine: { id: `${VMS_PATH}/OURS`.toUpperCase() },
        ipConfigurations: [{ properties: { privateIPAddress: "10.60.0.4", publicIPAddress: { id: "/A/B" } } }],
      },
    }
    const arm = await scripted((asked) => {
      if (isPath(asked, VMS_PATH)) return page(vmOf("ours", { provisioningState: "Succeeded" }))
      if (asked.path.endsWith("/networkInterfaces")) return page({ id: "/x" }, nic)
      return page({ id: "/a/b", properties: { ipAddress: "20.0.0.1" } })
    }, GIVEN)
    expect(await listIn(arm)).toMatchObject([{ privateIp: "10.60.0.4", publicIp: "20.0.0.1" }])
  })
})

test("requests of groups are spelt as their reference has them, and each type has a version of its own", async () => {
  const arm = await scripted(({ path }) => (path.endsWith("/resourcegroups") ? { body: { value: [] } } : undefined))
  await arm.provider.list({ uid: OWNER.uid }, arm.calls)
  const given = await scripted(() => ({ body: { value: [] } }), GIVEN)
  await given.provider.leftovers?.({ uid: OWNER.uid }, given.calls)
  const versionOf = (end: string) =>
    [...arm.asked, ...given.asked].find(({ path }) => path.endsWith(end))?.query.get("api-version")
  expect(arm.asked[0]?.path).toBe(`/subscriptions/${SUBSCRIPTION}/resourcegroups`)
  // "Disks" has none of the versions of "Virtual Machines" since 2022.
  expect(versionOf("/disks")).toMatch(/-02$/)
  expect(versionOf("/networkInterfaces")).toBe("2024-05-01")
})

test.each([[{}], [{ properties: { provisioningState: "succeeded" } }]])(
  "a network that says of itself %j is there",
  async (rest) => {
    let isMade = false
    const arm = await scripted(
      ({ method, path }) => {
        const isNetwork = path.includes("/virtualNetworks/")
        if (method === "GET" && !(isNetwork && isMade)) return undefined
        isMade ||= isNetwork
        return { body: { id: path, ...rest } }
      },
      { image: "Canonical:ubuntu-24_04-lts:server:24.04.1" },
    )
    const { body } = await arm.provider.prepare(OWNER, { ...GROUP, publicAddress: false }, arm.calls)
    expect(isMade).toBe(true)
    expect(JSON.stringify(body)).toContain("/virtualNetworks/muster-westeurope/subnets/workers")
  },
)

test("a delete that a proxy's page answers with 200 has deleted nothing", async () => {
  const arm = await scripted(
    ({ method }) => (method === "PUT" ? { status: 201, body: vmOf("default-1") } : { body: "<html>Sign in</html>" }),
    GIVEN,
  )
  const { instances } = await arm.provider.launch(launchOf(), arm.calls)
  const { accepted, failures } = await arm.provider.terminate(instances, arm.calls)
  expect([accepted, failures]).toEqual([
    [],
    [expect.objectContaining({ message: expect.stringContaining("is there a proxy") })],
  ])
})

test("tags that Azure would refuse are told together, and nothing is asked", async () => {
  const arm = await scripted(() => undefined, GIVEN)
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`t${index}`, ""]))
  const tags = {
    team: "video",
    Team: "audio",
    "a/b": "",
    azureish: "",
    long: "x".repeat(257),
    ["k".repeat(513)]: "",
    ...many,
  }
  const error = await errorOf(arm.provider.prepare(OWNER, { ...GROUP, tags }, arm.calls))
  expect(error).toBeInstanceOf(SpecError)
  const { problems } = error as unknown as SpecError
  expect(problems.map(({ option, message }) => `${option.slice(0, 30)}: ${message}`)).toEqual([
    expect.stringMatching(/^groups\.default\.tags: has 56 tags; Azure takes 50/),
    'groups.default.tags.Team: is the same as "team": Azure\'s names of tags have no case',
    expect.stringMatching(/^groups\.default\.tags\.a\/b: is no tag's name/),
    expect.stringMatching(/^groups\.default\.tags\.azureish: begins with a word that Azure keeps/),
    "groups.default.tags.long: is 257 characters long; Azure takes 256",
    expect.stringMatching(/^groups\.default\.tags\.k{10}: is no tag's name/),
  ])
  expect(arm.asked).toEqual([])
})
