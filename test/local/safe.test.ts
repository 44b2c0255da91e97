/** What another user owns, or may write, is refused on every path: nothing of it is read, run or signalled. */
import { execFileSync } from "node:child_process"
import { chmod, chown, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { RejectedError } from "../../src/errors.js"
import type { Instance } from "../../src/provider.js"
import { calls, cleanUp, freshPlace, ownerOf, type Place, secondsFromNow } from "./support.js"

afterEach(cleanUp)

const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
const BAIT = "default-abc123"

/** What others could put into a root: an instance whose supervisor is a program of theirs, and a process to be signalled. */
async function plant(place: Place, pid: number): Promise<{ readonly proof: string; readonly bait: Instance }> {
  const proof = `${place.root}.proof`
  const tags = {
    "muster-cluster": "bait",
    "muster-uid": "0123456789abcdef",
    "muster-owner": "default",
    "muster-group": "default",
    "muster-generation": "1",
    "muster-launch": "0".repeat(32),
    "muster-deadline": secondsFromNow(-100),
  }
  const record = {
    ...{
      name: BAIT,
      nonce: "0".repeat(32),
      zone: "local-a",
      instanceType: "local",
      address: "127.1.1.1",
      port: 20_000,
    },
    ...{
      launchedAt: 1,
      deadline: secondsFromNow(-100),
      cluster: "default+bait",
      claims: { address: "a", slot: "s" },
      tags,
    },
  }
  const here = place.path("instances", BAIT)
  await mkdir(join(here, "work"), { recursive: true })
  for (const folder of ["spent", "making", "trash"]) {
    await mkdir(place.path("clusters", "default+bait", folder), { recursive: true })
  }
  await writeFile(place.path("version"), "1\n")
  await writeFile(join(here, "instance.json"), `${JSON.stringify(record)}\n`)
  await writeFile(join(here, "supervise.sh"), `#!/bin/sh\nid > ${proof}\n`)
  const stat = await readFile(`/proc/${pid}/stat`, "latin1")
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim()
  const identity = `${pid} ${stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[19]}@${boot}`
  // Either leads to a signal: to its supervisor, or to the group that a reaper would end.
  for (const file of ["supervisor", "group"]) await writeFile(join(here, file), `${identity}\n`)
  await writeFile(join(here, "watchdog"), "1 2@x\n")
  const bait: Instance = {
    id: BAIT,
    provider: "local",
    name: BAIT,
    state: "running",
    region: "local",
    zone: "local-a",
    instanceType: "local",
    market: "on-demand",
    launchedAt: 1,
    tags,
  }
  return { proof, bait }
}

/** Every way in which a root is used. */
function pathsOf({ provider }: Place, bait: Instance): readonly (readonly [string, () => Promise<unknown>])[] {
  return [
    ["list", () => provider.list({}, calls)],
    ["list by id", () => provider.list({ ids: [BAIT] }, calls)],
    ["leftovers", async () => provider.leftovers?.({}, calls)],
    [
      "terminate",
      async () => {
        const { failures } = await provider.terminate([bait], calls)
        throw new RejectedError(failures[0]?.message ?? "it was taken")
      },
    ],
    ["renew", async () => provider.renew?.([bait], 4_102_444_800, calls)],
    ["recall", async () => provider.recall?.(bait, calls)],
    ["consoleLog", async () => provider.consoleLog?.(bait, calls)],
    ["claim", async () => provider.claim?.(ownerOf({ cluster: "bait", generation: 2 }), calls)],
    ["Cluster.list", () => Cluster.list({ provider })],
    ["Cluster.sweep", () => Cluster.sweep({ provider })],
    ["Cluster.sweep by name", () => Cluster.sweep({ provider, name: "bait" })],
    ["attach and close", async () => (await Cluster.attach("bait", { provider }, { journal: false })).close()],
  ]
}

type Harm = readonly [string, (place: Place) => Promise<void>, boolean]
const HARM: readonly Harm[] = [
  ["a root that others may write", (place) => chmod(place.root, 0o777), true],
  ["a root that its group may write", (place) => chmod(place.root, 0o770), true],
  ["instances that others may write", (place) => chmod(place.path("instances"), 0o777), true],
  ["an instance that others may write", (place) => chmod(place.path("instances", BAIT), 0o707), false],
  [
    "a link in an instance's place",
    async (place) => {
      await rename(place.path("instances", BAIT), place.path("elsewhere"))
      await symlink(place.path("elsewhere"), place.path("instances", BAIT))
    },
    false,
  ],
]
const HARM_BY_ROOT: readonly Harm[] = [
  ["somebody else's root", (place) => chown(place.root, NOBODY, NOBODY), true],
  ["somebody else's instance", (place) => chown(place.path("instances", BAIT), NOBODY, NOBODY), false],
]

describe.runIf(process.platform === "linux").each([...HARM, ...(isRoot ? HARM_BY_ROOT : [])])(
  "%s",
  (_what, harm, isWhole) => {
    test("is refused on every path, and nothing that was put there is run or signalled", async () => {
      const place = await freshPlace()
      const victim = execFileSync("sh", ["-c", "sleep 60 >/dev/null 2>&1 </dev/null & echo $!"], { encoding: "utf8" })
      const { proof, bait } = await plant(place, Number(victim))
      await harm(place)
      const outcomes = new Map<string, string>()
      for (const [path, use] of pathsOf(place, bait)) {
        outcomes.set(path, await use().then(() => "used", String))
      }
      const said = /using \S+: (others can write to it \(owner \d+, mode \d+\); chown it|it is a link)/
      for (const [path, outcome] of outcomes) {
        // A claim of a name touches no instance.
        if (path !== "claim" || isWhole) expect([path, outcome]).toEqual([path, expect.stringMatching(said)])
      }
      expect(existsSync(proof)).toBe(false)
      // One that was ended, and that nobody has buried yet, is a zombie.
      expect(await readFile(`/proc/${Number(victim)}/stat`, "latin1")).toMatch(/\) S /)
      process.kill(Number(victim), "SIGKILL")
      await rm(place.path("instances", BAIT), { recursive: true, force: true })
    })
  },
)

test("a claim that is none is named, and nothing is taken for granted of it", async () => {
  const place = await freshPlace()
  await place.provider.claim?.(ownerOf(), calls)
  const path = place.path("clusters", "default+render", "claim-1")
  for (const text of ["null", "not json", "{}"]) {
    await writeFile(path, text)
    await expect(place.provider.claim?.(ownerOf({ generation: 2 }), calls)).rejects.toThrow(`reading ${path}`)
  }
})
