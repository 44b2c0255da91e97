/** Files and secrets on workers of this machine: what arrives, what late workers have, and where no value is. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { Cluster } from "muster-vms"
import { local } from "muster-vms/local"
import type { WorkerSpec } from "../../src/spec/types.js"
import { isLong } from "../support/long.js"

/** Unmistakable wherever it turns up. */
const PLANTED = "planted-7Qx9"

let root: string
let from: string
const clusters: Cluster[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-deliveries-"))
  chmodSync(root, 0o700)
  from = join(root, "project")
  mkdirSync(join(from, "deep er"), { recursive: true })
  writeFileSync(join(from, "job.sh"), "echo job\n", { mode: 0o755 })
  writeFileSync(join(from, 'deep er/it\'s\n"ü"'), "odd")
  writeFileSync(join(from, ".gitignore"), "*.log\n")
  writeFileSync(join(from, "x.log"), "stays here")
})
afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close().catch(() => {})
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

const provider = () => local({ root: join(root, "local") })
const journal = () => join(root, "journal")

function made(spec: WorkerSpec & { readonly name?: string }, options: { readonly journal?: false } = {}) {
  const cluster = new Cluster({ provider: provider(), ...spec }, { journal: journal(), ...options })
  clusters.push(cluster)
  const events: string[] = []
  cluster.on("*", (event) => events.push(inspect(event, { depth: 9 })))
  return { cluster, events }
}

/** What a script wrote, once it has written the last of it. */
async function logOf(cluster: Cluster, index = 0): Promise<string> {
  const name = cluster.workers[index]?.name ?? ""
  await expect.poll(() => cluster.worker(name).logs()).toContain("whole")
  return cluster.worker(name).logs()
}

/** Everything below the root that holds a text, and what this machine's processes were started with. */
function placesOf(text: string): readonly string[] {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  const commands = readdirSync("/proc").flatMap((pid) => {
    const path = `/proc/${pid}/cmdline`
    return /^\d+$/.test(pid) && existsSync(path) ? [path] : []
  })
  return [...paths, ...commands].filter((path) => {
    try {
      return readFileSync(path, "utf8").includes(text)
    } catch {
      return false
    }
  })
}

test("each worker has files and secrets before its setup; no value is anywhere else", async () => {
  vi.stubEnv("OWN_TOKEN", `${PLANTED}-a\n'two' "ü"`)
  const asked: string[] = []
  const { cluster, events } = made({
    files: [{ from }],
    secrets: {
      TOKEN: { fromEnvironment: "OWN_TOKEN" },
      PRINTED: { command: `printf '%s\\n' "${PLANTED.slice(0, 7)}"-b` },
      GIVEN: { value: `${PLANTED}-c` },
      EACH: ({ name }) => {
        asked.push(name)
        return `${PLANTED}-${name}`
      },
    },
    setup: "./job.sh >made",
    startup: 'cat made; ls -A; printf %s "$TOKEN$GIVEN$EACH" | cksum; echo "$PRINTED"; echo whole; sleep 600',
  })
  const plan = await cluster.plan(2)
  expect(String(plan)).toMatch(/files: .*project: 3 files, \d+ bytes; for 2 workers \d+ bytes to send/)
  expect(String(plan)).toContain("secrets: EACH, GIVEN, PRINTED, TOKEN; their values")
  await cluster.scale(2)
  expect(await logOf(cluster)).toMatch(
    /^job\n\.gitignore\n\.muster-sent\ndeep er\njob\.sh\nmade\n\d+ \d+\nplanted-b\nwhole\n$/,
  )
  await logOf(cluster, 1)
  const results = await cluster.exec(`printf %s "$TOKEN|$GIVEN|$EACH"; stat -c %a "$MUSTER_SECRETS" . >&2`)
  for (const { worker, stdout, stderr } of results) {
    expect(stdout).toBe(`${PLANTED}-a\n'two' "ü"|${PLANTED}-c|${PLANTED}-${worker}`)
    expect(stderr).toBe("600\n700\n")
  }
  expect(asked.sort()).toEqual(cluster.workers.map(({ name }) => name).sort())
  const own = cluster.workers.map(({ name }) => join(root, "local/instances", name ?? "", "guest/sent/secrets"))
  expect([...placesOf(PLANTED)].sort()).toEqual(own.sort())
  expect(events.join("\n")).not.toContain(PLANTED)
  expect(inspect([cluster, plan, cluster.explain(), String(cluster.explain())], { depth: 20 })).not.toContain(PLANTED)
  const receipt = await cluster.close()
  expect(inspect(receipt, { depth: 9 })).not.toContain(PLANTED)
  expect(placesOf(PLANTED)).toEqual([])
  // With the last of the cluster goes what was kept of it.
  expect(readdirSync(journal()).filter((name) => name.includes(".files"))).toEqual([])
})

describe.runIf(isLong)("in the longer suites", () => {
  test("a late worker has what the first had, and a note names what has changed here since", async () => {
    const { cluster, events } = made({ name: "late", files: from, startup: "cat job.sh; echo whole; sleep 600" })
    await cluster.scale(1)
    expect(await logOf(cluster)).toBe("echo job\nwhole\n")
    await cluster.detach()
    writeFileSync(join(from, "job.sh"), "echo other\n")
    writeFileSync(join(from, "new"), "")
    const again = await Cluster.attach("late", { provider: provider() }, { journal: journal() })
    clusters.push(again)
    const notes: string[] = []
    again.on("note", ({ message }) => notes.push(message))
    await again.scale(2)
    for (const index of [0, 1]) expect(await logOf(again, index)).toBe("echo job\nwhole\n")
    const digests = (await again.exec("cat ../guest/sent/files")).map(({ stdout }) => stdout)
    expect(new Set(digests).size).toBe(1)
    expect(notes.join("\n")).toContain("files have changed since the first worker was given them: job.sh, new;")
    expect(events.join("\n")).not.toContain("problem")
  })

  test("without a journal a late worker whose files have changed fails, and its error names them", async () => {
    const { cluster } = made({ files: from, startup: "echo whole; sleep 600" }, { journal: false })
    await cluster.scale(1)
    await logOf(cluster)
    writeFileSync(join(from, "job.sh"), "echo other\n")
    const problem = new Promise<string>((resolve) => void cluster.on("problem", ({ message }) => resolve(message)))
    void cluster.scale(2).catch(() => {})
    expect(await problem).toMatch(/bringing files and secrets to .*job\.sh changed meanwhile; nothing was put in place/)
  })

  test("who attaches without the values launches nothing, and is told which", async () => {
    vi.stubEnv("OWN_TOKEN", PLANTED)
    const secrets = { GIVEN: { value: PLANTED }, EACH: () => PLANTED, TOKEN: { fromEnvironment: "OWN_TOKEN" } }
    const { cluster } = made({ name: "kept", secrets, startup: "echo whole; sleep 600" })
    await cluster.scale(1)
    await logOf(cluster)
    await cluster.detach()
    vi.stubEnv("OWN_TOKEN", undefined)
    const again = await Cluster.attach("kept", { provider: provider() }, { journal: journal() })
    clusters.push(again)
    const error = await again.scale(2).catch((thrown: unknown) => thrown)
    for (const name of ["GIVEN", "EACH", "TOKEN"]) expect(String(error)).toContain(`cluster.secrets.${name}`)
    expect(again.workers).toHaveLength(1)
    // Given again, there are more.
    vi.stubEnv("OWN_TOKEN", PLANTED)
    await again.detach()
    const spec = { provider: provider(), secrets, startup: "echo whole; sleep 600" }
    const third = await Cluster.attach("kept", spec, { journal: journal() })
    clusters.push(third)
    await third.scale(2)
    await logOf(third, 1)
  })

  test("a function that throws fails its worker with its words", async () => {
    let tries = 0
    const { cluster } = made({
      secrets: {
        EACH: () => {
          tries += 1
          throw new Error("the vault is sealed")
        },
      },
      startup: "echo never",
      whenDone: { failure: "end" },
    })
    const finished = new Promise<string>((resolve) => void cluster.on("finished", (event) => resolve(inspect(event))))
    await cluster.scale(1).catch(() => {})
    const words = await finished
    expect(words).toMatch(/step: 'secrets',\n\s+exitCode: 74/)
    expect(words).toContain("secret EACH: its function failed for")
    expect(words).toContain("the vault is sealed")
    expect(tries).toBe(3)
  })

  test("what a script that fails has printed of its values stands in no event, error or file of ours", async () => {
    vi.stubEnv("OWN_TOKEN", `${PLANTED}-a\nsecond-7Qx9-line`)
    const { cluster, events } = made({
      secrets: {
        TOKEN: { fromEnvironment: "OWN_TOKEN" },
        PRINTED: { command: `printf '%s' "${PLANTED.slice(0, 7)}"-7Qx9-b` },
        EACH: ({ name }) => `${PLANTED}-${name}`,
      },
      environment: { MODE: `${PLANTED}-mode` },
      startup: 'echo "$TOKEN, $PRINTED, $EACH, $MODE"; echo the end; exit 3',
      whenDone: "end",
    })
    const failed = await cluster.scale(1).then(
      () => undefined,
      (error: unknown) => error,
    )
    await expect.poll(() => events.join("\n")).toContain("the end")
    const said = inspect([failed, cluster.explain(), String(cluster.explain())], { depth: 20 }) + events.join("\n")
    expect(said.replaceAll(`${PLANTED}-mode`, "")).not.toMatch(/planted-7Qx9|second-7Qx9/)
    expect(said).toContain("***")
    await cluster.close()
    expect(placesOf("the end").length).toBeGreaterThan(0)
    expect([...placesOf(PLANTED), ...placesOf("second-7Qx9")]).toEqual([])
  })

  test("a command that fails launches nothing", async () => {
    const { cluster } = made({ secrets: { A: { command: `echo ${PLANTED}; echo no such ${PLANTED} >&2; exit 4` } } })
    const error = await cluster.scale(1, { timeout: "3s" }).catch((thrown: unknown) => String(thrown))
    expect(error).toContain("secret A: its command ended with exit code 4: no such …")
    expect(error).not.toContain(PLANTED)
    expect(cluster.workers).toEqual([])
  })

  test("detach waits until those that are there have all", async () => {
    let give: (value: string) => void = () => {}
    const value = new Promise<string>((resolve) => {
      give = resolve
    })
    const { cluster } = made({ name: "waits", secrets: { A: () => value }, startup: "echo whole; sleep 600" })
    await cluster.scale(1)
    const late = await cluster.detach({ timeout: "1s" }).catch((error: unknown) => String(error))
    expect(late).toMatch(/after 1 s these did not have their files and secrets yet: default-/)
    give(PLANTED)
    const again = await Cluster.attach(
      "waits",
      { provider: provider(), secrets: { A: () => value } },
      { journal: journal() },
    )
    clusters.push(again)
  })

  test("who takes over without the values leaves workers that wait to somebody who has them", async () => {
    const secrets = { A: () => new Promise<string>(() => {}) }
    const { cluster } = made({ name: "left", secrets, startup: 'echo "$A whole"; sleep 600' })
    await cluster.scale(1)
    await cluster.detach({ timeout: "1s" }).catch(() => {})
    const takeOver = { takeOver: true, provider: provider() }
    const without = await Cluster.attach("left", takeOver, { journal: journal() })
    clusters.push(without)
    const problem = await new Promise<string>(
      (resolve) => void without.on("problem", ({ message }) => resolve(message)),
    )
    expect(problem).toContain("cluster.secrets.A was given by the program that made the cluster")
    await without.detach()
    const spec = { ...takeOver, secrets: { A: { value: "late" } }, startup: 'echo "$A whole"; sleep 600' }
    const having = await Cluster.attach("left", spec, { journal: journal() })
    clusters.push(having)
    expect(await logOf(having)).toBe("late whole\n")
  })

  test("a directory that is not there, and one that says who may log in", async () => {
    const missing = made({ files: join(root, "none") }).cluster
    await expect(missing.scale(1)).rejects.toThrow(/cannot be read.*none/)
    mkdirSync(join(from, ".ssh"))
    writeFileSync(join(from, ".ssh/authorized_keys"), "")
    await expect(made({ files: from }).cluster.scale(1)).rejects.toThrow(
      /a directory \.ssh, which would say who may log in/,
    )
  })
})
