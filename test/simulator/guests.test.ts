/** What guests do to their instances: consoles, power-off, verdicts; and the guests that the world plays itself. */
import { describe, expect, test } from "vitest"
import { bareCalls } from "../../src/calls/send.js"
import { verdictOn } from "../../src/guest/marks.js"
import { type PlayedGuest, worldProvider } from "../../src/simulator/index.js"
import { NO_ROOM, wishFor } from "../support/wishes.js"
import { create, POOL, rig } from "./rig.js"

const UID = "0123456789abcdef"
const REPLACED: PlayedGuest = { uid: UID, whenDone: { success: "keep", failure: "replace" }, endsBy: "power-off" }
const FAILURE = { exitCode: 3, afterMs: 20_000, tail: "reading\nthe disk is full" }

function booted(options: Parameters<typeof rig>[0] = {}, over: Parameters<typeof create>[2] = {}) {
  const { world, clock, pass } = rig(options)
  const [instance] = create(world, 1, over)
  const id = instance?.id ?? ""
  return { world, clock, pass, id, look: () => world.instance(id) }
}

describe("a guest", () => {
  test("writes to its console only while it runs, and the console keeps the last MiB", async () => {
    const { world, pass, id } = booted()
    world.write(id, "too early\n")
    expect(world.consoleText(id)).toBe("")
    await pass(30_000)
    world.write(id, "first\n")
    world.write(id, "x".repeat(1024 * 1024))
    expect(world.consoleText(id)).toHaveLength(1024 * 1024)
    world.terminate([id])
    world.write(id, "too late\n")
    expect(world.consoleText(id)).toMatch(/^x+$/)
    expect(world.consoleText("i-none")).toBe("")
  })

  test("that powers its instance off stops it, keeps its place, and clears the moment of its end", async () => {
    const { world, clock, pass, id, look } = booted({}, { expiresAt: 1_000_000_000_000_000 })
    await pass(60_000)
    expect(world.powerOff([id, "i-none"])).toEqual([id])
    expect(look()).toMatchObject({ state: "stopped", stoppedAt: clock.now() })
    expect(world.powerOff([id])).toEqual([])
    await pass(3_600_000)
    expect(look()?.state).toBe("stopped")
  })

  test("cannot power off what does not run yet", () => {
    const { world, id } = booted()
    expect(world.powerOff([id])).toEqual([])
  })

  test("that powers its instance off ends it where it was launched so, and no request did", async () => {
    const { world, pass, id, look } = booted({}, { onPowerOff: "end" })
    await pass(30_000)
    world.powerOff([id])
    expect(look()?.state).toBe("terminating")
    expect(look()).not.toHaveProperty("endedByRequest")
    expect(look()).not.toHaveProperty("endReason")
  })

  test("forgets its deadline when it is stopped, and still goes when it is taken away", async () => {
    const { world, clock, pass, id, look } = booted()
    const [limited] = create(world, 1, { expiresAt: clock.now() + 60_000 })
    await pass(40_000)
    world.stop([limited?.id ?? ""])
    world.faults.interrupt([id], { noticeMs: 30_000 })
    world.stop([id])
    await pass(60_000)
    expect(world.instance(limited?.id ?? "")?.state).toBe("stopped")
    expect(look()?.state).toBe("terminated")
  })

  test.each([
    [false, 60],
    [true, 3_660],
  ])("is paid for while it is stopped: %s", async (billsStopped, seconds) => {
    const { world, pass, id } = booted({ billsStopped })
    await pass(90_000)
    world.powerOff([id])
    await pass(3_600_000)
    expect(world.runningSeconds(id)).toBe(seconds)
  })
})

describe("a played guest", () => {
  test("goes on for ever, and says that its startup has begun", async () => {
    const { world, pass, id, look } = booted({}, { guest: REPLACED, onPowerOff: "end" })
    await pass(29_999)
    expect(world.consoleText(id)).toBe("")
    await pass(3_600_000)
    expect([look()?.state, world.consoleText(id)]).toEqual(["running", "muster[01234567]: 0 startup begun\n"])
  })

  test("whose startup fails writes its verdict, and powers off at that moment, whenever anybody looks", async () => {
    const { world, clock, pass } = rig()
    world.faults.endStartups(1, {}, FAILURE)
    const [failing, well] = create(world, 2, { guest: REPLACED, onPowerOff: "end" })
    const bornAt = clock.now()
    await pass(600_000)
    const { state, leftAt } = world.instance(failing?.id ?? "") ?? {}
    expect([state, leftAt]).toEqual(["terminated", bornAt + 50_000])
    expect(verdictOn(world.consoleText(failing?.id ?? ""), UID)).toEqual({
      step: "startup",
      exitCode: 3,
      tail: "reading\nthe disk is full",
    })
    expect(world.instance(well?.id ?? "")?.state).toBe("running")
  })

  test("that is to be kept stays, with its verdict", async () => {
    const { world, pass } = rig()
    world.faults.endStartups(1)
    const [instance] = create(world, 1, { guest: REPLACED })
    await pass(60_000)
    expect(world.instance(instance?.id ?? "")?.state).toBe("running")
    expect(verdictOn(world.consoleText(instance?.id ?? ""), UID)).toMatchObject({ exitCode: 0, tail: "" })
  })

  test("that deletes itself writes its tag, lingers for three minutes, and is gone by a request", async () => {
    const { world, pass } = rig()
    world.faults.endStartups(1, {}, FAILURE)
    const [instance] = create(world, 1, { guest: { ...REPLACED, endsBy: "delete" } })
    const look = () => world.instance(instance?.id ?? "")
    await pass(50_000)
    expect(look()).toMatchObject({ state: "running", tags: { "muster-ended": "startup-3", "muster-uid": "u" } })
    await pass(180_000)
    expect(look()).toMatchObject({ state: "terminating", endedByRequest: true })
  })

  test("of an instance that was ended before says nothing", async () => {
    const { world, pass } = rig()
    world.faults.endStartups(1, {}, FAILURE)
    const [instance] = create(world, 1, { guest: REPLACED })
    await pass(40_000)
    world.terminate([instance?.id ?? ""])
    await pass(60_000)
    expect(verdictOn(world.consoleText(instance?.id ?? ""), UID)).toBeUndefined()
  })

  test("a share of them fails by the seed, and clearing the script ends that", async () => {
    const { world, pass } = rig()
    world.faults.rateStartups(0.2, {}, FAILURE)
    create(world, 500, { guest: REPLACED, onPowerOff: "end" })
    await pass(100_000)
    const failed = world.truth({ states: ["terminated"] }).length
    expect(failed).toBeGreaterThan(70)
    expect(failed).toBeLessThan(130)
    world.faults.clear()
    create(world, 100, { guest: REPLACED, onPowerOff: "end" })
    await pass(100_000)
    expect(world.truth({ states: ["terminated"] })).toHaveLength(failed)
  })

  test("what is drawn of startups changes no instance's id", () => {
    const plain = create(rig().world, 5).map(({ id }) => id)
    const { world } = rig()
    world.faults.rateStartups(0.5, {}, FAILURE)
    expect(create(world, 5, { guest: REPLACED }).map(({ id }) => id)).toEqual(plain)
  })
})

describe("the simulated provider's guests", () => {
  const OWNED = { cluster: "c", uid: UID, owner: "o", generation: 1, deadline: "4102444800", claim: "c" }
  const GROUP = { name: "g", startup: "exit 3", environment: {}, publicAddress: false, tags: {}, archs: [] } as const
  async function up(guests: "end" | "stop" | "delete", whenDone = REPLACED.whenDone) {
    const { world, clock, pass } = rig({ terminatedVisibleMs: 3_600_000 })
    world.faults.endStartups(1, {}, FAILURE)
    const provider = worldProvider(world, { guests })
    const asked = bareCalls({ clock })
    const prepared = await clock.run(provider.prepare(OWNED, { ...GROUP, whenDone }, asked))
    const offers = world.offers.filter(
      ({ instanceType, zone }) => instanceType === POOL.instanceType && zone === POOL.zone,
    )
    const [call] = provider.split(wishFor(offers, 1), prepared, NO_ROOM)
    if (call === undefined) throw new Error("none")
    const [instance] = (await clock.run(provider.launch(call, asked))).instances
    if (instance === undefined) throw new Error("none")
    await pass(60_000)
    const [seen] = await clock.run(provider.list({ uid: UID }, asked))
    const text = () => clock.run(provider.consoleLog?.(instance, asked) ?? Promise.resolve(""))
    return { seen, text, pass }
  }

  test.each([
    ["end", { state: "terminated", tags: {} }],
    ["stop", { state: "stopped", tags: {} }],
    ["delete", { state: "running", tags: { "muster-ended": "startup-3" } }],
  ] as const)("that %s themselves are seen so", async (guests, expected) => {
    const { seen, text } = await up(guests)
    expect(seen).toMatchObject(expected)
    expect(seen).not.toHaveProperty("endedBy")
    expect(verdictOn(await text(), UID)).toMatchObject({ step: "startup", exitCode: 3 })
  })

  test("that are kept run on", async () => {
    const { seen, text } = await up("end", { success: "keep", failure: "keep" })
    expect(seen?.state).toBe("running")
    expect(verdictOn(await text(), UID)).toMatchObject({ exitCode: 3 })
  })

  test("leave no console once no list shows them any more", async () => {
    const { text, pass } = await up("end")
    await pass(3_700_000)
    expect(await text()).toBe("")
  })
})
