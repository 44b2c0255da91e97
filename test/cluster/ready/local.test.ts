/** Workers that are ready by their checks, as real processes of this machine. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { local } from "../../../providers/local/index.js"
import { Cluster } from "../../../src/cluster.js"
import { ShortfallError } from "../../../src/errors.js"
import type { ClusterEvent, EventOf } from "../../../src/events.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { isLong } from "../../support/long.js"

let folder: string
let cluster: Cluster | undefined
let events: ClusterEvent[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-ready-"))
  events = []
})
afterEach(async () => {
  await cluster?.close()
  cluster = undefined
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

const clusterOf = (spec: Partial<ClusterSpec>, name = "ready"): Cluster => {
  const provider = local({ root: join(folder, "root"), graceMs: 500 })
  const made = new Cluster({ name, provider, ...spec } as ClusterSpec, { journal: false })
  made.on("*", (event) => void events.push(event))
  cluster = made
  return made
}

const told = () => events.filter((event): event is EventOf<"ready"> => event.type === "ready")
const statesOf = ({ workers }: Cluster) =>
  workers
    .map(({ state, ready, step }) => `${state}${ready ? ", ready" : ""}${step === undefined ? "" : ` at ${step}`}`)
    .sort()
/** Fails on one worker: the first that makes the folder. */
const firstFails = () => `mkdir '${folder}/once' 2>/dev/null && : >bad; : >begun; exec sleep 100000`
/** A check may come before the first of a script. */
const BAD = "[ -e begun ] && [ ! -e bad ] || { echo no licence >&2; exit 7; }"

test("scale waits for those that are ready, and they say meanwhile what they do", async () => {
  const made = clusterOf({ startup: "exec sleep 100000", ready: { command: `[ -e '${folder}/go' ]` } })
  const scaling = made.scale(2)
  await vi.waitFor(() => expect(statesOf(made)).toEqual(["running at ready", "running at ready"]), 60_000)
  const [group] = made.explain().groups
  expect(group).toMatchObject({ running: 2, ready: 0, shortfall: { reasons: [{ count: 2, code: "NotReady" }] } })
  expect(String(made.explain())).toMatch(/2 of 2 run, 0 are ready/)
  await writeFile(join(folder, "go"), "")
  expect(await scaling).toMatchObject({ desired: 2, running: 2, ready: 2, shortfall: { count: 0 } })
  expect(statesOf(made)).toEqual(["running, ready", "running, ready"])
  expect(told().map(({ isReady }) => isReady)).toEqual([true, true])
})

test.runIf(isLong)(
  "who is not ready in time is replaced, with the words of the check; one is kept for looking at",
  async () => {
    const made = clusterOf({ startup: firstFails(), ready: { command: BAD, timeout: "5s" }, keepFailed: 1 })
    expect(await made.scale(2)).toMatchObject({ desired: 2, running: 2, ready: 2 })
    expect(told().filter(({ isReady }) => !isReady)).toMatchObject([
      { action: "keep", exitCode: 7, tail: "no licence" },
    ])
    expect(statesOf(made)).toEqual(["failed", "running, ready", "running, ready"])
    const [kept] = made.workers.filter(({ state }) => state === "failed")
    const { groups } = made.explain()
    expect(groups[0]).toMatchObject({ kept: [kept?.name], failures: [{ reason: "startup", code: "ready-7" }] })
    expect(groups[0]?.failures[0]?.message).toMatch(
      /was not ready within 5 s: the check command .* exit code 7.*\nno licence/s,
    )
    expect(await made.worker(kept?.name ?? "").exec("cat bad && echo looked")).toMatchObject({ stdout: "looked\n" })
    const receipt = await made.close()
    expect(receipt.instances.map(({ finalState }) => finalState)).toEqual(["terminated", "terminated", "terminated"])
  },
)

test.runIf(isLong)("who fails for all stops the group at its breaker, and ends no more of it", async () => {
  const made = clusterOf({ startup: "exec sleep 100000", ready: { command: "echo why; exit 9", timeout: "5s" } })
  const error = await made.scale(10).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ShortfallError)
  expect(error).toMatchObject({ desired: 10, ready: 0 })
  expect((error as Error).message).toMatch(/ready-9.*why/s)
  expect(made.explain().groups[0]?.stopped).toMatch(/why/)
  expect(told().length).toBeLessThan(10)
})

test.runIf(isLong)("an unhealthy worker is replaced once it has run, and one that flaps is not", async () => {
  const health = { command: "[ ! -e sick ]", every: "1s", failures: 2 } as const
  const made = clusterOf({ startup: "exec sleep 100000", ready: { command: "true" }, health })
  await made.scale(2)
  const [first] = made.workers
  await made.worker(first?.name ?? "").exec(": >sick")
  await vi.waitFor(() => expect(told().some(({ action }) => action === "replace")).toBe(true), 60_000)
  await vi.waitFor(() => expect(statesOf(made)).toEqual(["running, ready", "running, ready"]), 60_000)
  expect(made.workers.map(({ name }) => name)).not.toContain(first?.name)
})

test.runIf(isLong)("where most are unhealthy at once none is ended, and that is said each time it is so", async () => {
  const health = { command: `[ ! -e '${folder}/down' ]`, every: "1s", failures: 1 } as const
  const made = clusterOf({ startup: "exec sleep 100000", health })
  await made.scale(6)
  const names = made.workers.map(({ name }) => name)
  const problems = () => events.filter(({ type }) => type === "problem").length
  for (const times of [1, 2]) {
    await writeFile(join(folder, "down"), "")
    await vi.waitFor(() => expect(made.workers.filter(({ ready }) => ready)).toEqual([]), 60_000)
    await vi.waitFor(() => expect(String(made.explain())).toMatch(/of 6 workers .* unhealthy at once/), 60_000)
    expect(problems()).toBe(times)
    await rm(join(folder, "down"))
    await vi.waitFor(() => expect(made.workers.filter(({ ready }) => ready)).toHaveLength(6), 60_000)
    await vi.waitFor(() => expect(String(made.explain())).not.toContain("at once"), 60_000)
  }
  expect(made.workers.map(({ name }) => name)).toEqual(names)
})

test("workers that were made without checks count as ready when they run", async () => {
  const before = clusterOf({ startup: "exec sleep 100000" })
  await before.scale(1)
  await before.detach()
  const after = clusterOf({ startup: "exec sleep 100000", ready: { command: "false" }, existing: "connect" })
  expect(await after.scale(1)).toMatchObject({ running: 1, ready: 1 })
  expect(String(after.explain())).toMatch(/1 workers: they were made without checks/)
})
