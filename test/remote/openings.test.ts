/** Who may reach living workers: opened, shown and closed, by the library and by the command line. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { Cluster, type Provider, RejectedError, SpecError } from "muster-vms"
import { resolveSpec } from "../../src/spec.js"
import { desk } from "../cli/support.js"
import { live, rig, SMALL } from "../cluster/support.js"
import { withAccess } from "./support/access-control.js"

beforeEach(() => {
  process.env.MUSTER_ADDRESS = "192.0.2.7"
  delete process.env.SSH_AUTH_SOCK
})
afterEach(() => {
  delete process.env.MUSTER_ADDRESS
})

function scene() {
  const { provider: bare, clock } = rig()
  const fake = withAccess(bare)
  const make = (provider: Provider = fake.provider, more: object = {}) =>
    new Cluster({ name: "render", provider, instanceType: SMALL, ...more } as never, { clock, journal: false })
  return { ...fake, bare, clock, make }
}

describe("openAccess, openings, closeAccess", () => {
  test("open to the workers that there are, beside what is open, until it is closed", async () => {
    const { asked, clock, make } = scene()
    const cluster = make()
    await clock.run(cluster.scale(2))
    expect(await clock.run(cluster.openings())).toEqual([])
    const [first] = await clock.run(cluster.openAccess("here"))
    expect(first).toEqual({ place: "simulated sim-1", rule: expect.stringMatching(/^fake-/), from: ["192.0.2.7/32"] })
    const from = ["192.0.2.7/32", "10.0.0.0/8", "0.0.0.0/0"]
    expect(await clock.run(cluster.openAccess({ from: ["10.0.0.0/8", "0.0.0.0/0"] }))).toMatchObject([{ from }])
    await clock.run(cluster.closeAccess())
    expect(await clock.run(cluster.openings())).toEqual([])
    expect(asked).toEqual([
      ...["openings 2", "open 192.0.2.7/32 to 2", "open 10.0.0.0/8 0.0.0.0/0 to 2", "close 2", "openings 2"],
    ])
    await clock.run(cluster.close())
  })

  test("what is wrong is said before anything is asked", async () => {
    const { asked, bare, clock, make, provider } = scene()
    const cluster = make()
    await expect(cluster.openAccess("here")).rejects.toThrow(/has no workers yet/)
    await clock.run(cluster.scale(1))
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ["0.0.0.0/0", /is "0\.0\.0\.0\/0", the whole internet; .* write openAccess\(\{ from: "0\.0\.0\.0\/0" \}\)/],
      ["home", /openAccess\.access: is "home"/],
      [{ from: [] }, /name at least one range/],
      [undefined, /openAccess\.access/],
    ]
    for (const [access, message] of wrong) {
      await expect(cluster.openAccess(access as "here")).rejects.toThrow(message)
      await expect(cluster.openAccess(access as "here")).rejects.toThrow(SpecError)
    }
    process.env.MUSTER_ADDRESS = "home"
    await expect(cluster.openAccess("here")).rejects.toThrow(/own address unknown for "here"/)
    expect(asked).toEqual([])
    await clock.run(cluster.close())

    const alone = make(bare)
    await clock.run(alone.scale(1))
    await expect(alone.openAccess("10.0.0.0/8")).rejects.toThrow(/need none: they are reached without ssh/)
    await clock.run(alone.close())
    const { access: _, ...shut } = provider
    const keyed = make(shut)
    await clock.run(keyed.scale(1))
    await expect(keyed.openAccess("10.0.0.0/8")).rejects.toThrow(/Muster opens nothing in simulated sim-1/)
    await clock.run(keyed.close())
  })

  test("a cloud that refuses says so, and the other place stays open", async () => {
    const { clock, make, asked, refuse } = scene()
    const cluster = make()
    await clock.run(cluster.scale(1))
    refuse("no permission to open")
    await expect(clock.run(cluster.openAccess("here"))).rejects.toThrow(RejectedError)
    expect(asked).toEqual(["open 192.0.2.7/32 to 1"])
    await clock.run(cluster.close())
  })

  test("exec asks once whether anything is open where the spec says nothing", async () => {
    const { clock, make, asked } = scene()
    const cluster = make()
    await clock.run(cluster.scale(3))
    await expect(clock.run(cluster.exec("true"))).rejects.toThrow(
      /nothing is open in simulated sim-1: .*muster access render --from here/,
    )
    expect(asked).toEqual(["openings 3"])
    await clock.run(cluster.openAccess("here"))
    // Nothing listens: but that is looked for now.
    await expect(cluster.exec("true")).rejects.toThrow(/has no key of the cluster|ECONNREFUSED/)
    expect(asked).toEqual(["openings 3", "open 192.0.2.7/32 to 3", "openings 3"])
    await clock.run(cluster.close())
  })
})

test("a quick look decides nothing", async () => {
  const { provider } = scene()
  const attach = (more: object) => Cluster.attach("render", { provider, quick: true, ...more } as never)
  await expect(attach({})).rejects.toThrow(/attach\.quick: reads too little to change anything; give takeOver: false/)
  await expect(attach({ takeOver: false, quick: "yes" })).rejects.toThrow(/attach\.quick: is "yes"/)
})

test("plan says what will be opened, from where, and what peers does", async () => {
  const { clock, make, bare, provider } = scene()
  const notes = async (one: Provider, more: object) => {
    const plan = await clock.run(make(one, more).plan(1))
    return plan.groups.flatMap((group) => group.notes).join("\n")
  }
  const access = { from: ["here", "::/0"] }
  expect(await notes(provider, { access, peers: true })).toMatch(
    /simulated sim-1: port 22 of its workers is opened to 192\.0\.2\.7\/32 \(here\), the whole internet \(::\/0\)\n.*every port of its workers is opened to this cluster's other workers/,
  )
  const { access: _, ...shut } = provider
  expect(await notes(shut, { access: "10.0.0.0/8" })).toMatch(
    /no firewall rule is made .* let port 22 in yourself, .* from 10\.0\.0\.0\/8/,
  )
  expect(await notes(bare, { access: "here", peers: true })).toMatch(/peers changes nothing/)
  expect(await notes(bare, { access: "here" })).not.toMatch(/port 22/)
  const { groups } = resolveSpec({ provider: ["local", { aws: { region: "x" } }], access: { from: "::/0" } })
  expect(groups[0]?.notes).toEqual(["port 22 of its workers is open to the whole internet (access.from: ::/0)"])
  expect(resolveSpec({ provider: "local", access: { from: "::/0" } }).groups[0]?.notes).toEqual([])
  expect(await notes(provider, {})).not.toMatch(/port 22|peers/)
})

test("peers is told to a cloud that has them, and only when it is asked", async () => {
  const { clock, make, provider } = scene()
  const told: (true | undefined)[] = []
  const listening: Provider = {
    ...provider,
    prepare: (owner, group, calls) => {
      told.push(group.peers)
      return provider.prepare(owner, group, calls)
    },
  }
  for (const peers of [true, false, undefined]) {
    const cluster = make(listening, peers === undefined ? {} : { peers })
    await clock.run(cluster.scale(1))
    await clock.run(cluster.close())
  }
  expect(told).toEqual([true, undefined, undefined])
})

describe("muster access", () => {
  const AT = "--provider aws --region eu-west-2"

  test("shows, opens and closes, and takes nothing over", async () => {
    const own = { rule: "my-own", from: ["203.0.113.0/24"] }
    const { muster, abandon, provider } = desk()
    const { provider: open, asked } = withAccess(provider, [own])
    const load = () => Promise.resolve(open)
    await abandon("render", 2)
    const shown = await muster(`access render ${AT}`, { load })
    expect(shown).toEqual({
      code: 0,
      said: "",
      out: expect.stringMatching(/^RULE +PLACE +FROM\nmy-own +simulated sim-1 +203/),
    })
    const opened = await muster(`access render ${AT} --from here --from 10.0.0.0/8 -o json`, { load })
    expect([opened.code, opened.said]).toEqual([0, 'open to the 2 workers that "render" has now\n'])
    const place = "simulated sim-1"
    expect(JSON.parse(opened.out)).toEqual([
      { place, ...own },
      { place, rule: expect.any(String) as string, from: ["192.0.2.7/32", "10.0.0.0/8"] },
    ])
    const closed = await muster(`access render ${AT} --close`, { load })
    expect([closed.code, closed.said]).toEqual([0, 'what Muster had opened to workers of "render" is closed\n'])
    expect(closed.out).toContain("my-own")
    expect(asked).toEqual(["openings 2", "open 192.0.2.7/32 10.0.0.0/8 to 2", "close 2", "openings 2"])
    const generations = await muster(`list ${AT} -o json`, { load })
    expect(JSON.parse(generations.out)).toMatchObject([{ generation: 1 }])
  })

  test("what is wrong is exit code 2, and nothing is asked", async () => {
    const { muster, abandon, provider } = desk()
    const { provider: open, asked } = withAccess(provider)
    const load = () => Promise.resolve(open)
    await abandon("render", 1)
    const wrong = ["--from 0.0.0.0/0", "--from home", "--from here --close", "-o xml"]
    for (const words of wrong)
      expect([words, (await muster(`access render ${AT} ${words}`, { load })).code]).toEqual([words, 2])
    expect((await muster(`access render ${AT} --from 0.0.0.0/0`, { load })).said).toMatch(
      /--from: is "0\.0\.0\.0\/0", the whole internet; .* write access: \{ from: "0\.0\.0\.0\/0" \} into the spec/,
    )
    expect(asked).toEqual([])
    expect((await muster(`access nobody ${AT}`, { load })).code).toBe(6)
  })

  test("what works with workers reads one list, and no prices or specs", async () => {
    const { muster, abandon, provider, world } = desk()
    const load = () =>
      Promise.resolve(withAccess({ ...provider, recall: () => Promise.reject(new Error("recalled")) }).provider)
    await abandon("render", 2)
    const before = world.ledger.count()
    const { code } = await muster(`exec render ${AT} true`, { load })
    expect([code, world.ledger.count() - before]).toEqual([2, 1])
  })

  test("another process that holds the cluster is named first, and goes on", async () => {
    const { muster, cluster, clock, provider, world } = desk()
    const { provider: open, asked } = withAccess(provider)
    const load = () => Promise.resolve(open)
    const held = cluster({ name: "render" })
    await clock.run(held.scale(1))
    for (const { id, tags } of live(world))
      world.retag(id, { ...tags, "muster-holder": `build-7_4711_${Math.floor(clock.now() / 1000)}` })
    const refused = await muster(`access render ${AT} --from here`, { load })
    const missing = /--yes: is missing: "render" is held by process 4711 on build-7 .*, which goes on/
    expect([refused.code, refused.said]).toEqual([2, expect.stringMatching(missing)])
    const questions: string[] = []
    const ask = (question: string) => Promise.resolve(questions.push(question) > 1)
    expect((await muster(`access render ${AT} --from here`, { load, ask })).code).toBe(1)
    expect(questions[0]).toMatch(
      /^"render" is held by process \d+ on .*Open port 22 of its workers\? That process goes on/,
    )
    expect(asked).toEqual([])
    expect((await muster(`access render ${AT} --from here`, { load, ask })).code).toBe(0)
    expect((await muster(`access render ${AT} --close --yes`, { load })).code).toBe(0)
    await clock.run(held.scale(2))
    expect(held.workers).toHaveLength(2)
    await clock.run(held.close())
  })
})
