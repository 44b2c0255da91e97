/** `muster boots`: of what its process has written down, of what boots now, and of what nobody has written down here. */
import { expect, test } from "vitest"
import { AT, desk } from "./support.js"

const TIMES = { systemMs: [8_000, 9_000], steps: { setup: [60_000, 90_000] } } as const
const SPEC = { name: "render", startup: "x", ready: { tcp: 80 } } as const

test("tells also of a cluster that is gone where its time went, and what shortens it; -o wide each worker, -o json all", async () => {
  const { muster, clock, cluster, journal } = desk({ guestTimes: TIMES })
  const owner = cluster(SPEC, { journal })
  await clock.run(owner.scale(5))
  const timings = owner.bootTimings()
  await clock.run(owner.close())
  const { code, out } = await muster(`boots render`)
  expect(code).toBe(0)
  expect(out).toMatch(/^simulated sim-1: 5 ready\n {2}PHASE +MEDIAN +P90 +SLOWEST +WHICH +OF ALL\n {2}request /)
  expect(out).toMatch(
    /\n {2}most of the time, \d\d %, goes to setup \(1 min .* at the median\): put what it installs into an image/,
  )
  const wide = (await muster("boots render -o wide")).out.split("\n\n")[1]?.split("\n") ?? []
  expect(wide[0]).toMatch(/^NAME +TYPE +STATE +BOOT +REQUEST +MACHINE +SYSTEM +SETUP +READY +TOLD$/)
  expect(wide.length).toBe(7)
  const told = JSON.parse((await muster("boots render --json")).out) as typeof timings
  expect(told.providers[0]).toMatchObject({ ready: 5, largest: "setup" })
  expect(told.workers.map(({ name, ms }) => [name, Math.round(ms / 100)]).sort()).toEqual(
    timings.workers.map(({ name, ms }) => [name, Math.round(ms / 100)]).sort(),
  )
  await clock.run(clock.sleep(60_000))
  expect((await muster("boots render --since 1s")).out).toBe('no boots of "render" are known from that time\n')
})

test("tells which of those that boot now is the slowest, and in what", async () => {
  const { muster, clock, cluster } = desk({ guestTimes: TIMES })
  const owner = cluster({ ...SPEC, existing: "connect" }, { journal: false })
  const scaling = owner.scale(3)
  await clock.run(clock.sleep(75_000))
  expect(String(owner.explain())).toMatch(/the slowest boot is that of default-\w+ for 1 min 1\d s: in setup for /)
  await clock.run(scaling)
  await clock.run(owner.close())
  const { code, said } = await muster(`boots render ${AT}`)
  expect([code, said]).toEqual([6, expect.stringContaining("carries its tags")])
})
