/** A cluster that was made without access is opened later over each cloud's wire: then commands and shells reach it, from here alone. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { run } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import { type PlaceName, placeOf } from "../guest/world/clouds.js"
import { isLong } from "../support/long.js"
import { noMachines, sshMachines } from "./support/machines.js"

const missing = isLong ? await noMachines() : "in npm run test:all"

test.skipIf(missing !== undefined).each(["aws", "gcp", "azure"] as const satisfies readonly PlaceName[])(
  "%s: access opened, exec and ssh, access closed, and nothing left",
  async (name) => {
    const folder = mkdtempSync(join(tmpdir(), "muster later-"))
    chmodSync(folder, 0o755)
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const place = await placeOf(name, sshMachines())
    onTestFinished(() => place.close())
    const { provider, clock, instanceType } = place
    const journal = join(folder, "journal")
    const at = ["--region", provider.region]
    const muster = async (...words: readonly string[]) => {
      let shown = ""
      const take = (text: string) => {
        shown += text
      }
      const terminal = ([program = "", ...args]: readonly string[]) => {
        const { status, stdout, stderr } = spawnSync(program, args, { input: "id -un; exit 3", encoding: "utf8" })
        take(stdout + stderr)
        return Promise.resolve(status ?? -1)
      }
      const env = {
        XDG_STATE_HOME: folder,
        MUSTER_PROVIDER: provider.name,
        MUSTER_JOURNAL: journal,
        MUSTER_ADDRESS: "192.0.2.7",
      }
      const surroundings = {
        version: "1",
        clock,
        out: take,
        say: take,
        ask: undefined,
        directory: folder,
        env,
        terminal,
      }
      const code = await run(words, { ...surroundings, load: () => Promise.resolve(provider) })
      return { code, shown }
    }
    process.env.MUSTER_ADDRESS = "192.0.2.7"
    onTestFinished(() => void delete process.env.MUSTER_ADDRESS)
    const made = new Cluster(
      { name: "render", provider, instanceType, startup: "exec sleep 100000" } as ConstructorParameters<
        typeof Cluster
      >[0],
      { clock, journal },
    )
    await made.scale(2)
    const [{ name: worker = "" } = {}] = made.workers
    await made.detach()
    const before = await muster("access", "render", ...at, "-o", "json")
    expect(await muster("exec", "render", ...at, "true")).toMatchObject(
      name === "gcp" ? {} : { code: 2, shown: expect.stringContaining("muster access render --from here") as string },
    )
    const opened = await muster("access", "render", ...at, "--from", "here")
    expect([opened.code, opened.shown]).toEqual([0, expect.stringContaining("192.0.2.7/32")])
    expect(await muster("exec", "render", ...at, "-w", worker, "--", "id", "-un")).toEqual({
      code: 0,
      shown: "muster\n",
    })
    expect(await muster("ssh", "render", worker, ...at)).toEqual({ code: 3, shown: "muster\n" })
    expect(await muster("ssh", "render", worker, ...at, "--", "echo here; exit 4")).toEqual({
      code: 4,
      shown: "here\n",
    })
    expect((await muster("access", "render", ...at, "--close")).code).toBe(0)
    expect(await muster("access", "render", ...at, "-o", "json")).toEqual(before)
    const owner = await Cluster.attach("render", { provider } as Parameters<typeof Cluster.attach>[1], {
      clock,
      journal,
    })
    await owner.close()
    const left = await muster("audit", "render", ...at, "-o", "json")
    expect(JSON.parse(left.shown)).toEqual([])
    expect(readdirSync(journal).filter((file) => file.startsWith("render."))).toEqual([])
  },
)
