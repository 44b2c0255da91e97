/** What guests do to their instances on Compute Engine: metadata, labels, power-off, deletion with their own service account. */
import { describe, expect, test } from "vitest"
import type { Instance } from "../../src/provider.js"
import { type Cloud, gce, launchMany, ZONE } from "./support/cloud.js"

const ACCOUNT = "worker@muster-test.iam.gserviceaccount.com"

async function booted(options: Parameters<typeof gce>[0] = {}) {
  const cloud = await gce({ gcp: { serviceAccount: ACCOUNT }, ...options })
  const [instance] = await launchMany(cloud, 1)
  await cloud.run(cloud.clock.sleep(20_000))
  const [life] = cloud.world.truth()
  return { cloud, id: life?.id ?? "", instance: instance as Instance }
}

/** Time passes while a guest waits for its answer. */
function asGuest<T>(cloud: Cloud, fn: () => Promise<T>): Promise<T> {
  return cloud.run(cloud.bare().send("guest", {}, fn))
}

async function read(cloud: Cloud, id: string, path: string, headers: object = { "Metadata-Flavor": "Google" }) {
  const service = await cloud.wire.metadata()
  return asGuest(cloud, async () => {
    const reply = await fetch(`${service.url(id)}/computeMetadata/v1/${path}`, { headers: { ...headers } })
    return { status: reply.status, text: await reply.text() }
  })
}

async function tokenOf(cloud: Cloud, id: string): Promise<string> {
  const { text } = await read(cloud, id, "instance/service-accounts/default/token")
  return (JSON.parse(text) as { access_token: string }).access_token
}

/** A request of the guest's for its own instance. */
async function send(
  cloud: Cloud,
  { name }: Instance,
  token: string,
  request: { method: string; path?: string; body?: object },
) {
  const { method, path = "", body } = request
  const url = `${cloud.wire.url}/compute/v1/projects/muster-test/zones/${ZONE}/instances/${name}${path}`
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  return asGuest(cloud, async () => {
    const reply = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    return { status: reply.status, json: (await reply.json()) as Record<string, unknown> }
  })
}

describe("metadata", () => {
  test("tells an instance what it is, to who knows how to ask", async () => {
    const { cloud, id, instance } = await booted()
    expect((await read(cloud, id, "instance/name", {})).status).toBe(403)
    expect((await read(cloud, id, "instance/name")).text).toBe(instance.name)
    expect((await read(cloud, id, "instance/zone")).text).toMatch(new RegExp(`^projects/\\d+/zones/${ZONE}$`))
    expect((await read(cloud, id, "project/project-id")).text).toBe("muster-test")
    expect((await read(cloud, id, "instance/attributes/startup-script")).text).toContain("#!/bin/sh")
    expect((await read(cloud, id, "instance/no-such-thing")).status).toBe(404)
  })

  test("has no token without a service account", async () => {
    const { cloud, id } = await booted({ gcp: {} })
    expect((await read(cloud, id, "instance/service-accounts/default/token")).status).toBe(404)
  })

  test("answers at once, or when it changes, that the instance is preempted", async () => {
    const { cloud, id } = await booted()
    expect((await read(cloud, id, "instance/preempted")).text).toBe("FALSE")
    const timedOut = await read(cloud, id, "instance/preempted?wait_for_change=true&timeout_sec=5")
    expect(timedOut.text).toBe("FALSE")
    cloud.world.after(60_000, () => cloud.world.faults.interrupt([id]))
    const begun = cloud.clock.now()
    expect((await read(cloud, id, "instance/preempted?wait_for_change=true")).text).toBe("TRUE")
    expect(cloud.clock.now() - begun).toBeGreaterThanOrEqual(60_000)
  })
})

describe("with the token of its service account an instance", () => {
  test("labels itself, if it knows its labels, and keeps those that it sends again", async () => {
    const { cloud, id, instance } = await booted()
    const token = await tokenOf(cloud, id)
    const { json } = await send(cloud, instance, token, { method: "GET" })
    const labels = { ...(json.labels as object), "muster-ended": "startup-3" }
    const old = { labels, labelFingerprint: "AAAAAAAAAAA=" }
    expect((await send(cloud, instance, token, { method: "POST", path: "/setLabels", body: old })).status).toBe(412)
    const body = { labels, labelFingerprint: json.labelFingerprint }
    const done = await send(cloud, instance, token, { method: "POST", path: "/setLabels", body })
    expect(done.json).toMatchObject({ operationType: "setLabels", user: ACCOUNT })
    const [listed] = await cloud.run(cloud.provider.list({}, cloud.bare()))
    expect(listed?.tags).toMatchObject({ "muster-ended": "startup-3", "muster-cluster": "render" })
    expect((await send(cloud, instance, token, { method: "POST", path: "/setLabels", body })).status).toBe(412)
  })

  test("deletes itself", async () => {
    const { cloud, id, instance } = await booted()
    const { json } = await send(cloud, instance, await tokenOf(cloud, id), { method: "DELETE" })
    expect(json).toMatchObject({ operationType: "delete", user: ACCOUNT })
    expect(cloud.world.instance(id)?.state).toBe("terminating")
  })

  test("may do only what the account may", async () => {
    const { cloud, id, instance } = await booted({
      gcp: { serviceAccount: ACCOUNT },
      wire: { guestPermissions: ["compute.instances.get"] },
    })
    const token = await tokenOf(cloud, id)
    expect((await send(cloud, instance, token, { method: "GET" })).status).toBe(200)
    expect((await send(cloud, instance, token, { method: "DELETE" })).status).toBe(403)
    // Whoever runs the cluster still may.
    const calls = cloud.bare()
    await cloud.run(cloud.provider.terminate([instance], calls))
    expect(cloud.world.instance(id)?.state).toBe("terminating")
  })

  test("is not known with a token that has expired, or that no metadata gave", async () => {
    const { cloud, id, instance } = await booted()
    const token = await tokenOf(cloud, id)
    await cloud.run(cloud.clock.sleep(3_600_000))
    expect((await send(cloud, instance, token, { method: "GET" })).status).toBe(401)
    expect((await send(cloud, instance, "ya29.instance.aS9ub25l", { method: "GET" })).status).toBe(401)
  })
})

test("an instance that powers off is stopping, then stopped, with its console, and without its end", async () => {
  const { cloud, id, instance } = await booted()
  cloud.world.write(id, "muster[01234567]: 5 done startup 3\n")
  cloud.world.powerOff([id])
  const states = async () => (await cloud.run(cloud.provider.list({}, cloud.bare()))).map(({ state }) => state)
  expect(await states()).toEqual(["terminating"])
  await cloud.run(cloud.clock.sleep(2_000))
  expect(await states()).toEqual(["stopped"])
  const log = await cloud.run(cloud.provider.consoleLog?.(instance, cloud.bare()) ?? Promise.resolve(""))
  expect(log).toContain("5 done startup 3")
  await cloud.run(cloud.clock.sleep(48 * 3_600_000))
  expect(await states()).toEqual(["stopped"])
  await cloud.run(cloud.provider.terminate([instance], cloud.bare()))
  expect(cloud.world.instance(id)?.state).toBe("terminating")
})
