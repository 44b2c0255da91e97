/** The cursor comes back however the process ends, in processes of their own. */
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { nursery, until } from "../support/children.js"

const { start } = nursery()

const HIDE = "\u001b[?25l"
const SHOW = "\u001b[?25h"
/** Nothing is left of the frame, nor of what stood below it. */
const ERASED = "\u001b[J"

/** A cluster that is never opened, its frame on standard error. */
const program = (then: string) => `
  import { Cluster } from "muster-vms"
  import { showProgress } from "muster-vms/progress"
  const cluster = new Cluster({ name: "shown", provider: "local" })
  const shown = showProgress(cluster, { mode: "terminal" })
  console.log("ready")
  ${then}
`
const STAY = "setInterval(() => {}, 1000)"

/** Hidden once at least, and shown again after that. */
function expectCursor(said: string): void {
  expect(said).toContain(HIDE)
  expect(said.lastIndexOf(SHOW)).toBeGreaterThan(said.lastIndexOf(HIDE))
}

describe("the cursor comes back", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "after %s, which ends the process as it does without",
    async (signal) => {
      const child = start(program(STAY))
      await child.says("ready")
      child.signal(signal)
      expect(await child.ended).toEqual({ code: null, signal })
      expectCursor(child.said())
    },
  )

  test("after a signal that the program itself hears, once, and what it says then stands where the frame was, and the next frame below", async () => {
    const then = `process.on("SIGINT", () => { console.error("heard"); setTimeout(() => process.exit(7), 400) })`
    const child = start(program(`${STAY}; ${then}`))
    await child.says("ready")
    child.signal("SIGINT")
    expect(await child.ended).toEqual({ code: 7, signal: null })
    const [before = "", after = "", ...more] = child.said().split(`${SHOW}heard\n`)
    expect(more).toEqual([])
    expect(before.endsWith(ERASED)).toBe(true)
    expect(after).toContain(HIDE)
    expectCursor(child.said())
  })

  test("after a signal upon which the program ends at once, below the last state", async () => {
    const then = `process.on("SIGINT", () => { console.error("heard"); process.exit(7) })`
    const child = start(program(`${STAY}; ${then}`))
    await child.says("ready")
    child.signal("SIGINT")
    expect(await child.ended).toEqual({ code: 7, signal: null })
    const [, after = ""] = child.said().split(`${SHOW}heard\n`)
    expect(after).toMatch(/shown .*opening/)
    expectCursor(child.said())
  })

  test("after an exception that the program itself hears, before it says anything", async () => {
    const then = `process.on("uncaughtException", () => { console.error("heard"); process.exit(5) })`
    const child = start(program(`${then}; setTimeout(() => { throw new Error("boom") }, 0)`))
    expect(await child.ended).toEqual({ code: 5, signal: null })
    expect(child.said()).toContain(`\n${SHOW}heard\n`)
  })

  test.each([
    ["an exception", `${STAY}; setTimeout(() => { throw new Error("boom") }, 0)`],
    ["a rejection", `${STAY}; void Promise.reject(new Error("boom"))`],
  ])("after %s that nobody caught, and its stack stands below", async (_what, then) => {
    const child = start(program(then))
    expect(await child.ended).toEqual({ code: 1, signal: null })
    expect(child.said().indexOf("Error: boom")).toBeGreaterThan(child.said().lastIndexOf(SHOW))
    expectCursor(child.said())
  })

  test("after process.exit", async () => {
    const child = start(program("process.exit(3)"))
    expect(await child.ended).toEqual({ code: 3, signal: null })
    expectCursor(child.said())
  })

  test("and a warning stands below the frame", async () => {
    const child = start(program(`process.emitWarning("mind this"); setImmediate(() => shown.stop())`))
    expect((await child.ended).code).toBe(0)
    expect(child.said().slice(child.said().indexOf(`\n${SHOW}`))).toMatch(/\(node:\d+\) Warning: mind this/)
    expectCursor(child.said())
  })

  test("when the process is suspended, and the frame when it goes on", async () => {
    const child = start(program(`${STAY}; console.log("pid " + process.pid + " it is")`))
    await child.says("it is")
    const pid = Number(/pid (\d+) /.exec(child.out())?.[1])
    child.signal("SIGTSTP")
    await until(() => Promise.resolve(stateOf(pid) === "T" && child.said().includes(SHOW)))
    expectCursor(child.said())
    const before = child.said().length
    child.signal("SIGCONT")
    await until(() => Promise.resolve(child.said().slice(before).includes(HIDE)))
    child.signal("SIGTERM")
    await child.ended
    expectCursor(child.said())
  })
})

/** As `/proc` has it: "T" is stopped. */
function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]
}

test("what is only shown keeps no process alive", async () => {
  const child = start(program(""))
  expect(await child.ended).toEqual({ code: 0, signal: null })
  expectCursor(child.said())
})

test.each(["terminal", "plain", "json"])("a reader that goes away ends nothing: %s", async (mode) => {
  const child = start(`
    import { Cluster } from "muster-vms"
    import { showProgress } from "muster-vms/progress"
    import { simulate } from "muster-vms/simulator"
    const { provider, clock } = simulate({ speed: 100 })
    const cluster = new Cluster({ provider, instanceType: "s1.small" }, { clock, journal: false })
    showProgress(cluster, { mode: ${JSON.stringify(mode)}, stream: process.stdout, clock })
    process.stdin.once("data", async () => {
      await cluster.scale(5)
      await cluster.close()
      process.exit(9)
    })
  `)
  await child.says(mode === "json" ? '"v":1' : "opening")
  child.hangUp()
  child.type("go")
  expect(await child.ended).toEqual({ code: 9, signal: null })
})
