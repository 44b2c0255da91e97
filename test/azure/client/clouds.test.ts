/** Azure's clouds for governments and China: who is asked for a token, and for what, where instances end themselves, and what is not known. */
import { spawn } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { cloudOf, endpointOf, scopeOf } from "../../../providers/azure/clouds.js"
import { azure, type AzureCloudName, type AzureOptions } from "../../../providers/azure/index.js"
import { consoleUrl } from "../../../providers/azure/observe/console.js"
import { guestScript, placeOf } from "../../../providers/azure/prepare/guest.js"
import { Cluster } from "../../../src/cluster.js"
import { azureCloud, GROUP, OWNER, prepareOf, SUBSCRIPTION } from "../support/cloud.js"
import { errorOf } from "../support/scripted.js"

const ALL = [
  ["AzureCloud", "management.azure.com", undefined, "portal.azure.com"],
  ["AzureUSGovernment", "management.usgovcloudapi.net", "https://login.microsoftonline.us", "portal.azure.us"],
  ["AzureChinaCloud", "management.chinacloudapi.cn", "https://login.partner.microsoftonline.cn", "portal.azure.cn"],
] as const
const NATIONAL = ["AzureUSGovernment", "AzureChinaCloud"] as const

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

describe.each(ALL)("%s", (cloud, manager, authorityHost, portal) => {
  test.each([{ cloud }, { endpoint: `https://${manager}/` }, { endpoint: `https://somewhere.${manager}` }])(
    "by %o: its login, its Resource Manager, its portal",
    (options) => {
      expect(cloudOf(options)).toMatchObject({ name: cloud, ...(authorityHost === undefined ? {} : { authorityHost }) })
      expect(scopeOf(options)).toBe(`https://${manager}/.default`)
      expect(endpointOf(options)).toBe((options.endpoint ?? `https://${manager}`).replace(/\/$/, ""))
      expect(consoleUrl(options, { id: "/x" })).toBe(`https://${portal}/#resource/x/overview`)
    },
  )

  test("an instance deletes itself there, with a token for it", async () => {
    const { log, curl } = fakeCurl()
    const options = { ...OPTIONS, cloud, identity: IDENTITY }
    const script = guestScript({ ...OWNER, deadline: "4102444800" }, { ...GROUP, startup: "true" }, placeOf(options))
    const root = join(curl, "..", "root")
    mkdirSync(join(root, "run/systemd/system"), { recursive: true })
    await run(script, { MUSTER_ROOT: root, PATH: `${curl}:${process.env.PATH}` })
    const quick = { MUSTER_SPREAD: "1", MUSTER_PAUSE: "0", MUSTER_ONCE: "1" }
    await run(`exec sh ${join(root, "var/lib/muster/watchdog")}`, { ...quick, PATH: `${curl}:${process.env.PATH}` })
    const lines = readFileSync(log, "utf8")
    expect(lines).toContain(`resource=${encodeURIComponent(`https://${manager}/`)}&`)
    expect(lines).toMatch(new RegExp(`-X DELETE .*Bearer secret-1 https://${manager.replaceAll(".", "\\.")}/vm\\?`))
  })
})

const IDENTITY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/w`
const OPTIONS = { subscriptionId: SUBSCRIPTION, location: "westeurope" }

/** What the guest would ask, and answers that let it go on. */
function fakeCurl(): { readonly log: string; readonly curl: string } {
  const directory = mkdtempSync(join(tmpdir(), "muster-azure-"))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const [log, curl] = [join(directory, "log"), join(directory, "bin")]
  const answer = `case "$*" in *resourceId*) printf /vm ;; *oauth2*) printf '{"access_token":"secret-1"}' ;; esac`
  mkdirSync(curl)
  writeFileSync(join(curl, "curl"), `#!/bin/sh\necho "$@" >> ${log}\n${answer}\n`)
  writeFileSync(join(curl, "systemctl"), "#!/bin/sh\n")
  for (const command of ["curl", "systemctl"]) chmodSync(join(curl, command), 0o755)
  return { log, curl }
}

async function run(script: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const env = { PATH: process.env.PATH ?? "", ...environment }
  const child = spawn("sh", ["-c", script], { env, stdio: "ignore" })
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0)
}

test("a name and an address that contradict each other are refused: a token must not go to another cloud", () => {
  const wrong = { ...OPTIONS, cloud: "AzureChinaCloud", endpoint: "https://management.azure.com" } as const
  expect(() => azure(wrong)).toThrow(/azure\.cloud: is "AzureChinaCloud", and azure\.endpoint is that of AzureCloud/)
  const unknown = { ...OPTIONS, cloud: "AzureGermanCloud" } as unknown as AzureOptions
  expect(() => azure(unknown)).toThrow(/azure\.cloud: is "AzureGermanCloud".*AzureUSGovernment/)
})

/** A login of one cloud: its tokens are for what was asked. */
function login() {
  const asked: string[] = []
  const getToken = (scopes: string | string[]) => {
    asked.push(String(scopes))
    return Promise.resolve({ token: `for:${String(scopes)}`, expiresOnTimestamp: Number.MAX_SAFE_INTEGER })
  }
  return { asked, credential: { getToken } }
}

describe.each(NATIONAL)("a burst in %s", (cloud: AzureCloudName) => {
  test("takes only tokens for that cloud, asks no price list, and says that prices are unknown", async () => {
    const { asked, credential } = login()
    const at = await azureCloud({ azure: { cloud, credential, pricesEndpoint: undefined } })
    at.wire.quirks.tokens = new Set([`for:${scopeOf({ cloud })}`])
    const spec = { name: "render", provider: at.provider, instanceType: "Standard_D2s_v5" }
    const cluster = new Cluster(spec, { clock: at.clock, seed: 1, journal: false })
    const plan = await at.run(cluster.plan(2))
    expect(String(plan)).toContain(`no price is known in ${cloud}`)
    expect(await at.run(cluster.scale(2))).toMatchObject({ running: 2 })
    expect(cluster.workers.map(({ pricePerHour }) => pricePerHour)).toEqual([undefined, undefined])
    expect((await at.run(cluster.close())).leaked).toEqual([])
    expect(asked).toEqual([scopeOf({ cloud })])
    expect(at.world.ledger.count("RetailPrices")).toBe(0)
  })

  test("a budget without a price is refused before anything is made", async () => {
    const at = await azureCloud({ azure: { cloud, pricesEndpoint: undefined } })
    const spec = { name: "render", provider: at.provider, instanceType: "Standard_D2s_v5", budget: { perHour: 5 } }
    const cluster = new Cluster(spec, { clock: at.clock, seed: 1, journal: false })
    expect((await errorOf(at.run(cluster.scale(1)))).message).toMatch(/price/)
    expect(at.world.truth()).toEqual([])
    await at.run(cluster.close())
  })

  test("with a token of the public cloud nothing is done", async () => {
    const at = await azureCloud({ azure: { cloud, credential: login().credential } })
    at.wire.quirks.tokens = new Set([`for:${scopeOf({})}`])
    expect((await errorOf(prepareOf(at))).name).toBe("AuthError")
  })
})
