/** What guests do to their instances on EC2: metadata, consoles, power-off. */
import { afterEach, describe, expect, test } from "vitest"
import type { Instance } from "../../../src/provider.js"
import { type Cloud, ec2, launchMany } from "../support/cloud.js"
import { LAUNCH, rawEc2, type RawCloud, text } from "../support/raw.js"

async function booted(options: Parameters<typeof ec2>[0] = {}): Promise<{ cloud: Cloud; id: string }> {
  const cloud = await ec2(options)
  const [instance] = await launchMany(cloud, 1)
  await cloud.run(cloud.clock.sleep(20_000))
  return { cloud, id: instance?.id ?? "" }
}

function asker(cloud: Cloud) {
  const ask = async (id: string, path: string, init: RequestInit = {}) => {
    const service = await cloud.wire.metadata()
    const reply = await fetch(`${service.url(id)}${path}`, init)
    return { status: reply.status, text: await reply.text() }
  }
  const tokenOf = async (id: string, seconds = "300") => {
    const headers = { "X-aws-ec2-metadata-token-ttl-seconds": seconds }
    return ask(id, "/latest/api/token", { method: "PUT", headers })
  }
  const read = async (id: string, path: string, token: string) =>
    ask(id, `/latest/meta-data/${path}`, { headers: { "X-aws-ec2-metadata-token": token } })
  return { ask, tokenOf, read }
}

describe("instance metadata", () => {
  test("is read with a token of the same instance, while it is good", async () => {
    const { cloud, id } = await booted()
    const { ask, tokenOf, read } = asker(cloud)
    expect((await ask(id, "/latest/meta-data/instance-id")).status).toBe(401)
    expect((await tokenOf(id, "0")).status).toBe(400)
    expect((await tokenOf(id, "21601")).status).toBe(400)
    const { text: token } = await tokenOf(id)
    expect(await read(id, "instance-id", token)).toEqual({ status: 200, text: id })
    expect((await read(id, "no-such-thing", token)).status).toBe(404)
    const [other] = await launchMany(cloud, 1)
    await cloud.run(cloud.clock.sleep(20_000))
    expect((await read(other?.id ?? "", "instance-id", token)).status).toBe(401)
    await cloud.run(cloud.clock.sleep(300_000))
    expect((await read(id, "instance-id", token)).status).toBe(401)
  })

  test("has the tags as they are now", async () => {
    const { cloud, id } = await booted()
    const { tokenOf, read } = asker(cloud)
    const { text: token } = await tokenOf(id)
    expect((await read(id, "tags/instance/muster-lease", token)).status).toBe(404)
    cloud.world.retag(id, { ...cloud.world.instance(id)?.tags, "muster-lease": "77" })
    expect((await read(id, "tags/instance/muster-lease", token)).text).toBe("77")
    expect((await read(id, "tags/instance", token)).text.split("\n")).toContain("muster-lease")
  })

  test("has a notice only once it is given", async () => {
    const { cloud, id } = await booted()
    const { tokenOf, read } = asker(cloud)
    const { text: token } = await tokenOf(id)
    expect((await read(id, "spot/instance-action", token)).status).toBe(404)
    cloud.world.faults.interrupt([id])
    const { text } = await read(id, "spot/instance-action", token)
    const time = new Date(cloud.clock.now() + 120_000).toISOString().replace(/\.\d+/, "")
    expect(JSON.parse(text)).toEqual({ action: "terminate", time })
  })

  test("is answered only to what runs, and not where it is made silent", async () => {
    const { cloud, id } = await booted()
    const { tokenOf } = asker(cloud)
    const service = await cloud.wire.metadata()
    service.silent.add(id)
    await expect(tokenOf(id)).rejects.toThrow()
    service.silent.clear()
    expect((await tokenOf(id)).status).toBe(200)
    cloud.world.powerOff([id])
    await expect(tokenOf(id)).rejects.toThrow()
    expect(service.requests.map(({ method, path, status }) => [method, path, status])).toEqual([
      ["PUT", "/latest/api/token", 200],
    ])
  })
})

describe("a guest that powers off", () => {
  test("terminates its instance, which the cloud says of it, and the console is readable for an hour", async () => {
    const { cloud, id } = await booted()
    const read = () =>
      cloud.run(cloud.provider.consoleLog?.({ id } as Instance, cloud.bare()) ?? Promise.resolve("none"))
    cloud.world.write(id, "muster[01234567]: 5 done startup 3\n")
    cloud.world.powerOff([id])
    const [ended] = await cloud.run(cloud.provider.list({ ids: [id] }, cloud.bare()))
    expect(ended?.state).toBe("terminating")
    expect(ended).not.toHaveProperty("endedBy")
    expect(await read()).toContain("5 done startup 3")
    await cloud.run(cloud.clock.sleep(3_500_000))
    expect(await read()).toContain("5 done startup 3")
  })
})

describe("of anybody's", () => {
  let raw: RawCloud | undefined
  afterEach(() => raw?.wire.close())

  async function launched(parameters: Readonly<Record<string, string>> = {}, options = {}) {
    raw = await rawEc2(options)
    const { world, ask } = raw
    expect((await ask("RunInstances", { ...LAUNCH, ...parameters })).status).toBe(200)
    return { world, ask, id: world.truth()[0]?.id ?? "" }
  }

  test("an instance launched without a shutdown behaviour is stopped when it powers off", async () => {
    const { world, id } = await launched()
    world.powerOff([id])
    expect(world.instance(id)?.state).toBe("stopped")
  })

  test("one that ends is shut down by itself", async () => {
    const { world, ask, id } = await launched({ InstanceInitiatedShutdownBehavior: "terminate" })
    world.powerOff([id])
    const { body } = await ask("DescribeInstances", { "InstanceId.1": id })
    expect(JSON.stringify(body)).toContain("Client.InstanceInitiatedShutdown")
  })

  test("metadata without a token is answered where the launch did not require one", async () => {
    const { id } = await launched()
    const service = await (raw as RawCloud).wire.metadata()
    expect(await (await fetch(`${service.url(id)}/latest/meta-data/instance-id`)).text()).toBe(id)
    // Tags are in metadata only where the launch says so.
    expect((await fetch(`${service.url(id)}/latest/meta-data/tags/instance`)).status).toBe(404)
  })

  test("the latest console output is more than that of the last change of state", async () => {
    const { world, ask, id } = await launched()
    world.write(id, "a line of the guest's\n")
    const read = async (parameters = {}) => {
      const { body } = await ask("GetConsoleOutput", { InstanceId: id, ...parameters })
      return Buffer.from(text(body, "output"), "base64").toString()
    }
    expect(await read()).not.toContain("a line of the guest's")
    expect(await read({ Latest: true })).toContain("a line of the guest's")
    world.powerOff([id])
    expect(await read()).toContain("a line of the guest's")
  })

  test("the console is not known once no list shows the instance", async () => {
    const { ask, id, world } = await launched({}, { terminatedVisibleMs: 0 })
    world.terminate([id])
    // A millisecond passes at least.
    const after = world.clock.now()
    while (world.clock.now() === after) await ask("DescribeInstances")
    expect((await ask("GetConsoleOutput", { InstanceId: id })).code).toBe("InvalidInstanceID.NotFound")
  })
})
