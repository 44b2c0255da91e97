/** What a process says that ends, or has nothing left to do, with a cluster open that nobody asked it to close. */
import { join } from "node:path"
import { expect, test } from "vitest"
import { nursery, until } from "../../support/children.js"
import { isLong } from "../../support/long.js"

const { directory, start, livingIds } = nursery()

const program = (then: string, options = "") => `
  import { Cluster, withCluster } from "muster-vms"
  import { local } from "muster-vms/local"
  const provider = local({ root: ${JSON.stringify(directory())}, graceMs: 100 })
  const journal = ${JSON.stringify(join(directory(), "journal"))}
  const spec = { name: "left", provider, instanceType: "local-1", startup: "exec sleep 600" }
  const cluster = new Cluster({ ...spec, ${options} }, { journal })
  await cluster.scale(3)
  console.log("ready")
  ${then}
`

/** One line: what, where, at what price, until when, and the command that ends it. */
const line = (why: string) => {
  const command = `npx --no-install muster delete left --provider local --option root=${directory()} --journal ${join(directory(), "journal")}`
  const price = "3 workers without a known price"
  return new RegExp(
    `^muster: ${why}"left" goes on: 3 instances \\(local local\\), ${price}, until \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC at the latest; end it: ${command}\\n$`,
  )
}

test.each(isLong ? (["SIGINT", "SIGHUP"] as const) : (["SIGINT"] as const))(
  "%s ends the process as ever, and what goes on is said",
  async (signal) => {
    const child = start(program("setTimeout(() => {}, 60_000)"))
    await child.says("ready")
    child.signal(signal)
    expect(await child.ended).toEqual({ code: null, signal })
    expect(child.said()).toMatch(line(`${signal}: `))
    expect(await livingIds()).toHaveLength(3)
  },
)

test.each([
  ["the program ends itself", "process.exit(4)", 4],
  ...(isLong ? [["an exception ends it", `setTimeout(() => { throw new Error("boom") }, 0)`, 1] as const] : []),
] as const)("what goes on is said when %s", async (_what, then, code) => {
  const child = start(program(then))
  expect(await child.ended).toEqual({ code, signal: null })
  const own = child
    .said()
    .split("\n")
    .filter((text) => text.startsWith("muster: "))
  expect(`${own.join("\n")}\n`).toMatch(line(""))
})

test.each([
  ["once", `process.once("SIGTERM", end)`] as const,
  ...(isLong ? [["before all others", `process.prependListener("SIGTERM", end)`] as const] : []),
])("whoever listens for the signal %s decides what becomes of the process", async (_how, listen) => {
  const end = `const end = () => { console.log("heard"); void cluster.close().then(() => process.exit(7)) }`
  const child = start(program(`${end}; ${listen}; setTimeout(() => {}, 60_000)`))
  await child.says("ready")
  child.signal("SIGTERM")
  expect(await child.ended).toEqual({ code: 7, signal: null })
  expect(child.out()).toContain("heard")
  expect(child.said()).toBe("")
  expect(await livingIds()).toEqual([])
})

test("a listener that ends the process only where it is alone is alone", async () => {
  const alone = `process.on("SIGTERM", function own() {
    if (process.listenerCount("SIGTERM") === 1) { process.off("SIGTERM", own); process.kill(process.pid, "SIGTERM") }
  })`
  const child = start(program(`${alone}; setTimeout(() => {}, 60_000)`))
  await child.says("ready")
  child.signal("SIGTERM")
  expect(await child.ended).toEqual({ code: null, signal: "SIGTERM" })
})

test.each([
  ["closed", "await cluster.close()"] as const,
  ...(isLong ? [["let go of", "await cluster.detach()"] as const] : []),
])("nothing is said of a cluster that was %s", async (_what, then) => {
  const count = `console.log("heard by " + ["SIGINT", "SIGTERM", "SIGHUP", "exit"].map((one) => process.listenerCount(one)))`
  const child = start(program(`${count}; ${then}; ${count}`))
  expect(await child.ended).toEqual({ code: 0, signal: null })
  const [, before, after] = /^ready\nheard by 1,1,1,(\d)\nheard by 0,0,0,(\d)\n$/.exec(child.out()) ?? []
  // Node 20 has a listener of its own.
  expect(Number(before) - Number(after)).toBe(1)
  expect(child.said()).toBe("")
})

test("Ctrl-C ends the machines of withCluster too, and those of a cluster beside it go on", async () => {
  const wait = "() => new Promise((resolve) => setTimeout(resolve, 60_000))"
  const inner = `await withCluster({ ...spec, name: "inner" }, async (inner) => { await inner.scale(2); console.log("both"); await (${wait})() }, { journal })`
  const child = start(program(inner))
  await child.says("both")
  child.signal("SIGINT")
  expect(await child.ended).toEqual({ code: 130, signal: null })
  expect(child.said()).toContain(`muster: "inner" is closed, 2 instances are gone`)
  expect(child.said()).toMatch(/muster: "left" goes on: 3 instances/)
  expect(await livingIds()).toHaveLength(3)
})

const WHY =
  /^muster: this process has nothing left to do, and stays because "left" is open: .*"await cluster\.close\(\)".*"await cluster\.detach\(\)"\n$/

test.runIf(isLong)(
  "a program that forgets to close is told after ten seconds why its process stays, and once",
  async () => {
    // The second keeps no process, and is heard of before what is told after ten seconds.
    const later = "setTimeout(() => console.log('nine seconds'), 9_000).unref()"
    const child = start(program(`setTimeout(() => { console.log("still at work"); ${later} }, 1_000)`))
    await child.says("this process has nothing left to do")
    expect(child.out()).toContain("nine seconds")
    await until(() => Promise.resolve(child.said().endsWith("\n")))
    expect(child.said()).toMatch(WHY)
  },
)

test.runIf(isLong)("a program whose cluster follows a demand is at work, and is told nothing", async () => {
  const follow = "await cluster.adapt({ maximum: 3, minimum: 3, demand: () => 3 })"
  const child = start(program(`${follow}; setTimeout(() => process.exit(0), 12_000).unref()`))
  await child.ended
  expect(child.said()).toContain('"left" goes on')
  expect(child.said()).not.toContain("nothing left to do")
})

/** What keeps a process is looked at fifty times as often. */
const idle = (keeps: string, hasPendingCalls = "false") => `
  import { watchIdle } from "./src/exit/idle.js"
  import { systemClock } from "./src/calls/clock.js"
  const own = systemClock.timer(60_000, () => {})
  watchIdle(new Set([{ name: "left", hasPendingCalls: () => ${hasPendingCalls} }]), 10)
  ${keeps}
  setTimeout(() => { console.log("over"); process.exit() }, 2_000).unref()
`

test("a process that something else keeps is told nothing", async () => {
  const rows = [
    ["nothing but a cluster", "", "false", WHY],
    ["a timer of the program", "setTimeout(() => {}, 60_000)", "false", /^$/],
    ["a server of the program", `;(await import("node:net")).createServer().listen(0)`, "false", /^$/],
    ["a child of the program", `;(await import("node:child_process")).spawn("sleep", ["8"])`, "false", /^$/],
    ["a request on its way", "void systemClock.busy('a request', new Promise(() => {}))", "false", /^$/],
    ["a scale that goes on", "", "true", /^$/],
    ["a user who is to say when it ends", ";(await import('./src/exit/idle.js')).stayOnPurpose()", "false", /^$/],
  ] as const
  const children = rows.map(([what, keeps, hasPendingCalls, said]) => ({
    what,
    said,
    child: start(idle(keeps, hasPendingCalls)),
  }))
  for (const { what, said, child } of children) {
    await child.ended
    expect([what, child.out()]).toEqual([what, "over\n"])
    expect(child.said(), what).toMatch(said)
  }
})
