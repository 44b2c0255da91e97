/**
 * The supervisor under bash, which is /bin/sh on Fedora, Arch and macOS, and there as on macOS: no /proc, no setsid, one
 * address. It shows that those paths work, not that macOS does.
 */
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { lacking, titled } from "../support/tools.js"
import { calls, cleanUp, freshPlace, isAlive, kill, only, pidIn, remainsOf, until } from "./support.js"

const variant = vi.hoisted(() => ({ change: (text: string) => text }))

vi.mock("../../providers/local/launch/supervisor.js", async (original) => {
  const real = await original<typeof import("../../providers/local/launch/supervisor.js")>()
  return {
    ...real,
    get supervisorText() {
      return variant.change(real.supervisorText.replaceAll('/bin/sh "$0"', '/bin/bash --posix "$0"'))
    },
  }
})

vi.mock("node:child_process", async (original) => {
  const real = await original<typeof import("node:child_process")>()
  const spawn = (_command: string, parameters: readonly string[], options: object) =>
    real.spawn("/bin/bash", ["--posix", ...parameters], options)
  return { ...real, spawn }
})

const SYSTEMS = [
  ["Linux", "linux", (text: string) => text],
  ["macOS", "darwin", (text: string) => text.replaceAll("/proc/", "/no-proc/").replaceAll("setsid", "no-setsid")],
] as const

// Mocks outlive a file, and other files share the process.
afterAll(() => {
  vi.doUnmock("../../providers/local/launch/supervisor.js")
  vi.doUnmock("node:child_process")
})
afterEach(async () => {
  vi.restoreAllMocks()
  await cleanUp()
})

// Without bash there is nothing to try here: /bin/sh is tried by all other tests.
for (const [name, platform, change] of SYSTEMS) {
  const why = platform === "linux" ? lacking("bash") : lacking("bash", "ps")
  describe.skipIf(why !== undefined)(titled(`bash on ${name}`, why), () => {
    beforeEach(() => {
      variant.change = change
      vi.spyOn(process, "platform", "get").mockReturnValue(platform)
    })

    test.each([
      ["an obedient script", "exec sleep 1000", "running"],
      ["one that ignores SIGTERM", 'trap "" TERM; while :; do sleep 1; done', "running"],
      ["one that leaves something running", "sleep 1000 & exit 0", "running"],
      ["a failed boot", "exit 4", "terminated"],
    ] as const)("ends %s, and nothing is left", async (_what, startup, state) => {
      const place = await freshPlace()
      const { instances } = await place.launch({ group: { startup }, count: 2 })
      for (const { id } of instances) await place.reach(id, state)
      const ports = new Set(instances.map((one) => one.privateIp))
      expect(ports.size).toBe(platform === "linux" ? 2 : 1)
      await place.provider.terminate(await place.list(), calls)
      await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
    })

    test("ends it when the supervisor was killed", async () => {
      const place = await freshPlace()
      const { id } = only(await place.launch({ group: { startup: "exec sleep 1000" } }))
      await place.reach(id, "running")
      kill(pidIn(place, id, "supervisor"))
      await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
    })

    test("ends it when asked, with supervisor and watchdog killed", async () => {
      const place = await freshPlace()
      const { id } = only(await place.launch({ group: { startup: "exec sleep 1000" } }))
      await place.reach(id, "running")
      const pids = ["watchdog", "supervisor"].map((file) => pidIn(place, id, file))
      kill(pids[0] ?? 0, "SIGSTOP")
      for (const pid of pids) kill(pid)
      await until("both to be gone", () => !pids.some(isAlive))
      expect(await place.list()).toMatchObject([{ id, state: "running" }])
      await place.provider.terminate(await place.list(), calls)
      await place.vanish(id)
    })
  })
}
