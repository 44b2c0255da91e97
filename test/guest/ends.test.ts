/** How guests end their own instances: what they ask of the clouds, in a real shell against small servers. */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { guestScript as azureScript } from "../../providers/azure/prepare/guest.js"
import { guestScript as gcpScript } from "../../providers/gcp/prepare/guest.js"
import { verdictOn } from "../../src/guest/marks.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { lacking, titled } from "../support/tools.js"
import { type Machine, machine } from "./machine.js"

const OWNER: Owner = {
  cluster: "c",
  uid: "0123456789abcdef",
  owner: "o",
  generation: 1,
  deadline: "4102444800",
  claim: "c",
}
const GROUP: GroupRequest = {
  ...{ name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: [] },
  startup: "echo why; exit 3",
  whenDone: { success: "keep", failure: "replace" },
}

let place: Machine
let server: Server
/** Every request that changes something: its method, its path, and its body where it is JSON. */
let changes: [string, string, unknown][]
/** What is refused. */
let refused: RegExp | undefined

beforeEach(async () => {
  place = await machine()
  changes = []
  refused = undefined
  server = createServer((request, response) => {
    const { method = "", url = "" } = request
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      const isAllowed = method === "GET" || request.headers.authorization === "Bearer secret-1"
      if (method !== "GET") changes.push([method, url, body === "" ? undefined : JSON.parse(body)])
      if (!isAllowed || refused?.test(`${method} ${url}`)) response.writeHead(403).end()
      else response.end(method === "GET" ? answerTo(url) : "{}")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await place.remove()
})

const INSTANCE = "/compute/v1/projects/p1/zones/z1/instances/w1"
const ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/w1"

function answerTo(url: string): string {
  if (/token/.test(url)) return '{ "access_token": "secret-1", "expires_in": 3599 }'
  if (url.endsWith("/zone")) return "projects/12345/zones/z1"
  if (url.endsWith("project-id")) return "p1"
  if (url.includes("resourceId")) return ID
  if (url.startsWith(INSTANCE)) return '{\n  "labels": {\n    "a": "b"\n  },\n  "labelFingerprint": "f1="\n}\n'
  return "w1"
}

const QUICK = { MUSTER_LINGER: "0", MUSTER_PAUSE: "0", MUSTER_SPREAD: "1", MUSTER_ONCE: "1" }

async function boot(script: string): Promise<void> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const environment = { MUSTER_METADATA_URL: url, MUSTER_COMPUTE_URL: url, MUSTER_ARM_URL: url, ...QUICK }
  // Nothing of this machine sleeps until the deadline, or between tries.
  await place.command("sleep", 'case $1 in 0.*) exec /bin/sleep "$1" ;; 0) exit 0 ;; *) exec /bin/sleep 30 ;; esac')
  await place.boot({ script, systemd: true, environment })
  expect(await place.done()).toBe("startup 3")
  const verdict = { step: "startup", exitCode: 3, tail: "why" }
  expect(verdictOn(await place.read("dev/console"), OWNER.uid)).toEqual(verdict)
}

const isOff = async () => (await place.called()).includes("shutdown -P now")
const soon = { timeout: 60_000 }

const noCurl = lacking("curl")
/** What asks a cloud. */
const asking = (title: string, body: () => Promise<void>) =>
  test.skipIf(noCurl !== undefined)(titled(title, noCurl), body)

describe("on Compute Engine", () => {
  asking("with a service account it sets its label among the others, and deletes itself", async () => {
    await boot(gcpScript(OWNER, GROUP, "us-central1", true))
    await expect.poll(() => changes.length, soon).toBe(2)
    const labels = { a: "b", "muster-ended": "startup-3" }
    expect(changes).toEqual([
      ["POST", `${INSTANCE}/setLabels`, { labels, labelFingerprint: "f1=" }],
      ["DELETE", INSTANCE, undefined],
    ])
    expect(await isOff()).toBe(false)
  })

  asking("one that may set no labels powers off", async () => {
    refused = /setLabels/
    await boot(gcpScript(OWNER, GROUP, "us-central1", true))
    await expect.poll(isOff, soon).toBe(true)
    expect(changes.map(([method]) => method)).toEqual(["POST"])
  })

  test("one without a service account powers off, and asks for nothing", async () => {
    await boot(gcpScript(OWNER, GROUP, "us-central1"))
    await expect.poll(isOff, soon).toBe(true)
    expect(changes).toEqual([])
  })
})

describe("on Azure", () => {
  const at = { location: "westeurope", manager: "https://management.azure.com" }
  const identity = "/subscriptions/s/resourceGroups/i/providers/Microsoft.ManagedIdentity/userAssignedIdentities/w"
  const tagged = [
    "PATCH",
    `${ID}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01`,
    { operation: "Merge", properties: { tags: { "muster-ended": "startup-3" } } },
  ]
  const deleted = ["DELETE", `${ID}?api-version=2024-11-01&forceDeletion=true`, undefined]

  asking("with an identity it writes its tag, and deletes itself", async () => {
    await boot(azureScript(OWNER, GROUP, { ...at, identity }))
    await expect.poll(() => changes, soon).toEqual([tagged, deleted])
    expect(await isOff()).toBe(false)
  })

  asking("one that may write no tags tries it three times, and deletes itself", async () => {
    refused = /PATCH/
    await boot(azureScript(OWNER, GROUP, { ...at, identity }))
    await expect.poll(() => changes, soon).toEqual([tagged, tagged, tagged, deleted])
  })

  test("without an identity it stays", async () => {
    await boot(azureScript(OWNER, GROUP, at))
    expect([changes, await isOff()]).toEqual([[], false])
  })
})
