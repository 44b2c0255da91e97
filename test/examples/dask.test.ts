/** The Dask demo, made small, and the client that its page shows, with a real Dask. */
import { readFileSync } from "node:fs"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import { dask } from "../../src/engines/dask/index.js"
import { hasDask, PYTHON, WITHOUT } from "../engines/dask/boots.js"
import { isLong, LONG } from "../support/long.js"
import { type Home, makeHome, PATIENCE_MS, start, untilNobodyIsLeft } from "./support.js"

let home: Home
beforeEach(() => {
  home = makeHome()
})
afterEach(() => home.remove())

const title = `a Dask cluster${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`

describe.skipIf(!hasDask || !isLong)(title, { timeout: 2 * PATIENCE_MS }, () => {
  test("goes from 0 to 4, to 1 in the middle of its work, to 0, with the right answer and a picture", async () => {
    const args = ["--workers", "4", "--parts", "60"]
    const { code, stdout, stderr } = await start(home, "dask/index.js", args).ending
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^0 to 4: all are members after /m)
    expect(stdout).toMatch(/^4 to 1 in the middle of the work: /m)
    expect(stdout).toMatch(/^primes below 4000000: 283146 /m)
    expect(stdout).toMatch(/^dashboard was at http:\/\/127\.0\.0\.1:\d+\/status$/m)
    expect(stdout).toMatch(/^receipt of demo-dask: 5 workers, .*, nothing left$/m)
    const [, path = ""] = /^picture: (\S+)$/m.exec(stdout) ?? []
    expect(readFileSync(path, "utf8")).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
    await untilNobodyIsLeft(home)
    expect(home.files()).toEqual([path])
  })

  test("is used by the three lines of Python that its page shows", async () => {
    const page = readFileSync(new URL("../../docs/dask.md", import.meta.url), "utf8")
    const [, program = ""] = /```python\n([\s\S]*?)```/.exec(page) ?? []
    expect(program.trim().split("\n")).toHaveLength(3)
    const engine = dask({ nthreads: 1, memoryLimit: false, nanny: false, client: PYTHON })
    const cluster = new Cluster({ provider: local({ root: `${home.path}/local` }), engine }, { journal: false })
    const written: string[] = []
    try {
      await cluster.scale(2)
      const client = await cluster.client()
      await client.run([PYTHON, "-c", program], { onOutput: (_, text) => written.push(text) })
    } finally {
      await cluster.close()
    }
    expect(written.join("")).toContain("4950\n")
  })
})
