/** A network that does not become ready: the wait has an end, can be ended, and says what was waited for. */
import { expect, test } from "vitest"
import { RejectedError, TimeoutError, TransientError } from "../../../src/errors.js"
import { azureCloud, type Cloud, OWNER, prepareOf } from "../support/cloud.js"
import { errorOf } from "../support/scripted.js"

const failed = (code: string, message: string) =>
  ({ api: "VirtualNetworks_CreateOrUpdate", place: "operation", code, message, times: 1 }) as const

const networkOf = ({ world }: Cloud) => world.resources.get("virtualNetworks", "muster-westeurope/muster-westeurope")

test("it stays Updating: after a minute the network and its state are named, and the next one asks again", async () => {
  const cloud = await azureCloud()
  cloud.wire.quirks.networkMs = Number.POSITIVE_INFINITY
  const begunAt = cloud.clock.now()
  const error = await errorOf(prepareOf(cloud, {}, cloud.calls()))
  expect(error).toBeInstanceOf(TimeoutError)
  expect(error.message).toMatch(
    /^making network muster-westeurope: network muster-westeurope in resource group muster-westeurope is "Updating" after 6\d s/,
  )
  expect(cloud.clock.now() - begunAt).toBeLessThan(70_000)
  // Not made again while it is on its way.
  const puts = () => cloud.world.ledger.entries.filter(({ api }) => api === "VirtualNetworks_CreateOrUpdate").length
  await errorOf(prepareOf(cloud, {}, cloud.calls()))
  expect(puts()).toBe(1)
})

test("whoever gives up waiting is told at once what it was for, and what was made by then is found", async () => {
  const cloud = await azureCloud()
  cloud.wire.quirks.networkMs = Number.POSITIVE_INFINITY
  const ending = new AbortController()
  const reason = new Error("the cluster closes")
  cloud.clock.timer(20_000, () => ending.abort(reason))
  const begunAt = cloud.clock.now()
  const error = await errorOf(prepareOf(cloud, {}, cloud.calls({ signal: ending.signal })))
  expect(cloud.clock.now() - begunAt).toBe(20_000)
  expect(error).toBeInstanceOf(TimeoutError)
  expect(error.message).toMatch(/muster-westeurope is "Updating" after \d+ s/)
  expect(error.cause).toBe(reason)
  const found = await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.calls()) ?? Promise.resolve([]))
  expect(found.map(({ id, shared }) => [id.split("/").at(-1), shared])).toEqual([
    ["muster-render-0123456789abcdef-1", false],
    [expect.stringContaining("muster-name-render-"), false],
    ["muster-westeurope", true],
  ])
  await cloud.run(cloud.provider.remove?.(found, cloud.calls()) ?? Promise.resolve())
  await cloud.run(cloud.clock.sleep(60_000))
  expect(cloud.wire.remains()).toEqual([])
})

test("when one thing cannot be prepared, what is being made beside it is finished before that is said", async () => {
  const cloud = await azureCloud({ world: { latency: { requestMs: 200 } } })
  const error = await errorOf(prepareOf(cloud, { image: "Canonical:none:none:latest" }))
  expect(error.message).toContain("Artifact: VMImage was not found")
  const before = cloud.wire.remains()
  expect(before.map(({ kind }) => kind)).toContain("virtualNetworks")
  await cloud.run(cloud.clock.sleep(60_000))
  expect(cloud.wire.remains()).toEqual(before)
})

test("its operation fails: in the operation's words, by the same table", async () => {
  const cloud = await azureCloud()
  cloud.wire.answer(failed("RequestDisallowedByPolicy", "Resource 'muster-westeurope' was disallowed by policy."))
  const error = await errorOf(prepareOf(cloud, {}, cloud.calls()))
  expect(error.constructor).toBe(RejectedError)
  expect(error.message).toMatch(
    /^making network muster-westeurope: Resource .* was disallowed by policy\. \(RequestDisallowedByPolicy\); a policy forbids it/,
  )
})

test("an operation that may not be read: what is known is said", async () => {
  const cloud = await azureCloud()
  cloud.wire.answer(failed("NeverSeen", "It ended."))
  cloud.wire.quirks.forbidden.add("NetworkOperations_Get")
  const error = await errorOf(prepareOf(cloud, {}, cloud.calls()))
  expect(error.constructor).toBe(RejectedError)
  expect(error.message).toBe(
    "making network muster-westeurope: it ended as Failed; delete resource group muster-westeurope, and try again",
  )
})

test("a failure that passes: it is made again, and nothing is to be deleted by hand", async () => {
  const cloud = await azureCloud()
  cloud.wire.answer(failed("InternalServerError", "An error occurred."))
  expect(await errorOf(prepareOf(cloud, {}, cloud.calls()))).toBeInstanceOf(TransientError)
  expect((await prepareOf(cloud, {}, cloud.calls())).body.subnetId).toContain(
    "/virtualNetworks/muster-westeurope/subnets/workers",
  )
})

test("one that failed and has somebody's subnets in it is left alone", async () => {
  const cloud = await azureCloud()
  await prepareOf(cloud, {}, cloud.calls())
  const network = networkOf(cloud)
  if (network === undefined) throw new Error("no network")
  const subnets = [{ name: "workers" }, { name: "databases" }]
  const attributes = { ...network.attributes, properties: { subnets }, failure: { code: "x", message: "y" } }
  cloud.world.resources.put({ ...network, attributes: attributes as never })
  const error = await errorOf(prepareOf(cloud, {}, cloud.calls()))
  expect(error.constructor).toBe(RejectedError)
  expect(error.message).toMatch(/it ended as Failed; delete resource group muster-westeurope/)
  expect(networkOf(cloud)?.attributes.properties).toEqual({ subnets })
})

test("a network without our subnet is said, and no other subnet is taken for it", async () => {
  const cloud = await azureCloud()
  await prepareOf(cloud, {}, cloud.calls())
  const network = networkOf(cloud)
  if (network === undefined) throw new Error("no network")
  const attributes = { ...network.attributes, properties: { subnets: [{ name: "databases" }] } }
  cloud.world.resources.put({ ...network, attributes: attributes as never })
  const error = await errorOf(prepareOf(cloud, {}, cloud.calls()))
  expect(error).toMatchObject({ name: "RejectedError", code: "SubnetMissing" })
  expect(error.message).toContain('has no subnet "workers" any more')
})
