import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, test } from "vitest"
import { local } from "../../providers/local/index.js"
import type { Provider } from "../../src/provider.js"
import { bareCalls, contract, type ForeignInstance, type Skip, type Subject, systemClock } from "./index.js"

/** Longer than anything takes on a machine that is busy with other tests. */
const PATIENCE_MS = 180_000

async function subjectOf(): Promise<Subject> {
  const root = await mkdtemp(join(tmpdir(), "muster-contract-"))
  const make = () => local({ root, graceMs: 100, vcpus: 2, memoryGiB: 4, zones: ["local-a", "local-b"] })
  return {
    provider: make(),
    clock: systemClock,
    count: 2,
    bulk: 12,
    deadlineMs: PATIENCE_MS,
    another: make,
    foreign: () => foreignIn(make()),
    close: async () => {
      await endAll(make())
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** On this machine nobody else makes instances: another user of the same root is the nearest to it. */
async function foreignIn(provider: Provider): Promise<ForeignInstance> {
  const calls = bareCalls({ clock: systemClock })
  const deadline = String(Math.ceil(systemClock.now() / 1000) + 600)
  const owner = { cluster: "other", uid: "0ther", owner: "somebody", generation: 1, deadline, claim: "somebody" }
  const offers = await provider.offers({ markets: ["on-demand"] }, calls)
  const archs = offers.slice(0, 1).map(({ arch }) => arch)
  const group = { name: "default", environment: {}, publicAddress: false, tags: {}, archs } as const
  const prepared = await provider.prepare(owner, group, calls)
  const wish = {
    id: "w",
    uid: owner.uid,
    group: "default",
    count: 1,
    offers,
    market: "on-demand",
    spread: "one-zone",
  } as const
  const [call] = provider.split({ ...wish, arch: archs[0] ?? "x86_64" }, prepared, { levels: {}, launches: [] })
  if (call === undefined) throw new Error("split gave no call")
  const { instances } = await provider.launch(call, calls)
  const id = instances[0]?.id ?? ""
  const alive = async () =>
    (await provider.list({ ids: [id] }, calls)).some(({ state }) => state === "pending" || state === "running")
  return { id, alive }
}

async function endAll(provider: Provider): Promise<void> {
  const calls = bareCalls({ clock: systemClock })
  const end = systemClock.now() + PATIENCE_MS
  for (;;) {
    const left = (await provider.list({}, calls)).filter(({ state }) => state !== "terminated")
    if (left.length === 0) return
    if (systemClock.now() > end) throw new Error(`${left.length} instances did not end within ${PATIENCE_MS} ms`)
    await provider.terminate(left, calls)
    await systemClock.sleep(50)
  }
}

const NO_WIRE = "nothing is sent anywhere: there is no cloud that could refuse or be silent"
const REFUSALS = ["throttled", "transient", "capacity", "quota", "rejected", "auth"]

const WIRELESS: readonly string[] = [
  ...REFUSALS.map(
    (kind) => `errors: a launch refused as ${kind} is told as that, with the cloud's code and what was being done`,
  ),
  "errors: a list that cannot be read throws a class of ours and is never short",
  "errors: a termination that was refused says so, and ends when it is sent again",
  ...["launch", "list", "terminate"].map(
    (verb) => `abort: a ${verb} that hangs ends with the signal's reason when it is aborted`,
  ),
]

const SKIP: readonly Skip[] = [...WIRELESS.map((promise) => ({ promise, reason: NO_WIRE }))]

// Each has a root of its own, and most of it is waiting for processes that end.
describe.concurrent("local", { timeout: 2 * PATIENCE_MS }, () => {
  for (const { name, run, skipped } of contract(subjectOf, { skip: SKIP })) {
    test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
  }
})
