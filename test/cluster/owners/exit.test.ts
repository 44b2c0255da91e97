import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type Child, nursery, until } from "../../support/children.js"
import { isLong } from "../../support/long.js"

const { directory, start: startProgram, livingIds } = nursery()

/** What the program holds by the time its own part runs: a cluster of three, and a provider that may be changed before. */
const program = (change: string, then: string) => `
  import { Cluster } from "muster-vms"
  import { local } from "muster-vms/local"
  const real = local({ root: ${JSON.stringify(directory())}, graceMs: 100 })
  let release
  const later = new Promise((resolve) => (release = resolve))
  const provider = { ...real, ${change} }
  const spec = { name: "exits", provider, instanceType: "local-1", startup: "exec sleep 600", closeOnExit: true }
  const cluster = new Cluster(spec, { journal: ${JSON.stringify(join(directory(), "journal"))} })
  await cluster.scale(3)
  console.log("ready")
  ${then}
`

const start = (change = "", then = ""): Child => startProgram(program(change, then))

const names = (folder: string) => readdirSync(join(directory(), folder))

test.each([["SIGTERM", 143], ["SIGINT", 130], ...(isLong ? [["SIGHUP", 129] as const] : [])] as const)(
  "the first %s closes, says so, and ends with %i",
  async (signal, code) => {
    const child = start()
    await child.says("ready")
    child.signal(signal)
    expect(await child.ended).toEqual({ code, signal: null })
    expect(child.said()).toContain(`muster: ${signal}: closing "exits", 3 instances, within 60 s`)
    expect(child.said()).toContain(`muster: "exits" is closed, 3 instances are gone`)
    expect(await livingIds()).toEqual([])
    expect([...names("clusters"), ...names("claims"), ...names("journal")]).toEqual([])
  },
)

test.each([
  ["an exception", `setTimeout(() => { throw new Error("boom") }, 0)`],
  ...(isLong ? [["a rejection", `void Promise.reject(new Error("boom"))`] as const] : []),
] as const)("%s that nobody caught is shown, and closes too", async (_what, then) => {
  const child = start("", then)
  expect(await child.ended).toEqual({ code: 1, signal: null })
  expect(child.said()).toMatch(/Error: boom\n {4}at /)
  expect(child.said()).toContain(`"exits" is closed`)
  expect(await livingIds()).toEqual([])
})

test("a cluster that is made while another one is being closed is closed as well", async () => {
  // The end of the first one is held up until the second one has launched.
  const change = `terminate: async (...all) => { await later; return real.terminate(...all) }`
  const child = start(
    change,
    `const second = new Cluster({ ...spec, name: "second", provider: real }, { journal: false })
     setTimeout(() => { throw new Error("boom") }, 0)
     process.on("uncaughtException", () => void second.scale(1).then(release))`,
  )
  expect(await child.ended).toEqual({ code: 1, signal: null })
  expect(child.said()).toContain(`"exits" is closed, 3 instances are gone`)
  expect(child.said()).toContain(`"second" is closed, 1 instances are gone`)
  expect(await livingIds()).toEqual([])
})

test("the second signal leaves the rest to a process that outlives this one", async () => {
  // What hangs here is this process; the other one makes its own provider.
  const child = start(`terminate: () => new Promise(() => {})`)
  await child.says("ready")
  child.signal("SIGINT")
  await child.says("once more to leave it to a process of its own")
  expect(await livingIds()).toHaveLength(3)
  child.signal("SIGINT")
  expect(await child.ended).toEqual({ code: 130, signal: null })
  expect(child.said()).toMatch(/muster: process \d+ goes on ending 3 instances/)
  await until(async () => (await livingIds()).length === 0)
})

test("a provider that no other process can make is named", async () => {
  const child = start(`terminate: () => new Promise(() => {}), recipe: () => undefined`)
  await child.says("ready")
  child.signal("SIGTERM")
  await child.says("once more")
  child.signal("SIGTERM")
  expect((await child.ended).code).toBe(143)
  expect(child.said()).toContain("muster: local local: another process cannot make this provider")
})

test("a terminal that hangs up takes nobody's clusters along, nor does what cannot be said any more", async () => {
  const child = start()
  await child.says("ready")
  child.hangUp()
  child.signal("SIGHUP")
  expect(await child.ended).toEqual({ code: 129, signal: null })
  expect(await livingIds()).toEqual([])
})

test("a program that ends itself leaves the rest to a process that outlives it", async () => {
  const child = start("", "process.exit(3)")
  expect(await child.ended).toEqual({ code: 3, signal: null })
  const look = `npx --no-install muster list --provider local --option root=${directory()}`
  expect(child.said()).toMatch(new RegExp(`^muster: process \\d+ goes on ending 3 instances; look: ${look}\\n$`))
  await until(async () => (await livingIds()).length === 0)
  await until(() => Promise.resolve([...names("clusters"), ...names("claims")].length === 0))
})

test("one that ends itself with what no other process can end says what goes on", async () => {
  const child = start("recipe: () => undefined", "process.exit()")
  expect(await child.ended).toEqual({ code: 0, signal: null })
  expect(child.said()).toMatch(/^muster: process\.exit: "exits" goes on: 3 instances \(local local\), .*\n$/)
  expect(await livingIds()).toHaveLength(3)
})

test("whoever closes or detaches gets its signals back", async () => {
  const count = `console.log("heard by " + process.listenerCount("SIGINT") + process.listenerCount("uncaughtException"))`
  const child = start("", `${count}; await cluster.detach(); ${count}; setTimeout(() => {}, 60_000)`)
  await child.says("heard by 00")
  expect(child.out()).toContain("heard by 11")
  child.signal("SIGTERM")
  expect(await child.ended).toEqual({ code: null, signal: "SIGTERM" })
  expect(await livingIds()).toHaveLength(3)
})
