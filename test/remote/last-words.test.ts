/** The last words of workers that are gone: fetched before an end of our choosing, read from the console after another. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { Cluster } from "muster-vms"
import { local } from "muster-vms/local"
import { VirtualClock } from "../../src/calls/clock.js"
import type { Fleet } from "../../src/fleet/state/context.js"
import type { WorkerRecord } from "../../src/fleet/roster/worker-record.js"
import { readKeptLog } from "../../src/history/logs.js"
import type { Provider } from "../../src/provider.js"
import { LastWords } from "../../src/session/logs/last-words.js"
import { type Rig, rig, SMALL } from "../cluster/support.js"

const root = mkdtempSync(join(tmpdir(), "muster-last-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe("before an end of our choosing", () => {
  const provider = { name: "fake", recipe: () => ({}) } as unknown as Provider
  const worker = (id: number) =>
    ({ provider, ranFrom: 1, instance: { id: `i-${id}`, state: "running" } }) as unknown as WorkerRecord
  const workers = Array.from({ length: 300 }, (_, id) => worker(id))

  function scene(read: (clock: VirtualClock) => Promise<string>) {
    const clock = new VirtualClock()
    let [now, most] = [0, 0]
    const kept: string[] = []
    const fetch = () => async () => {
      now += 1
      most = Math.max(most, now)
      try {
        return await read(clock)
      } finally {
        now -= 1
      }
    }
    const fleet = { clock, closing: true } as unknown as Fleet
    const last = new LastWords(fleet, { fetch, keep: ({ instance }, text) => kept.push(`${instance.id} ${text}`) })
    const begun = clock.now()
    const end = async () => {
      await clock.run(Promise.resolve(last.beforeEnd(workers)))
      return clock.now() - begun
    }
    return { last, kept, end, most: () => most }
  }

  test("32 at a time, and the end waits for no longer than they take", async () => {
    const { end, kept, most } = scene((clock) => clock.sleep(100).then(() => "bye\n"))
    expect([await end(), kept.length, most()]).toEqual([1000, 300, 32])
  })

  test("those that hang hold up nobody beyond three seconds, and are not waited for again", async () => {
    const { end, kept, last } = scene(() => new Promise(() => {}))
    expect([await end(), kept]).toEqual([3000, []])
    expect(last.beforeEnd(workers)).toBeUndefined()
  })

  test("errors are no end's affair; who never ran, or has told its end, is not asked", async () => {
    const { end, kept, last } = scene(() => Promise.reject(new Error("refused")))
    expect([await end(), kept]).toEqual([0, []])
    const asked = scene(() => Promise.resolve("x"))
    expect(last.beforeEnd(workers)).toBeUndefined()
    const [one] = workers as [WorkerRecord]
    const { ranFrom: _, ...never } = one
    const told: WorkerRecord = { ...one, end: { outcome: "success", action: "end" } }
    const orphan: WorkerRecord = { ...one, provider: { name: "fake" } as Provider }
    expect(asked.last.beforeEnd([never, told, orphan])).toBeUndefined()
  })
})

/** Closes 300 workers of a simulated cloud, and says how many virtual milliseconds and requests that takes. */
async function closing({ provider, clock, world }: Rig, more: Partial<Provider> = {}) {
  const cluster = new Cluster(
    { name: "render", provider: { ...provider, ...more }, instanceType: SMALL },
    { clock, journal: join(root, `journal-${Math.random()}`, "j") },
  )
  await clock.run(cluster.scale(300))
  const [begun, sent] = [clock.now(), world.ledger.count()]
  const names = cluster.workers.map(({ name }) => name)
  await clock.run(cluster.close())
  return { ms: clock.now() - begun, sent: world.ledger.count() - sent, names, cluster }
}

test("closing 300 workers takes no longer for it, and no request more", async () => {
  const log = join(root, "boot.log")
  writeFileSync(log, `${"x\n".repeat(100)}bye\n`)
  const route = () => ({ kind: "local", words: [], address: "127.0.0.1", log }) as const
  const before = await closing(rig())
  const after = await closing(rig(), { route, recipe: () => ({}) })
  expect([after.ms, after.sent]).toEqual([before.ms, before.sent])
  const text = await after.cluster.worker(after.names[7] ?? "").logs({ tail: 1 })
  expect(text).toBe("bye\n")
})

test.each([
  ["with access its console is read once, and kept", "192.0.2.0/24", 1],
  ["without, not one request more is sent", undefined, 0],
])("a worker that is interrupted: %s", async (_, access, looks) => {
  const { clock, world, provider } = rig()
  const journal = join(root, `interrupted-${looks}`, "journal")
  const cluster = new Cluster(
    { name: "render", provider, instanceType: SMALL, market: "spot", ...(access && { access }) },
    { clock, journal },
  )
  await clock.run(cluster.scale(2))
  const [taken] = cluster.workers
  world.write(taken?.id ?? "", "half done\n")
  world.faults.interrupt([taken?.id ?? ""])
  await clock.run(clock.sleep(180_000))
  const about = (entries: typeof world.ledger.entries) =>
    entries.filter(
      ({ api, parameters }) => /console/i.test(api) && JSON.stringify(parameters).includes(taken?.id ?? "?"),
    )
  expect(about(world.ledger.entries)).toHaveLength(looks)
  await clock.run(cluster.close())
  const kept = await readKeptLog("render", taken?.name ?? "", { journal })
  if (looks === 0) expect(kept).toBeUndefined()
  else expect(kept).toMatchObject({ id: taken?.id, text: expect.stringMatching(/\nhalf done\n$/) as string })
  if (looks > 0) expect(kept?.how).toMatch(/interrupted|taken/)
})

test("another process reads what was kept of a worker of a cluster that is closed", async () => {
  const provider = local({ root: join(root, "local"), graceMs: 0 })
  const journal = join(root, "state", "journal")
  const startup = 'echo "the key is $KEY and $TOKEN"; echo up; sleep 600'
  const secrets = { TOKEN: { value: "t0p" } }
  const cluster = new Cluster(
    { provider, name: "gone", secrets, groups: { web: { startup, environment: { KEY: "hunter-2-hunter" } } } },
    { journal },
  )
  await cluster.scale(2)
  const [first, second] = cluster.workers.map(({ name }) => name) as [string, string]
  for (const name of [first, second]) {
    await expect.poll(() => cluster.worker(name).logs()).toContain("up\n")
  }
  await cluster.scale(1)
  const left = cluster.workers.map(({ name }) => name)
  const went = left.includes(first) ? second : first
  expect(await cluster.worker(went).logs({ tail: 1 })).toBe("up\n")
  await cluster.close()
  expect(await readKeptLog("gone", went, { journal })).toMatchObject({
    ...{ name: went, group: "web", how: "it was ended by its cluster" },
    text: "the key is *** and ***\nup\n",
  })
  expect((await readKeptLog("gone", left[0] ?? "", { journal }))?.how).toBe("its cluster was closed")
  expect(await readKeptLog("gone", "nobody", { journal })).toBeUndefined()
  expect(await readKeptLog("other", went, { journal })).toBeUndefined()
})
