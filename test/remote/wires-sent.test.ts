/** Files and secrets over ssh, on the wires of the clouds: the guest waits for them, and a real sshd takes them in. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { ClusterFields } from "../../src/spec/types.js"
import { type PlaceName, placeOf } from "../guest/world/clouds.js"
import { isLong, LONG } from "../support/long.js"
import { noMachines, sshMachines } from "./support/machines.js"

const CLOUDS = ["aws", "gcp", "azure"] as const satisfies readonly PlaceName[]

/** Unmistakable wherever it turns up. */
const PLANTED = "planted-7Qx9"

const missing = isLong ? await noMachines() : LONG

let folder = ""
let from = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-sent-"))
  chmodSync(folder, 0o755)
  from = join(folder, "project")
  mkdirSync(join(from, "deep er"), { recursive: true })
  writeFileSync(join(from, "job.sh"), 'echo "job $TOKEN" | cksum\n', { mode: 0o755 })
  writeFileSync(join(from, "deep er/it's\nü"), "odd")
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

async function scene(name: PlaceName, fields: Partial<ClusterFields>) {
  const place = await placeOf(name, sshMachines())
  onTestFinished(() => place.close())
  const { provider, clock, instanceType } = place
  const spec = { name: "render", provider, instanceType, access: { from: "127.0.0.1/32" }, ...fields }
  const options = { clock, journal: join(folder, "journal") }
  const cluster = new Cluster(spec as ConstructorParameters<typeof Cluster>[0], options)
  onTestFinished(async () => void (await cluster.close().catch(() => {})))
  const events: string[] = []
  cluster.on("*", (event) => events.push(inspect(event, { depth: 9 })))
  return { place, cluster, events }
}

async function logOf(cluster: Cluster, index = 0): Promise<string> {
  const worker = cluster.worker(cluster.workers[index]?.name ?? "")
  await expect.poll(() => worker.logs().catch(() => ""), { timeout: 60_000, interval: 200 }).toContain("whole")
  return worker.logs()
}

/** Every argument list and every file of ours in which a text is. */
function placesOf(text: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const commands = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid))
  const paths = [
    ...files.map((entry) => join(entry.parentPath, entry.name)),
    ...commands.map((pid) => `/proc/${pid}/cmdline`),
  ]
  return paths.filter((path) => {
    try {
      return readFileSync(path, "utf8").includes(text)
    } catch {
      return false
    }
  })
}

describe.skipIf(missing !== undefined)(`over ssh${missing === undefined ? "" : ` (${missing})`}`, () => {
  test.each(CLOUDS)("%s: workers have files and secrets before their work, and late ones the same", async (name) => {
    vi.stubEnv("OWN_TOKEN", `${PLANTED}-a\n'b' "ü"`)
    const { cluster, events, place } = await scene(name, {
      files: from,
      secrets: { TOKEN: { fromEnvironment: "OWN_TOKEN" }, EACH: (worker) => `${PLANTED}-${worker.name}` },
      startup: 'pwd; ls; ./job.sh; printf %s "$EACH" | cksum; echo whole; sleep 100000',
    })
    await cluster.scale(2)
    const [first = ""] = [await logOf(cluster), await logOf(cluster, 1)]
    expect(first).toMatch(/\/home\/muster\ndeep er\njob\.sh\n\d+ \d+\n\d+ \d+\nwhole\n$/)
    const [, , , sum] = first.split("\n")
    const results = await cluster.exec('pwd; printf %s "$TOKEN|$EACH" | tr "\\n" "~"; cat "deep er"/*; stat -c " %a" .')
    for (const { worker, stdout } of results)
      expect(stdout).toMatch(new RegExp(`^/home/muster\\n${PLANTED}-a~'b' "ü"\\|${PLANTED}-${worker}odd 7[05][05]\\n$`))
    const modes = await cluster.exec("stat -c '%a %U' /run/muster /run/muster/secrets")
    for (const { stdout } of modes) expect(stdout).toBe("700 muster\n600 muster\n")
    // A late worker, once the directory is another one here.
    writeFileSync(join(from, "job.sh"), "echo other\n")
    await cluster.scale(3)
    for (const index of [1, 2]) expect((await logOf(cluster, index)).split("\n")[3]).toBe(sum)
    const digests = (await cluster.exec("cat /run/muster/files")).map(({ stdout }) => stdout)
    expect([digests.length, new Set(digests).size]).toEqual([3, 1])
    // Of this machine's files and processes none holds a value; those of the guests are elsewhere.
    expect(placesOf(PLANTED)).toEqual([])
    expect(events.join("\n")).not.toContain(PLANTED)
    expect(events.join("\n")).not.toContain("type: 'problem'")
    const told = cluster.workers.map(({ id }) => place.world?.consoleText(id))
    expect(inspect([cluster, cluster.explain(), told], { depth: 20 })).not.toContain(PLANTED)
    await cluster.close()
  })
})
