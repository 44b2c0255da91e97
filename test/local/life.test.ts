/** What an instance is while it lives. */
import { readFile, stat } from "node:fs/promises"
import { afterEach, describe, expect, test } from "vitest"
import { calls, cleanUp, freshPlace, isAlive, only, pidIn, until } from "./support.js"

afterEach(cleanUp)

describe("a boot", () => {
  test("runs the script in the instance's own directory, address and environment", async () => {
    const place = await freshPlace()
    const startup = 'pwd; env; echo "args: $#"; trap "" INT; exec sleep 1000'
    const environment = { GREETING: 'it\'s "here" $HOME\nand there', MUSTER_NAME: "forged" }
    const launched = await place.launch({ group: { startup, environment, tags: { team: "blue" } } })
    const { id } = only(launched)
    const instance = await place.reach(id, "running")
    const log = await until("the log", async () => {
      const text = await place.provider.consoleLog?.(instance, calls)
      return text?.includes("args: 0") ? text : undefined
    })
    expect(launched.settled).toBe(true)
    expect(log).toContain(place.path("instances", id, "work"))
    expect(log).toContain('GREETING=it\'s "here" $HOME\nand there\n')
    expect(log).toContain(`MUSTER_NAME=${id}\n`)
    expect(log).toContain(`MUSTER_ADDRESS=${instance.privateIp}\n`)
    expect(log).toMatch(/^MUSTER_CLUSTER=render$/m)
    expect(log).toMatch(/^MUSTER_GROUP=default$/m)
    expect(log).toMatch(/^MUSTER_PORT=\d+$/m)
    expect(log).toContain(`MUSTER_DEADLINE=${instance.tags["muster-deadline"]}\n`)
    expect(instance).toMatchObject({ id, name: id, provider: "local", region: "local", zone: "local-a" })
    expect(instance.tags).toMatchObject({ team: "blue", "muster-cluster": "render", "muster-group": "default" })
  })

  test("takes from the launching process's environment only what every program needs", async () => {
    const place = await freshPlace()
    process.env.MUSTER_TEST_SECRET = "token"
    try {
      const { id } = only(await place.launch({ group: { startup: "env; echo done; exec sleep 1000" } }))
      await place.reach(id, "running")
      const path = place.path("instances", id, "guest", "boot.log")
      const log = await until("the log", async () => {
        const text = await readFile(path, "utf8").catch(() => "")
        return text.includes("done\n") ? text : undefined
      })
      const names = log.split("\n").flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? [])
      const others = names.filter((name) => !/^(PATH|HOME|LANG|TMPDIR|PWD|OLDPWD|SHLVL|_)$/.test(name))
      expect(others.every((name) => name.startsWith("MUSTER_"))).toBe(true)
      expect(others).not.toContain("MUSTER_TEST_SECRET")
    } finally {
      delete process.env.MUSTER_TEST_SECRET
    }
  })

  test("gives each instance an address that no other has, and none that the machine uses", async () => {
    const place = await freshPlace()
    const { instances } = await place.launch({ count: 20 })
    const addresses = instances.map((instance) => instance.privateIp ?? "")
    expect(new Set(addresses).size).toBe(20)
    for (const address of addresses) expect(address).toMatch(/^127\.([1-9]\d?|1\d\d|2[0-4]\d|25[0-4])\.\d+\.\d+$/)
  })

  test("that can be interrupted leaves SIGINT to the script", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch({ group: { startup: 'grep SigIgn "/proc/$$/status"; exec sleep 1000' } }))
    await place.reach(id, "running")
    const path = place.path("instances", id, "guest", "boot.log")
    const log = await until("the log", async () => (await readFile(path, "utf8").catch(() => "")) || undefined)
    expect(log).toMatch(/^SigIgn:\s+0+$/m)
  })

  test("keeps its files from other users", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch())
    expect((await stat(place.path("instances", id))).mode & 0o077).toBe(0)
    expect((await stat(place.path("instances", id, "guest", "environment"))).mode & 0o077).toBe(0)
  })
})

describe("an instance lives on", () => {
  test("without a script", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch())
    await place.reach(id, "running")
    const anchor = await until("its anchor", () => pidIn(place, id, "group") || undefined)
    await until("the anchor to sleep", async () => (await readFile(`/proc/${anchor}/comm`, "utf8")) === "sleep\n")
    expect(await place.list({ ids: [id] })).toMatchObject([{ state: "running" }])
  })

  test("after its script ended with 0, with what that left running", async () => {
    const place = await freshPlace()
    const startup = 'sleep 1000 & echo "daemon $!"; exit 0'
    const { id } = only(await place.launch({ group: { startup } }))
    await place.reach(id, "running")
    const path = place.path("instances", id, "guest", "boot.log")
    const daemon = await until("the daemon", async () => {
      const pid = /daemon (\d+)/.exec(await readFile(path, "utf8").catch(() => ""))?.[1]
      return pid === undefined ? undefined : Number(pid)
    })
    const anchor = pidIn(place, id, "group")
    await until("the script to end", async () => (await readFile(`/proc/${anchor}/comm`, "utf8")) === "sleep\n")
    expect(isAlive(daemon)).toBe(true)
    expect(await place.list({ ids: [id] })).toMatchObject([{ state: "running" }])
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    await expect.poll(() => isAlive(daemon)).toBe(false)
  })
})
