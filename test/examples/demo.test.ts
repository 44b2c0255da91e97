/** The demo, made small: what it shows, and that it leaves nothing, however it ends. */
import { existsSync, readFileSync } from "node:fs"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { isLong } from "../support/long.js"
import { type Home, makeHome, PATIENCE_MS, start, untilNobodyIsLeft } from "./support.js"

const SMALL = ["--workers", "3", "--burst", "5", "--width", "256"]
/** So big that it is surely not done when it is interrupted. */
const ENDLESS = ["--workers", "3", "--burst", "5", "--width", "8192"]

describe("the demo", { timeout: 2 * PATIENCE_MS }, () => {
  let home: Home
  beforeEach(() => {
    home = makeHome()
  })
  afterEach(() => home.remove())

  test("renders a picture, goes from 0 to 5 to 0, and leaves the picture only", async () => {
    const { code, stdout, stderr } = await start(home, "demo/index.js", SMALL).ending
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const [, path = ""] = /^picture: (\S+) \(256 x 171\)$/m.exec(stdout) ?? []
    expect(readFileSync(path).subarray(1, 4).toString()).toBe("PNG")
    expect(stdout).toMatch(/^receipt of demo-picture: 3 workers, .*, nothing left$/m)
    const tiles = [...stdout.matchAll(/render-\w+ +(\d+) tiles, terminated/g)].map(([, count]) => Number(count))
    expect(tiles.reduce((sum, count) => sum + count, 0)).toBe(4)
    expect(stdout).toMatch(/^0 to 5: first worker after .*, all after .*, on 5 addresses$/m)
    expect(stdout).toMatch(/^5 to 0: 5 confirmed gone after /m)
    expect(stdout).toMatch(/^receipt of demo-hundred: 5 workers, .*, nothing left$/m)
    expect(stdout).toMatch(/^receipt of demo-ec2: 5 workers, .*, nothing left$/m)
    expect(stderr).toMatch(/^plan: 3 x local-1 for "render" in 1 launch call, \$0\.12\/h$/m)
    for (const phase of ["opening", "closed", "tasks 4/4 done"]) expect(stderr).toContain(phase)
    expect(stdout + stderr).not.toContain("\u001b")
    await untilNobodyIsLeft(home)
    expect(home.files()).toEqual([path])
  })

  test.each([["SIGINT", 130], ...(isLong ? [["SIGTERM", 143] as const] : [])] as const)(
    "%s once: closes in order, ends with %d, leaves nothing",
    async (signal, wanted) => {
      const demo = start(home, "demo/index.js", ENDLESS)
      await demo.said("3 of 3 running")
      demo.child.kill(signal)
      const { code, stdout, stderr } = await demo.ending
      expect({ code, stdout }, stderr).toEqual({ code: wanted, stdout: "" })
      expect(stderr).toContain("interrupted: terminating 3 workers (and those still being launched)")
      expect(stderr).toContain("ended in order: every worker is confirmed gone")
      await untilNobodyIsLeft(home)
      expect(home.files()).toEqual([])
    },
  )

  test.each(isLong ? ["3 of 3 running", "plan: "] : ["3 of 3 running"])(
    "Ctrl-C twice after it said %j: 130 at once, and workers end all the same",
    async (moment) => {
      const demo = start(home, "demo/index.js", ENDLESS)
      await demo.said(moment)
      demo.child.kill("SIGINT")
      await demo.said("once more: end at once")
      demo.child.kill("SIGINT")
      const { code, stderr } = await demo.ending
      expect(code, stderr).toBe(130)
      expect(stderr).toMatch(/ended at once: every worker is told to end|ended in order/)
      await untilNobodyIsLeft(home)
    },
  )

  test("Ctrl-C while workers are being launched leaves nothing either", async () => {
    const demo = start(home, "demo/index.js", ENDLESS)
    await demo.said("plan: ")
    demo.child.kill("SIGINT")
    const { code, stderr } = await demo.ending
    expect(code, stderr).toBe(130)
    await untilNobodyIsLeft(home)
    expect(home.files()).toEqual([])
  })

  test("says what is wrong with an argument, and starts nothing", async () => {
    const { code, stderr } = await start(home, "demo/index.js", ["--workers", "many"]).ending
    expect({ code, stderr }).toEqual({ code: 1, stderr: "--workers is many; use a whole number from 1 to 256\n" })
    expect(existsSync(`${home.path}/muster`)).toBe(false)
  })
})
