/** The double's firewall: what it refuses of rules, and which of several decides. */
import { describe, expect, test } from "vitest"
import { PROJECT, putRule } from "../../../providers/gcp/wire/index.js"
import { type Cloud, gce } from "../support/cloud.js"
import { ELSEWHERE, launch } from "./scene.js"

const SSH = [{ IPProtocol: "tcp", ports: ["22"] }]

interface Reply {
  readonly status: number
  readonly body: { readonly name?: string; readonly error?: { readonly message: string } }
}

function ask({ wire, clock }: Cloud, method: string, path: string, body?: object): Promise<Reply> {
  const url = `${wire.url}/compute/v1/projects/${PROJECT}/global/${path}`
  const sent = fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const read = sent.then(async (reply) => ({ status: reply.status, body: (await reply.json()) as Reply["body"] }))
  return clock.run(clock.busy("asking the wire", read))
}

describe("a rule", () => {
  test.each([
    [{ name: "Rule", allowed: SSH }, /Must be a match of regex/],
    [{ name: "a" }, /Exactly one of/],
    [{ name: "a", allowed: SSH, denied: SSH }, /Exactly one of/],
    [{ name: "a", allowed: SSH, priority: 65_536 }, /Must be 0 to 65535/],
    [{ name: "a", allowed: SSH, sourceRanges: ["192.0.2.0/24", "2001:db8::/48"] }, /cannot be in one rule/],
    [{ name: "a", allowed: SSH, sourceRanges: ["192.0.2.1/24"] }, /Must be a network address/],
    [{ name: "a", allowed: SSH, sourceRanges: ["192.0.2.1"] }, /Must be a valid CIDR/],
    [{ name: "a", allowed: [{ IPProtocol: "icmp", ports: ["22"] }] }, /Must be a port/],
    [{ name: "a", allowed: SSH, targetTags: ["A"] }, /Must be a match of regex/],
    [{ name: "a", allowed: SSH, targetTags: ["a"], sourceServiceAccounts: ["a@b"] }, /cannot be used together/],
    [{ name: "a", allowed: SSH, network: "global/networks/other" }, /was not found/],
    [{ name: "a", allowed: SSH, network: "projects/host-1/global/networks/n" }, /not of project/],
    [{ name: "default-allow-ssh", allowed: SSH }, /already exists/],
    [{ name: "a", allowed: SSH, labels: { a: "b" } }, /there is no such field/],
  ])("%j is refused", async (rule, message) => {
    const { status, body } = await ask(await gce(), "POST", "firewalls", rule)
    expect([status >= 400, body.error?.message]).toEqual([true, expect.stringMatching(message)])
  })

  test("is changed in part, and does not become another", async () => {
    const cloud = await gce()
    const path = "firewalls/default-allow-ssh"
    expect((await ask(cloud, "PATCH", path, { name: "another" })).status).toBe(400)
    expect((await ask(cloud, "PATCH", path, { sourceRanges: ["192.0.2.0/24"] })).status).toBe(200)
    const { body } = await ask(cloud, "GET", path)
    expect(body).toMatchObject({ priority: 65_534, allowed: SSH, sourceRanges: ["192.0.2.0/24"] })
    expect((await ask(cloud, "DELETE", path)).status).toBe(200)
    expect((await ask(cloud, "DELETE", path)).status).toBe(404)
  })
})

test("the smaller number decides, of equal ones the denial; a rule counts once its operation is done", async () => {
  const cloud = await gce()
  const [{ id }] = await launch(cloud, 1, {})
  const isOpen = () => cloud.wire.isOpen(id, 22, ELSEWHERE)
  expect(isOpen()).toBe(true)
  const { body } = await ask(cloud, "POST", "firewalls", { name: "deny", denied: [{ IPProtocol: "all" }] })
  expect(isOpen()).toBe(true)
  await ask(cloud, "POST", `operations/${body.name}/wait`)
  expect(isOpen()).toBe(false)
  putRule(cloud.world, PROJECT, { name: "equal", allowed: SSH })
  expect(isOpen()).toBe(false)
  putRule(cloud.world, PROJECT, { name: "before", priority: 999, allowed: SSH })
  expect(isOpen()).toBe(true)
  await ask(cloud, "DELETE", "firewalls/before")
  expect(isOpen()).toBe(false)
})
