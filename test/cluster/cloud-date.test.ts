/** Each cloud's answers tell when they were given: a machine whose clock is wrong writes the right deadline. */
import { Readable } from "node:stream"
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2"
import { expect, test } from "vitest"
import { recordDate } from "../../providers/aws/client/send.js"
import { type Clock, VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { TAG } from "../../src/fleet/tags.js"
import { providerAt } from "../chaos/places.js"
import { WIRES } from "../chaos/wires.js"

const HOUR_MS = 3_600_000

test.each(["gcp", "azure"] as const)("%s, from a machine that is a day ahead", async (cloud) => {
  const base = new VirtualClock()
  const wire = await WIRES[cloud]({ clock: base, seed: 1 })
  const clock: Clock = {
    now: () => base.now(),
    wall: () => base.now() + 24 * HOUR_MS,
    random: () => base.random(),
    sleep: (ms, signal) => base.sleep(ms, signal),
    timer: (ms, fn) => base.timer(ms, fn),
    busy: (what, work) => base.busy(what, work),
    serve: (ms, signal) => base.serve(ms, signal),
  }
  const provider = await providerAt(wire.place)
  const cluster = new Cluster({ ...wire.spec, provider, maxLifetime: "12h" }, { clock, journal: false })
  try {
    await base.run(cluster.scale(1))
    const [made] = wire.world.truth({ tags: { [TAG.cluster]: cluster.name } })
    expect((Number(made?.tags[TAG.deadline]) * 1000 - base.now()) / HOUR_MS).toBeCloseTo(12, 1)
    await base.run(cluster.close())
  } finally {
    await wire.close()
  }
})

test("EC2's date is heard of a command of the SDK, whose answer has lost it", async () => {
  const date = "Thu, 01 Jan 2026 00:00:00 GMT"
  const body = () => Readable.from(["<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"])
  const requestHandler = { handle: async () => ({ response: { statusCode: 200, headers: { date }, body: body() } }) }
  const credentials = { accessKeyId: "a", secretAccessKey: "s" }
  const client = new EC2Client({ region: "eu-west-2", credentials, requestHandler: requestHandler as never })
  const heard: unknown[] = []
  const command = new DescribeInstancesCommand({})
  const attempt = { signal: new AbortController().signal, number: 1, observed: () => {} }
  recordDate(command, { ...attempt, dated: (at) => void heard.push(at) })
  expect((await client.send(command)).Reservations).toEqual([])
  expect(heard).toEqual([date])
})

test("a client that is not the SDK's has no date to hear", () => {
  expect(() => recordDate({}, { signal: new AbortController().signal, number: 1, observed: () => {} })).not.toThrow()
})
