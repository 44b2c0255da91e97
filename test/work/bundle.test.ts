import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, describe, expect, test } from "vitest"
import type { MusterError } from "../../src/errors.js"
import { moduleBundle, runnerBundle } from "../../src/work/bundle/bundle.js"

const BUNDLE = new URL("../../.cache/js/src/work/bundle/bundle.js", import.meta.url).href
const OPTIONS = { hasSetup: false }

describe("a module is bundled", () => {
  const root = mkdtempSync(join(tmpdir(), "muster-bundle-"))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const write = (name: string, text: string): string => {
    writeFileSync(join(root, name), text)
    return pathToFileURL(join(root, name)).href
  }
  const failureOf = (work: Promise<unknown>): Promise<MusterError> =>
    work.then(
      () => expect.unreachable("it was bundled"),
      (error: unknown) => error as MusterError,
    )

  test("by a process of its own, one for all that is asked for; its errors are the bundler's", async () => {
    const fine = write("fine.ts", 'import { two } from "./two.js"\nexport const four = (): number => two() * 2\n')
    write("two.ts", "export const two = (): number => 2\n")
    const wrong = write("wrong.ts", "export const a = ;\n")
    const [runner, bundle, error] = await Promise.all([
      runnerBundle(),
      moduleBundle(fine, OPTIONS),
      failureOf(moduleBundle(wrong, OPTIONS)),
      new Promise((resolve) => setImmediate(resolve)).then(() => expect(bundlers()).toHaveLength(1)),
    ])
    expect(runner.code).toContain("muster-frames")
    const [, sources = ""] = /sourceMappingURL=data:[^,]*,(\S+)/.exec(bundle.code) ?? []
    expect(JSON.parse(Buffer.from(sources, "base64").toString())).toMatchObject({
      sources: [new URL("two.ts", fine).href, fine],
    })
    expect(error.code).toBe("BundleFailed")
    expect(error.message).toMatch(/^bundling \/.*wrong\.ts: .*Unexpected token/s)
    expect((error.cause as Error).stack).toContain("rolldown")
    expect(await moduleBundle(fine, OPTIONS)).toBe(bundle)
    write("two.ts", "export const two = (): number => 20\n")
    expect((await moduleBundle(fine, OPTIONS)).digest).not.toBe(bundle.digest)
  })

  test("by another process where the one before was killed", async () => {
    const module = write("one.ts", "export const one = (): number => 1\n")
    const failure = failureOf(moduleBundle(module, OPTIONS))
    await new Promise((resolve) => setImmediate(resolve))
    for (const pid of bundlers()) process.kill(pid, "SIGKILL")
    expect((await failure).message).toMatch(/^bundling \/.*one\.ts: its process ended with signal SIGKILL$/)
    expect((await moduleBundle(module, OPTIONS)).code).toContain("one")
  })

  test("and nothing of the bundler stays in the process that asks, which then ends by itself", () => {
    const module = write("last.ts", "export const last = (): number => 1\n")
    const program = `
      import { readFileSync } from "node:fs"
      import { moduleBundle } from ${JSON.stringify(BUNDLE)}
      const { code } = await moduleBundle(${JSON.stringify(module)}, { hasSetup: false })
      console.log(code.length > 0, /rolldown/.test(readFileSync("/proc/self/maps", "latin1")))`
    const args = ["--input-type=module", "--eval", program]
    expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("true false\n")
  })
})

/** The bundlers that this process has started, and which run. */
function bundlers(): readonly number[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const isOurs = readFileSync(`/proc/${pid}/status`, "utf8").includes(`\nPPid:\t${process.pid}\n`)
      return isOurs && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/bundle/program.js") ? [Number(pid)] : []
    } catch {
      // It is no process, or has ended.
      return []
    }
  })
}
