/** The notices of the clouds, as their metadata services give them, heard by the whole guest of each in a real shell. */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterEach, beforeEach, expect, test } from "vitest"
import { guestScript as awsGuest } from "../../providers/aws/prepare/guest.js"
import { guestScript as azureGuest } from "../../providers/azure/prepare/guest.js"
import { guestScript as gcpGuest } from "../../providers/gcp/prepare/guest.js"
import { systemClock } from "../../src/calls/clock.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { lacking, titled } from "../support/tools.js"
import { type Machine, machine } from "./machine.js"

const run = promisify(execFile)

const noCurl = lacking("curl")
/** What asks the metadata service. */
const asking = (title: string, body: () => Promise<void>) =>
  test.skipIf(noCurl !== undefined)(titled(title, noCurl), body)

const GROUP: GroupRequest = {
  name: "default",
  environment: { A: "it's" },
  publicAddress: "auto",
  tags: {},
  archs: ["x86_64"],
  onNotice: 'echo "$A $MUSTER_NAME $MUSTER_REASON $MUSTER_SECONDS_LEFT" >>"$MUSTER_TOLD"',
}

let host: Machine
let metadata: Server
/** What the service answers at a path, by the count of times that it was asked there; undefined: not found. */
let answer: (path: string, times: number) => string | undefined
const asked = new Map<string, number>()

beforeEach(async () => {
  host = await machine()
  asked.clear()
  metadata = createServer(({ url = "" }, response) => {
    const times = (asked.get(url) ?? 0) + 1
    asked.set(url, times)
    const text = answer(url, times)
    response.writeHead(text === undefined ? 404 : 200).end(text)
  })
  await new Promise<void>((resolve) => metadata.listen(0, "127.0.0.1", resolve))
})

afterEach(async () => {
  await new Promise((resolve) => metadata.close(resolve))
  await host.remove()
})

function owner(): Owner {
  const deadline = String(Math.floor(systemClock.now() / 1000) + 3600)
  return { cluster: "c", uid: "0123456789abcdef", owner: "o", generation: 1, deadline, claim: "x" }
}

function environment(): Readonly<Record<string, string>> {
  return {
    MUSTER_METADATA_URL: `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`,
    MUSTER_NOTICE_EVERY: "0.05",
    MUSTER_TOLD: join(host.root, "told"),
  }
}

/** Once it has run, and once more after that, for whoever would run it again. */
async function told(): Promise<string> {
  await expect.poll(async () => host.read("var/lib/muster/noticed/code"), { timeout: 60_000, interval: 20 }).toBe("0\n")
  return host.read("told")
}

asking("EC2 has a notice once the spot service has one", async () => {
  const time = new Date(systemClock.now() + 119_000).toISOString().replace(/\.\d+/, "")
  answer = (path, times) => {
    if (path === "/latest/api/token") return "token"
    if (path === "/latest/meta-data/instance-id") return "i-0123456789abcdef0"
    return path.endsWith("/spot/instance-action") && times > 2
      ? `{"action": "terminate", "time": "${time}"}`
      : undefined
  }
  await host.boot({ script: awsGuest(owner(), GROUP, "eu-west-2"), environment: environment() })
  const [, left = ""] = /^it's default-9abcdef0 interrupted (\d+)\n$/.exec(await told()) ?? []
  expect(Number(left)).toBeGreaterThan(100)
  expect(Number(left)).toBeLessThanOrEqual(119)
  expect(asked.get("/latest/meta-data/spot/instance-action")).toBe(3)
  expect(await host.marks()).toEqual(expect.arrayContaining(["notice interrupted", "notice ended 0"]))
})

function events(...rows: readonly (readonly [type: string, name: string, notBefore: string])[]): string {
  const all = rows.map(([EventType, name, NotBefore]) => ({
    ...{ EventId: "A", EventStatus: "Scheduled", EventType, ResourceType: "VirtualMachine" },
    ...{ Resources: [name], NotBefore, Description: "", EventSource: "Platform" },
  }))
  return JSON.stringify({ DocumentIncarnation: 1, Events: all }, null, rows.length > 1 ? 2 : 0)
}

asking("Azure has a notice once Scheduled Events have its eviction, not a restart nor another's", async () => {
  const soon = new Date(systemClock.now() + 29_000).toUTCString()
  answer = (path, times) => {
    if (path.includes("/compute/name?")) return "worker-1"
    if (path.includes("/compute/resourceId?")) return "/subscriptions/S/x"
    if (!path.startsWith("/metadata/scheduledevents?api-version=2020-07-01")) return undefined
    if (times === 1) return events()
    if (times === 2) return events(["Preempt", "worker-11", soon], ["Reboot", "worker-1", soon])
    return events(["Reboot", "worker-11", soon], ["Preempt", "Worker-1", soon])
  }
  const place = { location: "westeurope", manager: "https://management.azure.com" }
  await host.boot({ script: azureGuest(owner(), GROUP, place), environment: environment() })
  const [, left = ""] = /^it's worker-1 interrupted (\d+)\n$/.exec(await told()) ?? []
  expect(Number(left)).toBeGreaterThan(10)
  expect(Number(left)).toBeLessThanOrEqual(29)
  expect(asked.get("/metadata/scheduledevents?api-version=2020-07-01")).toBe(3)
})

asking("Azure's notice of an eviction that has begun has no time, and counts as its least", async () => {
  answer = (path) => (path.startsWith("/metadata/scheduledevents") ? events(["Preempt", "worker-1", ""]) : "worker-1")
  const place = { location: "westeurope", manager: "https://management.azure.com" }
  await host.boot({ script: azureGuest(owner(), GROUP, place), environment: environment() })
  expect(await told()).toBe("it's worker-1 interrupted 30\n")
})

asking("Compute Engine's notice is its shutdown, and metadata tell why it is", async () => {
  let preempted = "TRUE"
  answer = (path) =>
    path.endsWith("/preempted") ? preempted : path.endsWith("/name") ? "worker-1" : "projects/1/zones/z"
  for (const [value, markets, expected] of [
    ["TRUE", ["spot"], "interrupted 30"],
    ["FALSE", ["spot"], "scaled-down 30"],
    ["FALSE", ["on-demand"], "scaled-down 120"],
  ] as const) {
    preempted = value
    await host.boot({
      script: gcpGuest(owner(), { ...GROUP, markets }, "europe-west2"),
      systemd: true,
      environment: environment(),
    })
    expect(asked.get("/computeMetadata/v1/instance/preempted")).toBeUndefined()
    await host.command("systemctl", '[ "$1" != list-jobs ] || echo "1 poweroff.target start waiting"')
    const env = {
      PATH: `${join(host.root, "bin")}:${process.env.PATH ?? ""}`,
      MUSTER_ROOT: host.root,
      ...environment(),
    }
    await run("dash", [join(host.root, "var/lib/muster/guest"), "notice", "stop"], { env })
    expect(await told()).toBe(`it's worker-1 ${expected}\n`)
    await host.remove()
    host = await machine()
    asked.clear()
  }
})

test("nothing is asked where there is no onNotice", async () => {
  answer = (path) => (path === "/latest/api/token" ? "token" : "i-0123456789abcdef0")
  const { onNotice, ...group } = GROUP
  expect(onNotice).toBeDefined()
  const script = awsGuest(owner(), { ...group, startup: "true" }, "eu-west-2")
  await host.boot({ script, environment: environment() })
  expect(await host.done()).toBe("startup 0")
  expect(script).not.toContain("muster_notice")
  expect([...asked.keys()].filter((path) => path.includes("spot"))).toEqual([])
})
