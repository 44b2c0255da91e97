/** What guests do to their VMs on Azure: metadata, tags and deletion with their own identity, power-off, scheduled events. */
import { Agent, request } from "node:https"
import { describe, expect, test } from "vitest"
import type { Instance } from "../../src/provider.js"
import { azureCloud, type Cloud, type CloudOptions, launchMany } from "./support/cloud.js"

const IDENTITY =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"
const TAGS = "/providers/Microsoft.Resources/tags/default?api-version=2021-04-01"

async function booted(options: CloudOptions = {}) {
  const cloud = await azureCloud({ azure: { identity: IDENTITY }, ...options })
  cloud.wire.quirks.eventsActivationMs = 0
  const [instance] = await launchMany(cloud, 1)
  await cloud.run(cloud.clock.sleep(20_000))
  return { cloud, id: cloud.world.truth()[0]?.id ?? "", instance: instance as Instance }
}

/** Time passes while a guest waits for its answer. */
function asGuest<T>(cloud: Cloud, fn: () => Promise<T>): Promise<T> {
  return cloud.run(cloud.bare().send("guest", {}, fn))
}

async function read(cloud: Cloud, id: string, path: string, headers: object = { Metadata: "true" }) {
  const service = await cloud.wire.metadata()
  return asGuest(cloud, async () => {
    const reply = await fetch(`${service.url(id)}/metadata/${path}`, { headers: { ...headers } })
    return { status: reply.status, text: await reply.text() }
  })
}

const TOKEN = `identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F`

async function tokenOf(cloud: Cloud, id: string): Promise<string> {
  const { text } = await read(cloud, id, `${TOKEN}&msi_res_id=${encodeURIComponent(IDENTITY)}`)
  return (JSON.parse(text) as { access_token: string }).access_token
}

/** A request of the guest's for its own VM, whose id it has from its metadata. */
async function send(cloud: Cloud, id: string, token: string, asked: { method: string; path: string; body?: object }) {
  const { text: vm } = await read(cloud, id, "instance/compute/resourceId?api-version=2021-02-01&format=text")
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const agent = new Agent({ ca: cloud.wire.ca })
  const sent = () =>
    new Promise<{ status: number; json: Record<string, unknown> }>((resolve, reject) => {
      const sending = request(
        `${cloud.wire.url}${vm}${asked.path}`,
        { method: asked.method, headers, agent },
        (reply) => {
          let text = ""
          reply.on("data", (chunk: Buffer) => (text += chunk.toString()))
          reply.on("end", () => {
            agent.destroy()
            resolve({ status: reply.statusCode ?? 0, json: JSON.parse(text || "{}") as Record<string, unknown> })
          })
        },
      )
      sending.on("error", reject)
      sending.end(asked.body === undefined ? undefined : JSON.stringify(asked.body))
    })
  return asGuest(cloud, sent)
}

const merge = (tags: object) => ({ method: "PATCH", path: TAGS, body: { operation: "Merge", properties: { tags } } })

describe("metadata", () => {
  test("tells a VM what it is, to who knows how to ask", async () => {
    const { cloud, id, instance } = await booted()
    const version = "?api-version=2021-02-01"
    expect((await read(cloud, id, `instance/compute/name${version}&format=text`, {})).status).toBe(400)
    expect((await read(cloud, id, "instance/compute/name?format=text")).status).toBe(400)
    expect((await read(cloud, id, `instance/compute/name${version}&format=text`)).text).toBe(instance.name)
    expect((await read(cloud, id, `instance/compute/resourceId${version}&format=text`)).text.toLowerCase()).toBe(
      instance.id,
    )
    expect(JSON.parse((await read(cloud, id, `instance${version}`)).text)).toMatchObject({
      compute: { name: instance.name },
    })
    expect((await read(cloud, id, `instance/compute/nothing${version}&format=text`)).status).toBe(404)
  })

  test("gives tokens of the identities that are assigned, and of no other", async () => {
    const { cloud, id } = await booted()
    expect((await read(cloud, id, `${TOKEN}&msi_res_id=/other`)).status).toBe(400)
    expect((await read(cloud, id, TOKEN)).status).toBe(200)
    const plain = await booted({ azure: {} })
    expect((await read(plain.cloud, plain.id, TOKEN)).status).toBe(400)
  })

  test("has no event until the VM is to be taken away", async () => {
    const { cloud, id, instance } = await booted()
    const events = async () => {
      const { text } = await read(cloud, id, "scheduledevents?api-version=2020-07-01")
      return (JSON.parse(text) as { Events: readonly object[] }).Events
    }
    expect(await events()).toEqual([])
    cloud.world.faults.interrupt([id])
    expect(await events()).toMatchObject([
      { EventType: "Preempt", EventStatus: "Scheduled", Resources: [instance.name] },
    ])
  })

  test("answers the first request for events late, and the next at once", async () => {
    const { cloud, id } = await booted()
    cloud.wire.quirks.eventsActivationMs = 120_000
    const path = "scheduledevents?api-version=2020-07-01"
    const begun = cloud.clock.now()
    await read(cloud, id, path)
    expect(cloud.clock.now() - begun).toBe(120_000)
    await read(cloud, id, path)
    expect(cloud.clock.now() - begun).toBe(120_000)
  })
})

describe("with the token of its identity a VM", () => {
  test("merges a tag into its own, which lists show", async () => {
    const { cloud, id } = await booted()
    const { status, json } = await send(cloud, id, await tokenOf(cloud, id), merge({ "muster-ended": "startup-3" }))
    expect([status, json]).toMatchObject([200, { type: "Microsoft.Resources/tags", name: "default" }])
    const [listed] = await cloud.run(cloud.provider.list({}, cloud.bare()))
    expect(listed?.tags).toMatchObject({ "muster-ended": "startup-3", "muster-cluster": "render" })
  })

  test("may do only what its role holds: tags without deletion, or deletion without tags", async () => {
    const { cloud, id } = await booted()
    const token = await tokenOf(cloud, id)
    const removal = { method: "DELETE", path: "?api-version=2024-11-01&forceDeletion=true" }
    cloud.wire.quirks.guestRole = new Set(["Microsoft.Resources/tags/write"])
    expect((await send(cloud, id, token, removal)).status).toBe(403)
    expect((await send(cloud, id, token, merge({ a: "b" }))).status).toBe(200)
    cloud.wire.quirks.guestRole = new Set(["Microsoft.Compute/virtualMachines/delete"])
    expect((await send(cloud, id, token, merge({ a: "b" }))).status).toBe(403)
    expect((await send(cloud, id, token, removal)).status).toBe(202)
    expect(cloud.world.instance(id)?.state).toBe("terminating")
  })

  test("is refused what is no patch of tags, and a token that no metadata gave", async () => {
    const { cloud, id } = await booted()
    const token = await tokenOf(cloud, id)
    const bad = { method: "PATCH", path: TAGS, body: { operation: "Add", properties: { tags: { a: "b" } } } }
    expect((await send(cloud, id, token, bad)).status).toBe(400)
    expect(
      (await send(cloud, id, token, merge(Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`t${n}`, "x"])))))
        .status,
    ).toBe(400)
    expect((await send(cloud, id, "identity.bm9uZQ", merge({ a: "b" }))).status).toBe(401)
    await cloud.run(cloud.clock.sleep(86_400_000))
    expect((await send(cloud, id, token, merge({ a: "b" }))).status).toBe(401)
  })
})

test("a VM that powers off is stopped, still paid for, and its console can be read", async () => {
  const { cloud, id, instance } = await booted()
  cloud.world.write(id, "muster[01234567]: 5 done startup 3\n")
  const before = cloud.world.runningSeconds(id)
  cloud.world.powerOff([id])
  await cloud.run(cloud.clock.sleep(3_600_000))
  expect(cloud.world.runningSeconds(id) - before).toBe(3_600)
  const [listed] = await cloud.run(cloud.provider.list({}, cloud.bare()))
  expect(listed?.state).toBe("stopped")
  const log = await cloud.run(cloud.provider.consoleLog?.(instance, cloud.bare()) ?? Promise.resolve(""))
  expect(log).toContain("muster[01234567]: 5 done startup 3\r\n")
})
