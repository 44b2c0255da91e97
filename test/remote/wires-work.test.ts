/** Jobs on the wires of the clouds, over a real sshd: tasks have files and secrets, leave outputs, and outlive a worker that is taken away. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { run } from "../../src/cli/run.js"
import { runJob } from "../../src/run-job.js"
import type { ClusterSpec } from "../../src/spec.js"
import { remote } from "../../src/work/remote-module.js"
import { type Place, type PlaceName, placeOf } from "../guest/world/clouds.js"
import { isLong, LONG } from "../support/long.js"
import { noMachines, sshMachines } from "./support/machines.js"

const CLOUDS = ["aws", "gcp", "azure"] as const satisfies readonly PlaceName[]
const missing = isLong ? await noMachines() : LONG
const { double } = remote<typeof import("../work/support/tasks.js")>(
  new URL("../work/support/tasks.ts", import.meta.url),
)

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-wires-work-"))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, "project"))
  writeFileSync(join(folder, "project", "word"), "hello")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function placeFor(name: PlaceName): Promise<Place> {
  const place = await placeOf(name, sshMachines())
  onTestFinished(() => place.close())
  return place
}

const living = ({ world }: Place) => world?.truth({ states: ["pending", "running", "stopped"] })

describe.skipIf(missing !== undefined)(`jobs over ssh${missing === undefined ? "" : ` (${missing})`}`, () => {
  test.each(CLOUDS)("%s: commands with files, secrets and outputs, and a worker that is taken away", async (name) => {
    const place = await placeFor(name)
    const { provider, clock, instanceType, market } = place
    const spec = {
      ...{ provider, instanceType, market, access: { from: "127.0.0.1/32" }, closeOnExit: false },
      ...{ files: [{ from: join(folder, "project") }], secrets: { TOKEN: { value: "token-7" } } },
    }
    const command = (n: number) => `printf '%s %s' "$(cat word)" "$TOKEN" >"$MUSTER_OUTPUT/${n}.txt"; sleep 0.2; id -un`
    const inputs = Array.from({ length: 30 }, (_, at) => at)
    const outputs = join(folder, "out")
    const options = { clock, journal: join(folder, "journal") }
    const resume = join(folder, "done.jsonl")
    const job = { workers: 2, inputs, work: { command }, outputs, resume } as const
    const going = runJob(spec as ClusterSpec, job, options)
    const found: number[] = []
    for await (const { index, value } of going) {
      expect(value.stdout).toBe("muster\n")
      found.push(index)
      const [first] = going.cluster.workers
      if (found.length === 5 && first !== undefined) await place.interrupt(first.id)
    }
    expect([...found].sort((a, b) => a - b)).toEqual(inputs)
    expect(readdirSync(outputs)).toHaveLength(30)
    expect(readFileSync(join(outputs, "29.txt"), "utf8")).toBe("hello token-7")
    expect(living(place)).toEqual([])
    expect(readdirSync(folder, { recursive: true }).filter((file) => String(file).includes(".muster-part-"))).toEqual(
      [],
    )
    // Nothing is left to do: the same again is read from the file.
    const again = await runJob(spec as ClusterSpec, job, options)
    expect(again).toHaveLength(30)
    expect(living(place)).toEqual([])
  })

  test.each(CLOUDS)("%s: functions of a module, and `muster run`", async (name) => {
    const place = await placeFor(name)
    const { provider, clock, instanceType } = place
    const spec = { provider, instanceType, access: { from: "127.0.0.1/32" }, closeOnExit: false }
    const journal = join(folder, "journal")
    const doubled = await runJob(
      spec as ClusterSpec,
      { workers: 2, inputs: [1, 2, 3], work: double, slots: 1 },
      { clock, journal },
    )
    expect(doubled).toEqual([2, 4, 6])
    let out = ""
    const words = ["--region", provider.region, "--access", "127.0.0.1/32", "--instance-type", instanceType]
    const code = await run(
      ["run", ...words, "-n", "2", "--tasks", "4", "-k", "--", "echo {#} of {##}; [ {#} != 3 ] || exit 7"],
      {
        ...{ version: "1.2.3", clock, load: () => Promise.resolve(provider), ask: undefined, directory: folder },
        out: (text) => {
          out += text
        },
        say: () => {},
        env: { XDG_STATE_HOME: join(folder, "state"), MUSTER_PROVIDER: provider.name, MUSTER_JOURNAL: journal },
      },
    )
    expect([code, out]).toEqual([7, "1 of 4\n2 of 4\n3 of 4\n4 of 4\n"])
    expect(living(place)).toEqual([])
  })
})
