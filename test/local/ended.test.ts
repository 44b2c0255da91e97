/** How a guest's end counts: it stays, or ends its instance, whose directory says how until it is terminated. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { afterEach, describe, expect, test } from "vitest"
import { TAG } from "../../src/fleet/tags.js"
import { TAIL_LINES, verdictOn } from "../../src/guest/marks.js"
import type { GroupRequest, Instance } from "../../src/provider.js"
import {
  callFor,
  calls,
  cleanUp,
  freshPlace,
  kill,
  only,
  ownerOf,
  type Place,
  pidIn,
  remainsOf,
  secondsFromNow,
  until,
} from "./support.js"

afterEach(cleanUp)

const REPLACES = { success: "keep", failure: "replace" } as const
const ENDS = { success: "end", failure: "end" } as const
const KEEPS = { success: "keep", failure: "keep" } as const

async function launched(place: Place, group: Partial<GroupRequest>): Promise<string> {
  return only(await place.launch({ group })).id
}

async function ended(place: Place, instance: Instance): Promise<void> {
  await place.provider.terminate([instance], calls)
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
}

function statusOf(place: Place, id: string): string {
  const path = place.path("instances", id, "guest", "status")
  return existsSync(path) ? readFileSync(path, "utf8") : ""
}

const verdictOf = async (place: Place, instance: Instance) =>
  verdictOn((await place.provider.consoleLog?.(instance, calls)) ?? "", ownerOf().uid)

/** The process of its startup; 0 when there is none. */
function scriptOf(place: Place, id: string): number {
  const record = readFileSync(place.path("instances", id, "instance.json"), "utf8")
  const nonce = /"nonce":"([0-9a-f]{32})"/.exec(record)?.[1] ?? ""
  const isIts = (pid: string) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8")
      return environment.includes(`MUSTER_INSTANCE=${nonce}\0`) && environment.includes(`MUSTER_NAME=${id}\0`)
    } catch {
      return false
    }
  }
  return Number(readdirSync("/proc").find((entry) => /^\d+$/.test(entry) && isIts(entry)) ?? 0)
}

describe("an end that ends the instance", () => {
  test.each([
    ["a failure", REPLACES, "echo cannot find the licence; sleep 1000 & exit 3", 3, "cannot find the licence"],
    ["a success", ENDS, "echo all done; exit 0", 0, "all done"],
  ])(
    "is told after %s by tag and console, until it is terminated",
    async (_what, whenDone, startup, exitCode, tail) => {
      const place = await freshPlace()
      const id = await launched(place, { whenDone, startup })
      const one = await place.reach(id, "terminated")
      expect(one.tags[TAG.ended]).toBe(`startup-${exitCode}`)
      expect(one).not.toHaveProperty("failure")
      expect(one.endedAt).toBeGreaterThanOrEqual(one.launchedAt - 1000)
      expect(await verdictOf(place, one)).toEqual({ step: "startup", exitCode, tail })
      expect(existsSync(place.path("instances", id, "work"))).toBe(false)
      const leftovers = (await place.provider.leftovers?.({ uid: one.tags[TAG.uid] ?? "" }, calls)) ?? []
      expect(leftovers.map(({ kind, id: what }) => [kind, what])).toContainEqual(["ended instance", id])
      await ended(place, one)
    },
  )

  test("has the last lines of its output on the console, without what is not text", async () => {
    const place = await freshPlace()
    const noise = "i=0; while [ $i -lt 30 ]; do i=$((i + 1)); printf 'line %s\\tx\\033[2J\\r\\n\\n' $i; done"
    const id = await launched(place, { startup: `${noise}; head -c 1000 /dev/zero | tr '\\0' y; exit 3` })
    const { tail = "" } = (await verdictOf(place, await place.reach(id, "terminated"))) ?? {}
    expect(tail.split("\n")).toHaveLength(TAIL_LINES)
    expect(tail.split("\n").slice(-2)).toEqual(["line 30\tx[2J", "y".repeat(400)])
  })

  test("is what follows a failure where nothing else is asked", async () => {
    const place = await freshPlace()
    const id = await launched(place, { startup: "exit 1" })
    expect((await place.reach(id, "terminated")).tags[TAG.ended]).toBe("startup-1")
  })

  test("gives its place and address back before it is terminated", async () => {
    const place = await freshPlace({ capacity: 1 })
    const id = await launched(place, { whenDone: REPLACES, startup: "exit 1" })
    await place.reach(id, "terminated")
    const next = only(await place.launch({ wish: "wish-2" }))
    await place.reach(next.id, "running")
  })

  test("is what its launch call returns when it is sent again, and is made once", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, { group: { whenDone: REPLACES, startup: "exit 9" } })
    const { id } = only(await place.provider.launch(call, calls))
    await place.reach(id, "terminated")
    const again = only(await place.provider.launch(call, calls))
    expect([again.id, again.state, again.tags[TAG.ended]]).toEqual([id, "terminated", "startup-9"])
  })

  test("is swept with its cluster", async () => {
    const place = await freshPlace()
    const id = await launched(place, { whenDone: ENDS, startup: "exit 0" })
    const one = await place.reach(id, "terminated")
    const leftovers = (await place.provider.leftovers?.({ uid: one.tags[TAG.uid] ?? "" }, calls)) ?? []
    await place.provider.remove?.(leftovers, calls)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
    expect(await place.list()).toEqual([])
  })

  test("counts where its supervisors were killed before they ended it", async () => {
    const place = await freshPlace()
    const startup = "while [ ! -e go ]; do sleep 0.05; done; sleep 1000 & exit 6"
    const id = await launched(place, { whenDone: REPLACES, startup })
    await place.reach(id, "running")
    for (const file of ["watchdog", "supervisor"]) {
      kill(pidIn(place, id, file), "SIGSTOP")
      kill(pidIn(place, id, file))
    }
    await until("the work directory", () => existsSync(place.path("instances", id, "work")))
    await writeFile(place.path("instances", id, "work", "go"), "")
    const one = await until("its tag", async () =>
      (await place.list()).find(({ tags }) => tags[TAG.ended] !== undefined),
    )
    expect([one.tags[TAG.ended], one.state]).toEqual(["startup-6", "running"])
    await ended(place, one)
  })

  test.each([
    [
      "its guest is told to end by another program",
      "SIGTERM",
      (place: Place, id: string) => -pidIn(place, id, "group"),
      143,
    ],
    ["its script is killed", "SIGKILL", scriptOf, 137],
  ] as const)("counts where %s", async (_what, signal, pidOf, code) => {
    const place = await freshPlace()
    const id = await launched(place, { whenDone: REPLACES, startup: "exec sleep 1000" })
    await until("its startup", () => statusOf(place, id).includes("startup begun") && scriptOf(place, id) > 0)
    process.kill(pidOf(place, id), signal)
    const one = await place.reach(id, "terminated")
    expect(one.tags[TAG.ended]).toBe(`startup-${code}`)
    await ended(place, one)
  })
})

describe("an end that keeps the instance", () => {
  test.each([["a success", "exit 0", 0] as const, ["a failure", "exit 3", 3] as const])(
    "is in its status after %s, and it runs on",
    async (_what, startup, code) => {
      const place = await freshPlace()
      const id = await launched(place, { whenDone: KEEPS, startup })
      await until("its end", () => statusOf(place, id).endsWith(` done startup ${code}\n`))
      const anchor = pidIn(place, id, "group")
      await until("the anchor to sleep", async () => (await readFile(`/proc/${anchor}/comm`, "utf8")) === "sleep\n")
      const [one] = await place.list({ ids: [id] })
      expect([one?.state, one?.tags[TAG.ended]]).toEqual(["running", undefined])
    },
  )
})

describe("an end that was asked for is no failure", () => {
  const startup = "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"

  test("by terminate", async () => {
    const place = await freshPlace()
    const id = await launched(place, { whenDone: REPLACES, startup })
    await until("it to be up", () => statusOf(place, id).includes("startup begun"))
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  })

  test("by its deadline", async () => {
    const place = await freshPlace()
    const owner = { deadline: secondsFromNow(2) }
    const { id } = only(await place.launch({ owner, group: { whenDone: REPLACES, startup } }))
    await place.vanish(id)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  })
})
