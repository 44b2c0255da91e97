/** How an instance ends: always, whole, and whoever is dead by then. */
import { spawn } from "node:child_process"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { afterEach, describe, expect, test } from "vitest"
import { readHost } from "../../providers/local/client/host.js"
import { word as quote } from "../../src/guest/text.js"
import { systemClock } from "../../src/calls/clock.js"
import { isLong } from "../support/long.js"
import {
  calls,
  cleanUp,
  freshPlace,
  isAlive,
  kill,
  killIfThere,
  noteNonces,
  only,
  type Place,
  pidIn,
  placeAt,
  processesOf,
  remainsOf,
  secondsFromNow,
  until,
} from "./support.js"

afterEach(cleanUp)

/** Starts one and waits until its script has written a line "ready <pid>"; returns its id and that number. */
async function started(place: Place, startup: string) {
  const { id } = only(await place.launch({ owner: { deadline: secondsFromNow(600) }, group: { startup } }))
  const pid = await until(`${id} to be ready`, async () => {
    const log = await readFile(place.path("instances", id, "guest", "boot.log"), "utf8").catch(() => "")
    return Number(/ready (\d+)/.exec(log)?.[1] ?? 0) || undefined
  })
  await noteNonces(place.root)
  return { id, pid }
}

/** The same with a deadline that comes soon; again with a later one where the machine was too slow for it. */
async function startedToEnd(place: Place, startup: string) {
  for (let seconds = 2; ; seconds *= 2) {
    const { id } = only(
      await place.launch({ wish: `ends-${seconds}`, owner: { deadline: secondsFromNow(seconds) }, group: { startup } }),
    )
    const pid = await until(`${id} to be ready, or to have ended`, async () => {
      const log = await readFile(place.path("instances", id, "guest", "boot.log"), "utf8").catch(() => "")
      const said = Number(/ready (\d+)/.exec(log)?.[1] ?? 0)
      return said > 0 ? said : (await place.list({ ids: [id] })).length === 0 ? -1 : undefined
    })
    if (pid < 0) continue
    await noteNonces(place.root)
    return { id, pid }
  }
}

async function nothingRemains(place: Place): Promise<void> {
  let last: readonly string[] = []
  await until("nothing to remain", async () => {
    last = await remainsOf(place.root)
    return last.length === 0
  }).catch(() => expect(last).toEqual([]))
}

const OBEDIENT = 'echo "ready $$"; exec sleep 1000'
const STUBBORN = 'trap "" TERM HUP INT; echo "ready $$"; while :; do sleep 1; done'
const DAEMON = `setsid -f sh -c 'echo "ready $$"; exec sleep 1000'; exit 0`
const STUBBORN_DAEMON = `setsid -f sh -c 'trap "" TERM; echo "ready $$"; while :; do sleep 1; done'; exec sleep 1000`
const FORKS = 'for i in 1 2 3 4 5; do (sleep 1000; :) & done; echo "ready $$"; wait'

describe("terminate", () => {
  test.each([
    ["an obedient script", OBEDIENT],
    ["one that ignores SIGTERM", STUBBORN],
    ["one with children", FORKS],
    ["a daemon that left the group", DAEMON],
    ["a daemon that left the group and ignores SIGTERM", STUBBORN_DAEMON],
    ["a stopped script", 'echo "ready $$"; kill -STOP $$; sleep 1000'],
    ["one without the environment", "exec env -i sh -c 'echo \"ready $$\"; exec sleep 1000'"],
  ])("ends %s, and nothing is left", async (_what, startup) => {
    const place = await freshPlace()
    const { id, pid } = await started(place, startup)
    const { accepted, failures } = await place.provider.terminate(await place.list(), calls)
    expect({ accepted, failures }).toEqual({ accepted: [{ id, state: "terminating" }], failures: [] })
    await place.vanish(id)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await nothingRemains(place)
  })

  test("says terminating as long as a process is left", async () => {
    const place = await freshPlace({ graceMs: 600_000 })
    const { id, pid } = await started(place, STUBBORN)
    await place.provider.terminate(await place.list(), calls)
    expect(await place.list()).toMatchObject([{ id, state: "terminating" }])
    expect(isAlive(pid)).toBe(true)
  })

  test("asks with SIGTERM, once, and lets a worker end in its own time", async () => {
    const place = await freshPlace({ graceMs: 10_000 })
    const out = place.path("asked")
    const startup = `trap 'echo asked >>${out}; sleep 0.5; echo done >>${out}; exit 0' TERM; echo "ready $$"; while :; do sleep 0.1; done`
    const { id } = await started(place, startup)
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    expect(await readFile(out, "utf8")).toBe("asked\ndone\n")
  })

  test("gives a script without its environment the same grace", async () => {
    const place = await freshPlace({ graceMs: 10_000 })
    const out = place.path("asked")
    const script = `trap 'sleep 0.5; echo done >>${out}; exit 0' TERM; echo "ready $$"; while :; do sleep 0.1; done`
    const { id } = await started(place, `exec env -i /bin/sh -c ${quote(script)}`)
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    expect(await readFile(out, "utf8")).toBe("done\n")
  })

  test.each(isLong ? [0, 5, 10, 15, 20, 25, 30, 40, 60, 80] : [0, 10, 25, 60])(
    "%i ms after a launch leaves nothing",
    async (ms) => {
      const place = await freshPlace()
      await place.launch({ count: 4, group: { startup: OBEDIENT } })
      await systemClock.sleep(ms)
      const { accepted } = await place.provider.terminate(await place.list(), calls)
      expect(accepted).toHaveLength(4)
      await until("all to be gone", async () => (await place.list()).length === 0)
      await nothingRemains(place)
    },
  )

  test("of what is unknown, gone or somebody else's succeeds and touches nothing", async () => {
    const place = await freshPlace()
    const { id, pid } = await started(place, OBEDIENT)
    const [instance] = await place.list()
    if (instance === undefined) throw new Error("no instance")
    const other = { ...instance, tags: { ...instance.tags, "muster-uid": "ffffffffffffffff" } }
    const unknown = [{ ...instance, id: "default-00000000" }, { ...instance, id: "../claims" }, other]
    const { accepted, failures } = await place.provider.terminate(unknown, calls)
    expect(accepted.map((one) => one.state)).toEqual(["terminated", "terminated", "terminated"])
    expect(failures).toEqual([])
    expect(isAlive(pid)).toBe(true)
    expect(await place.list()).toMatchObject([{ id, state: "running" }])
  })

  test("never signals a process that has a dead supervisor's number", async () => {
    const place = await freshPlace()
    const { id } = await started(place, OBEDIENT)
    const bystander = spawn("sleep", ["1000"], { stdio: "ignore" })
    try {
      for (const file of ["supervisor", "watchdog"]) kill(pidIn(place, id, file), "SIGSTOP")
      const pids = ["supervisor", "watchdog"].map((file) => pidIn(place, id, file))
      for (const file of ["supervisor", "watchdog", "group"]) {
        await writeFile(place.path("instances", id, file), `${bystander.pid} 1@another-boot\n`)
      }
      for (const pid of pids) kill(pid)
      await until("the supervisors to be gone", () => !pids.some(isAlive))
      await place.provider.terminate(await place.list(), calls)
      await place.vanish(id)
      expect(isAlive(bystander.pid ?? 0)).toBe(true)
    } finally {
      bystander.kill("SIGKILL")
    }
  })
})

describe("with the supervisor killed", () => {
  test("the watchdog ends the instance at once", async () => {
    const place = await freshPlace()
    const { pid, id } = await started(place, STUBBORN_DAEMON)
    kill(pidIn(place, id, "supervisor"))
    await place.vanish(id)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await nothingRemains(place)
  })

  test("while the instance ends, the watchdog finishes that", async () => {
    const place = await freshPlace({ graceMs: 2000 })
    const { id } = await started(place, STUBBORN)
    const supervisor = pidIn(place, id, "supervisor")
    await place.provider.terminate(await place.list(), calls)
    kill(supervisor)
    await place.vanish(id)
    await nothingRemains(place)
  })
})

describe("with the watchdog killed", () => {
  test("the instance lives, and ends when it is asked", async () => {
    const place = await freshPlace()
    const { id, pid } = await started(place, OBEDIENT)
    kill(pidIn(place, id, "watchdog"))
    await until("the watchdog to be gone", () => !isAlive(pidIn(place, id, "watchdog")))
    expect(await place.list()).toMatchObject([{ id, state: "running" }])
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await nothingRemains(place)
  })

  test("the deadline holds", async () => {
    const place = await freshPlace()
    const { id } = await startedToEnd(place, STUBBORN)
    killIfThere(pidIn(place, id, "watchdog"))
    await place.vanish(id)
    await nothingRemains(place)
  })
})

describe("with both killed", () => {
  test.each([
    ["a script", OBEDIENT],
    ["a stray", STUBBORN_DAEMON],
  ])("%s is still an instance, and terminate ends it", async (_what, startup) => {
    const place = await freshPlace()
    const { id, pid } = await started(place, startup)
    // One that is between fork and exec has no environment to be found by.
    await until("the supervisor to sleep", () =>
      processesOf(place.root).some(({ command }) => /^sleep \d\d /.test(command)),
    )
    const pids = ["supervisor", "watchdog"].map((file) => pidIn(place, id, file))
    kill(pids[1] ?? 0, "SIGSTOP")
    for (const dead of pids) kill(dead)
    await until("both to be gone", () => !pids.some(isAlive))
    expect(await place.list()).toMatchObject([{ id, state: "running" }])
    expect(isAlive(pid)).toBe(true)
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await nothingRemains(place)
  })

  test("and all its processes as well, list forgets it, but changes nothing when it may only read", async () => {
    const place = await freshPlace()
    const { id, pid } = await started(place, OBEDIENT)
    const pids = ["watchdog", "supervisor", "group"].map((file) => pidIn(place, id, file))
    const nonce =
      /"nonce":"(\w+)"/.exec(await readFile(place.path("instances", id, "instance.json"), "utf8"))?.[1] ?? ""
    for (const one of [...pids, pid]) kill(one, "SIGSTOP")
    for (const one of [...pids, pid]) kill(one)
    // One that is between fork and exec has no environment to be found by, and is found at the next look.
    await until("all to be gone", () => {
      const { members } = readHost().withNonce(nonce)
      for (const one of members) killIfThere(one)
      return members.length === 0 && !pids.some(isAlive)
    })
    const isForgotten = async () => (await place.provider.list({}, { ...calls, readOnly: true })).length === 0
    await until("the list to forget it", isForgotten)
    expect(await readFile(place.path("instances", id, "instance.json"), "utf8")).toContain(id)
    expect(await place.list()).toEqual([])
    await nothingRemains(place)
  })
})

describe("the deadline", () => {
  test("ends it with nobody watching, whatever it ignores and whatever left its group", async () => {
    const place = await freshPlace()
    const { id, pid } = await startedToEnd(place, STUBBORN_DAEMON)
    await until("the instance's directory to go", async () => (await remainsOf(place.root)).length === 0)
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(await place.list({ ids: [id] })).toEqual([])
  })

  test("in the past lets nothing run", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch({ owner: { deadline: secondsFromNow(-10) }, group: { startup: OBEDIENT } }))
    await place.vanish(id)
    await nothingRemains(place)
  })
})

test("directories that are not instances, and processes of others, are not touched", async () => {
  const place = await freshPlace()
  const { id } = await started(place, OBEDIENT)
  await mkdir(place.path("instances", "photos"))
  await writeFile(place.path("instances", "photos", "one.jpg"), "pixels")
  const bystander = spawn("sleep", ["1000"], { cwd: place.root, detached: true, stdio: "ignore" })
  try {
    expect((await place.list()).map((one) => one.id)).toEqual([id])
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    const leftovers = (await place.provider.leftovers?.({}, calls)) ?? []
    await place.provider.remove?.(leftovers, calls)
    expect(await readFile(place.path("instances", "photos", "one.jpg"), "utf8")).toBe("pixels")
    expect(isAlive(bystander.pid ?? 0)).toBe(true)
  } finally {
    bystander.kill("SIGKILL")
  }
})

test("a second provider on the same root finds and ends what the first one made", async () => {
  const place = await freshPlace()
  const { id } = await started(place, OBEDIENT)
  const second = placeAt(place.root)
  const found = await second.list({ cluster: "render", uid: "0123456789abcdef" })
  expect(found.map((one) => one.id)).toEqual([id])
  await second.provider.terminate(found, calls)
  await second.vanish(id)
  await nothingRemains(place)
})
