/** Two processes open the same workers at the same moment: EC2 replaces all groups of an interface, and refuses no stale request. */
import { expect, test } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { TransientError } from "../../../src/errors.js"
import type { Calls, Instance, Provider } from "../../../src/provider.js"
import { type Cloud, optionsFor, OWNER } from "../support/cloud.js"
import { anywhere } from "../support/found.js"
import { access, HERE, openFrom, workers } from "./support.js"

const THERE = "198.51.100.1"
const CHANGE = "ModifyNetworkInterfaceAttribute"

/** Another process's provider, on the same wire. */
const another = ({ wire }: Cloud): Provider => aws(optionsFor(wire, { subnetIds: undefined }))

interface Held {
  readonly calls: Calls
  /** Resolves when a change is about to be sent. */
  readonly begun: Promise<void>
  readonly send: () => void
}

/** Calls whose first changes wait: what they say was read before, and others go on meanwhile. */
function held(cloud: Cloud, count = 1): Held {
  const calls = cloud.bare()
  let begin = () => {}
  let send = () => {}
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const free = new Promise<void>((resolve) => (send = resolve))
  let left = count
  const own: Calls["send"] = async (api, cost, fn) => {
    if (api === CHANGE && left > 0) {
      left -= 1
      begin()
      await free
    }
    return calls.send(api, cost, fn)
  }
  return { calls: { ...calls, send: own }, begun, send }
}

function open(provider: Provider, from: string, instances: readonly Instance[], calls: Calls) {
  const asked = access(`${from}/32`).access
  if (provider.access === undefined || asked === undefined) throw new Error("EC2 has no access")
  return provider.access.open(OWNER, asked, instances, calls)
}

const reached = (cloud: Cloud, instances: readonly Instance[]) =>
  instances.map((instance) => openFrom(cloud, instance, 22, [HERE, THERE]))

test("both have read, and one writes after the other: both ranges are there in the end", async () => {
  const cloud = await anywhere()
  const made = await workers(cloud, {}, 2)
  const [one, two] = [held(cloud, 2), held(cloud, 2)]
  const both = [open(cloud.provider, HERE, made, one.calls), open(another(cloud), THERE, made, two.calls)]
  const interleaved = Promise.all([one.begun, two.begun]).then(async () => {
    one.send()
    await cloud.clock.sleep(500)
    two.send()
  })
  await cloud.run(Promise.all([...both, interleaved]))
  expect(reached(cloud, made)).toEqual(made.map(() => [HERE, THERE]))
})

test("a change that was read before, and arrives when the other has looked already, is seen by its second look", async () => {
  const cloud = await anywhere()
  const made = await workers(cloud, {})
  const late = held(cloud)
  const opening = open(another(cloud), THERE, made, late.calls)
  const other = late.begun.then(() => open(cloud.provider, HERE, made, cloud.bare()))
  const wrote = late.begun.then(async () => {
    await cloud.clock.sleep(1500)
    expect(reached(cloud, made)).toEqual([[HERE]])
    late.send()
  })
  await cloud.run(Promise.all([opening, other, wrote]))
  expect(reached(cloud, made)).toEqual([[HERE, THERE]])
})

test("who opens what is open already looks once", async () => {
  const cloud = await anywhere()
  const made = await workers(cloud, {})
  await cloud.run(open(cloud.provider, HERE, made, cloud.bare()))
  const from = cloud.clock.now()
  await cloud.run(open(another(cloud), HERE, made, cloud.bare()))
  expect(cloud.clock.now() - from).toBeLessThan(1000)
})

test("somebody who takes it away again and again is told of, after some tries", async () => {
  const cloud = await anywhere()
  const made = await workers(cloud, {})
  const calls = cloud.bare()
  const undone: Calls["send"] = async (api, cost, fn) => {
    const answer = await calls.send(api, cost, fn)
    if (api === CHANGE)
      cloud.world.resources
        .list({ kind: "interface-groups" })
        .map(({ kind, id }) => cloud.world.resources.delete(kind, id))
    return answer
  }
  const opening = cloud.run(open(cloud.provider, HERE, made, { ...calls, send: undone }))
  await expect(opening).rejects.toThrow(TransientError)
  await expect(opening).rejects.toThrow(/somebody else changes the security groups of i-\w+/)
  expect(cloud.world.ledger.count(CHANGE)).toBe(10)
})
