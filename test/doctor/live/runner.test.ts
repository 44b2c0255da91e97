/** The walk itself, on the small cloud: what goes wrong ends it well, and nothing is left. */
import { describe, expect, test } from "vitest"
import { AuthError, RejectedError, TransientError } from "../../../src/errors.js"
import type { Provider } from "../../../src/provider.js"
import { TAG } from "../../../src/fleet/tags.js"
import { SMALL } from "../../cluster/support.js"
import { isClean, play } from "./played.js"
import { expectAll, expectNothingLeft, verdicts, walked } from "./support.js"
import { toy } from "./toy.js"

test("all that holds is confirmed, by nine machines, for about what was thought", async () => {
  const played = await play()
  isClean(played)
  expectAll(played.outcome)
  const { workers, usd, problems, ms } = played.outcome
  expect([workers.length, problems]).toEqual([9, []])
  expect(ms).toBeLessThan(10 * 60_000)
  expect(usd.spent).toBeGreaterThan(0)
  expect(Math.abs(usd.spent - played.world.cost()) / played.world.cost()).toBeLessThan(0.1)
})

test("where lists show nothing that is gone, what guests have ended is told as that", async () => {
  const played = await play({
    change: (provider) => ({
      ...provider,
      list: async (selector, calls) =>
        (await provider.list(selector, calls)).filter(({ state }) => !provider.limits.goneStates.includes(state)),
    }),
  })
  isClean(played)
  const ends = played.outcome.workers.map(({ wave, endedAt, goneAt }) => [
    wave,
    endedAt !== undefined,
    goneAt !== undefined,
  ])
  expect(ends.slice(6)).toEqual(Array(3).fill(["timed", false, true]))
  expect(ends.slice(0, 6).every(([, isEnded, isGone]) => isEnded && isGone)).toBe(true)
})

describe("launching", () => {
  test("goes on with the other market where one is refused, and with another zone", async () => {
    const cloud = await play({
      change: (provider) => ({
        ...provider,
        launch: (call, calls) =>
          call.offers[0]?.market === "spot" || call.zone?.endsWith("a")
            ? Promise.resolve({ instances: [], failures: [refusal(call.zone ?? "")], settled: true })
            : provider.launch(call, calls),
      }),
    })
    isClean(cloud)
    expectAll(cloud.outcome)
    expect(new Set(cloud.outcome.workers.map(({ instance }) => instance.market))).toEqual(new Set(["on-demand"]))
    expect(cloud.outcome.notes.join("\n")).toMatch(/spot in .* was refused \(Full: full\); .* is tried instead/)
  })

  test("that is refused everywhere is told, and makes nothing", async () => {
    const full = { instances: [], failures: [{ ...refusal(""), scope: {} }], settled: true }
    const cloud = await play({ change: (provider) => ({ ...provider, launch: () => Promise.resolve(full) }) })
    isClean(cloud)
    expect([cloud.world.truth().length, new Set(Object.values(verdicts(cloud.outcome)))]).toEqual([
      0,
      new Set(["not seen"]),
    ])
    expect(cloud.outcome.problems).toHaveLength(3)
  })

  test("whose answers are lost ends what came of it, whenever lists show it", async () => {
    const cloud = await play({
      world: { listLagMs: 20_000 },
      change: (provider) => ({
        ...provider,
        launch: async (call, calls) => {
          await provider.launch(call, calls)
          throw new TransientError("no answer")
        },
      }),
    })
    isClean(cloud)
    expect(cloud.outcome.workers).toEqual([])
    expect(cloud.world.truth().length).toBeGreaterThan(0)
    expect(cloud.outcome.problems.join("\n")).toContain('launching for the wave "brief": no answer')
  })

  test("that repeats itself is never beside three others", async () => {
    const twice = (provider: Provider) => {
      let tokens = 0
      const launch: Provider["launch"] = async (call, calls) => {
        const first = await provider.launch(call, calls)
        tokens += 1
        await provider.launch(
          { ...call, token: `${tokens}${call.token}`.slice(0, 32), body: renamed(call.body, tokens) },
          calls,
        )
        return first
      }
      return { ...provider, launch }
    }
    const cloud = toy({ change: twice })
    const outcome = await walked(cloud, { instanceType: SMALL })
    cloud.stop()
    expectNothingLeft(cloud.world)
    expect(outcome.problems.join("\n")).toContain("nobody had meant to make")
  })
})

const POOL = { zone: "sim-1a", instanceType: SMALL, market: "on-demand" } as const

function renamed(body: object, number: number) {
  return JSON.parse(JSON.stringify(body).replace(/"token":"[0-9a-f]{2}/, `"token":"${10 + number}`)) as never
}

function refusal(zone: string) {
  const scope = { zone, market: "spot" as const }
  return { reason: "capacity" as const, count: 1, scope, ttlMs: 60_000, code: "Full", message: "full" }
}

describe("ending", () => {
  const refuse = (error: Error) => (provider: Provider) => ({ ...provider, terminate: () => Promise.reject(error) })

  test("that is refused stops the walk, and waits until the first machine's guest has ended it", async () => {
    const cloud = await play({ change: refuse(new AuthError("you may not end")) })
    isClean(cloud)
    expect(cloud.outcome.workers).toHaveLength(1)
    expect(cloud.outcome.problems.join("\n")).toMatch(
      /could not end i-\w+: you may not end; their guests had ended them \d+ s after the walk began/,
    )
  })

  test("that is accepted and does nothing: no other machine is made", async () => {
    const terminate: Provider["terminate"] = (accepted) => Promise.resolve({ accepted, failures: [] })
    const cloud = await play({ change: (provider) => ({ ...provider, terminate }), staysOn: true })
    expect(cloud.outcome.workers).toHaveLength(1)
    expect(cloud.outcome.stopped).toMatch(/^told to end, and still there 360 s later: i-/)
    expect(cloud.outcome.left.join("\n")).toMatch(/^instance i-/)
    // What was told to end and runs on is paid for.
    expect(cloud.outcome.usd.spent / cloud.world.cost()).toBeGreaterThan(0.9)
  })

  test("of machines that lists no longer show: each is told to end before there are others", async () => {
    const list =
      (provider: Provider): Provider["list"] =>
      async (selector, calls) =>
        (await provider.list(selector, calls)).slice(0, 1)
    const cloud = await play({ change: (provider) => ({ ...provider, list: list(provider) }) })
    expectNothingLeft(cloud.world)
  })

  test("that is refused, by guests that stay as well, names what is left", async () => {
    const cloud = await play({ change: refuse(new RejectedError("protected")), staysOn: true })
    expect(cloud.outcome.left.join("\n")).toMatch(/instance i-\w+.*protected/)
    expect(cloud.world.truth({ states: ["running"] })).toHaveLength(1)
    expect(cloud.outcome.problems.join("\n")).toMatch(/their guests have not ended i-\w+ either/)
  })

  test("guests that stay on refute the deadline, and are ended", async () => {
    const cloud = await play({ staysOn: true })
    isClean(cloud)
    expectAll(cloud.outcome, { "toy.deadline": "refuted" })
  })
})

test("guests that may take longer than a walk are not waited for so long that nothing could be judged", async () => {
  const cloud = await play({ staysOn: true, walk: { times: { slackMs: 15 * 60_000 } } })
  isClean(cloud)
  expectAll(cloud.outcome, { "toy.deadline": "refuted" })
  expect([cloud.outcome.stopped, cloud.outcome.problems]).toEqual([undefined, []])
  expect(cloud.outcome.notes.join("\n")).toMatch(/^timed: guests were waited for \d+ s less than they may take/)
  expect(cloud.outcome.ms).toBeLessThan(15 * 60_000)
})

test("machines of others stay as they are: of the same owner, of tags that differ in one, and of no tags", async () => {
  const cloud = toy()
  const { world, provider, clock } = cloud
  const own = { [TAG.owner]: "tester", [TAG.group]: "doctor", [TAG.cluster]: "doctor-000000" }
  const others = [own, { ...own, [TAG.uid]: "0".repeat(16) }, { ...own, [TAG.deadline]: "9999999999" }, {}]
  const made = others.flatMap((tags) => {
    const creation = world.create({ ...POOL, min: 1, max: 1, tags })
    return creation.kind === "created" ? creation.instances.map(({ id }) => id) : []
  })
  await clock.run(clock.sleep(60_000))
  const outcome = await walked({ ...cloud, provider }, { instanceType: SMALL })
  cloud.stop()
  expectAll(outcome)
  expect(made.map((id) => world.instance(id)?.state)).toEqual(others.map(() => "running"))
})

test("what a wave could cost above the budget is not begun", async () => {
  const cloud = await play({}, { budgetUsd: 0.005 })
  isClean(cloud)
  expect(cloud.outcome.workers).toEqual([])
  expect(cloud.outcome.problems[0]).toMatch(/^the wave "brief" was left out: with it up to 0\.\d+ USD could/)
})

test("a signal at any moment ends it, and all that it has made", async () => {
  for (let atMs = 100; atMs < 460_000; atMs = Math.ceil(atMs * 1.5)) {
    const cloud = toy({ world: { listLagMs: 3_000 } })
    const abort = new AbortController()
    cloud.clock.timer(atMs, () => abort.abort(new Error("enough")))
    const outcome = await walked(cloud, { instanceType: SMALL, signal: abort.signal })
    cloud.stop()
    isClean({ ...cloud, outcome })
    expect(outcome.problems.join("\n"), `at ${atMs} ms`).toMatch(/enough|^$/)
    expect(Object.values(verdicts(outcome)), `at ${atMs} ms`).not.toContain("refuted")
    // What was seen until then is told: three machines are gone after half a minute.
    if (atMs > 60_000) expect(verdicts(outcome), `at ${atMs} ms`).toMatchObject({ "toy.tags": "confirmed" })
  }
})
