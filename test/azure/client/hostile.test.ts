/** Whatever the strings are, they stay strings: in scripts, in filters, in the paths of requests. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { groupPath, resourceOf } from "../../../providers/azure/client/ids.js"
import type { Azure } from "../../../providers/azure/client/send.js"
import { pricesOf } from "../../../providers/azure/offers/prices.js"
import type { SizeFacts } from "../../../providers/azure/offers/types.js"
import { IMAGE_ID, parseAzureOptions, URN } from "../../../providers/azure/options-check.js"
import { guestScript } from "../../../providers/azure/prepare/guest.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { SpecError } from "../../../src/errors.js"
import type { Instance } from "../../../src/provider.js"
import * as fc from "../../support/property.js"
import { azureCloud, GROUP, OWNER, planMany, prepareOf, SUBSCRIPTION } from "../support/cloud.js"

const PARTS = [
  "'",
  '"',
  "`",
  "$(touch pwned)",
  "$HOME",
  "$0",
  "\\",
  "\n",
  "\r\n",
  ";",
  "&",
  "|",
  "#",
  "?",
  "/",
  "..",
  ".",
  "%2F",
  "%",
  " ",
  "''",
  " or 1 eq 1",
  "\nMUSTER_STARTUP\n",
  "\nMUSTER_WATCHDOG\ntouch pwned\n",
  "\u2028",
  "é",
  "💥",
  "*",
  "~",
  "<",
  ">",
  "!",
  "(",
  ")",
  "a",
  "B",
  "7",
  "-",
  "_",
  "@",
  ":",
  "=",
  "\t",
  "\u0007",
] as const

const hostile = fc.string({ unit: fc.constantFrom(...PARTS), maxLength: 10 })
const RUNS = { numRuns: 200, seed: 1 } as const
/** Each builds the options' schema anew. */
const SOME_RUNS = { numRuns: 30, seed: 1 } as const
/** For what starts a process or sends requests. */
const FEW_RUNS = { numRuns: 12, seed: 1 } as const

let root = ""
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "muster-azure-hostile-"))
  mkdirSync(join(root, "bin"))
  // No metadata service is asked.
  writeFileSync(join(root, "bin", "curl"), "#!/bin/sh\nexit 7\n", { mode: 0o755 })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

test("customData: a real shell sees the names, the environment and the script as they were given", () => {
  const values = fc.array(hostile, { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(values, hostile, ([cluster = "", uid = "", owner = "", name = "", ...rest], startup) => {
      const environment = Object.fromEntries(rest.map((value, index) => [`V${index}`, value]))
      const group = { ...GROUP, name, environment, startup: `#!/bin/true\n${startup}` }
      const script = guestScript({ ...OWNER, cluster, uid, owner }, group, {
        location: "westeurope",
        manager: "https://management.azure.com",
      })
      const names = ["MUSTER_CLUSTER", "MUSTER_UID", "MUSTER_GROUP", ...Object.keys(environment)]
      const show = names.map((variable) => `printf '%s\\000' "$${variable}"`).join("\n")
      const env = { PATH: `${root}/bin:${process.env.PATH ?? ""}`, MUSTER_ROOT: root }
      spawnSync("sh", ["-c", script], { cwd: root, env: { ...env, MUSTER_HOST: "skip" } })
      const file = join(root, "var/lib/muster/environment")
      const { stdout, status } = spawnSync("sh", ["-c", `. ${file}\n${show}\n`], { env, encoding: "utf8" })
      expect(status).toBe(0)
      expect(stdout.split("\0").slice(0, -1)).toEqual([cluster, uid, name, ...rest])
      const written = readFileSync(join(root, "var/lib/muster/startup"), "utf8")
      expect(written).toBe(`${group.startup.replace(/\n$/, "")}\n`)
    }),
    FEW_RUNS,
  )
  expect(spawnSync("ls", [root], { encoding: "utf8" }).stdout.split("\n")).not.toContain("pwned")
})

test("the price list's filter: names are strings in it, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 3 }), async (names) => {
      const asked: URL[] = []
      const open = (_api: string, url: string) => {
        asked.push(new URL(url))
        return Promise.resolve({ status: 200, headers: {}, body: { Items: [] } })
      }
      const azure = { options: { location: "westeurope" }, open } as unknown as Azure
      const sizes = names.map((instanceType) => ({ instanceType, family: "f", paidVcpus: 1 }) as SizeFacts)
      await pricesOf(azure, sizes, bareCalls({ clock: new VirtualClock({ seed: 1 }) }))
      const [url] = asked
      expect([...(url?.searchParams.keys() ?? [])]).toEqual(["api-version", "$filter"])
      const filter = url?.searchParams.get("$filter") ?? ""
      const literals = [...filter.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]?.replaceAll("''", "'"))
      expect(literals).toEqual(["Virtual Machines", "westeurope", "Consumption", ...names])
      const skeleton = filter.replace(/'(?:[^']|'')*'/g, "?")
      const each = names.map(() => "armSkuName eq ?").join(" or ")
      expect(skeleton).toBe(`serviceName eq ? and armRegionName eq ? and priceType eq ? and (${each})`)
    }),
    RUNS,
  )
})

test("ids and names: one segment of a path each, or no id at all", () => {
  fc.assert(
    fc.property(hostile, hostile, (group, name) => {
      const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.Compute/disks/${name}`
      const place = resourceOf(id, SUBSCRIPTION)
      if (place === undefined) return
      const url = new URL(
        `https://arm${groupPath(SUBSCRIPTION, place.group)}/providers/x/${encodeURIComponent(place.name)}?api-version=1`,
      )
      expect(url.pathname.split("/").map(decodeURIComponent)).toEqual([
        "",
        "subscriptions",
        SUBSCRIPTION,
        "resourceGroups",
        group,
        "providers",
        "x",
        name,
      ])
      expect([url.search, url.hash]).toEqual(["?api-version=1", ""])
    }),
    RUNS,
  )
})

test("options that go into paths: refused, or harmless there", () => {
  const given = (field: string, value: string) => {
    try {
      parseAzureOptions({ subscriptionId: SUBSCRIPTION, location: "westeurope", [field]: value })
      return value
    } catch (error) {
      expect(error).toBeInstanceOf(SpecError)
      return undefined
    }
  }
  const path = (type: string) => `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/${type}`
  fc.assert(
    fc.property(hostile, (text) => {
      const fields: readonly (readonly [string, string])[] = [
        ["location", `west${text}`],
        ["resourceGroup", `g${text}`],
        ["subscriptionId", `${SUBSCRIPTION}${text}`],
        ["subnetId", path(`Microsoft.Network/virtualNetworks/n${text}/subnets/s`)],
        ["identity", path(`Microsoft.ManagedIdentity/userAssignedIdentities/${text}i`)],
        ["image", `Canonical:${text}:server:latest`],
        ["image", `Canonical:u${text}:server:latest`],
      ]
      for (const [field, value] of fields) {
        const accepted = given(field, value)
        if (accepted === undefined) continue
        const segment = `${accepted.startsWith("/") ? "" : "/"}${accepted}`
        const url = new URL(`https://arm${segment}?api-version=1`)
        expect([decodeURIComponent(url.pathname), url.search, url.hash]).toEqual([segment, "?api-version=1", ""])
      }
      expect(URN.test(`a:b:c:${text}/d`) || IMAGE_ID.test(`${path("Microsoft.Compute/images/x")}?${text}`)).toBe(false)
    }),
    SOME_RUNS,
  )
})

test("over the wire: tags come back as they were, and foreign ids ask for nothing but a VM", async () => {
  const cloud = await azureCloud()
  const tagKey = hostile.filter((key) => key.trim() !== "")
  await fc.assert(
    fc.asyncProperty(tagKey, hostile, hostile, async (key, value, name) => {
      cloud.world.ledger.clear()
      const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${name}/providers/Microsoft.Compute/virtualMachines/${name}`
      const instance = { id, name, tags: {} } as unknown as Instance
      expect(await cloud.run(cloud.provider.list({ ids: [id, name] }, cloud.bare()))).toEqual([])
      await cloud.run(cloud.provider.terminate([instance], cloud.bare()))
      for (const { parameters } of cloud.world.ledger.entries) {
        const asked = decodeURIComponent((parameters as { path: string }).path).toLowerCase()
        expect(asked).toBe(id.toLowerCase())
      }
      const group = { tags: { [key]: value } }
      const refusal = await prepareOf(cloud, group).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refusal !== undefined) {
        expect(refusal).toBeInstanceOf(SpecError)
        return
      }
      const [call] = await planMany(cloud, 1, {}, group)
      const { instances } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
      const [listed] = await cloud.run(cloud.provider.list({ ids: [instances[0]?.id ?? ""] }, cloud.bare()))
      expect(listed?.tags[key]).toBe(value)
    }),
    FEW_RUNS,
  )
})
