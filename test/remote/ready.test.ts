/** Checks over a real sshd: workers of each cloud's wire are heard by one waiting command each, and what is lost is unknown. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { ClusterEvent } from "../../src/events.js"
import { type PlaceName, placeOf } from "../guest/world/clouds.js"
import { isLong } from "../support/long.js"
import { noMachines, sshMachines, sshTargets } from "./support/machines.js"

const CLOUDS = ["aws", "gcp", "azure"] as const satisfies readonly PlaceName[]
const missing = await noMachines()

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-ready-"))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, "open"))
  chmodSync(join(folder, "open"), 0o777)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Two minutes of true time, also on a busy machine. */
const PATIENCE = { timeout: 120_000, interval: 50 }

describe.skipIf(missing !== undefined || !isLong)(`over ssh${missing === undefined ? "" : ` (${missing})`}`, () => {
  test.each(CLOUDS)("%s: ready, unhealthy, replaced; who cannot be heard stays what it was", async (name) => {
    const machines = sshMachines()
    const place = await placeOf(name, machines)
    onTestFinished(() => place.close())
    const { provider, clock, instanceType } = place
    const open = join(folder, "open")
    const spec = {
      ...{ name: "render", provider, instanceType, access: "127.0.0.1/32" },
      startup: "exec sleep 100000",
      ready: { command: `[ -e ${open}/go ]` },
      health: {
        command: `[ ! -e "${open}/sick-$MUSTER_NAME" ] && [ ! -e "${open}/sick-$MUSTER_ID" ]`,
        ...{ every: "10s", failures: 2 },
      },
    }
    const cluster = new Cluster(spec as ConstructorParameters<typeof Cluster>[0], { clock, journal: join(folder, "j") })
    onTestFinished(async () => void (await cluster.close().catch(() => {})))
    const events: ClusterEvent[] = []
    cluster.on("ready", (event) => void events.push(event))
    const scaling = cluster.scale(2)
    const stepsOf = () => cluster.workers.map(({ step }) => step)
    await vi.waitFor(() => expect(stepsOf()).toEqual(["ready", "ready"]), PATIENCE)
    // Heard by one connection each, which stays.
    expect(sshTargets()).toHaveLength(2)
    writeFileSync(join(open, "go"), "")
    expect(await scaling).toMatchObject({ desired: 2, running: 2, ready: 2 })
    const [first, second] = cluster.workers
    const worldId = (id = "") =>
      place.world?.truth().find((one) => one.id === id || id.endsWith(`/${one.name}`))?.id ?? ""
    // Its connection is lost, and from now on it shows a key that is not its own.
    await machines.rekey(worldId(first?.id))
    for (const word of [second?.name, second?.id.split("/").at(-1)]) writeFileSync(join(open, `sick-${word}`), "")
    const told = () => events.filter(({ type }) => type === "ready")
    await vi.waitFor(() => expect(told()).toHaveLength(5), PATIENCE)
    expect(told()).toMatchObject([
      ...[{ isReady: true }, { isReady: true }, { name: second?.name, isReady: false, action: "wait", exitCode: 1 }],
      ...[{ name: second?.name, isReady: false, action: "replace" }, { isReady: true }],
    ])
    expect(cluster.workers.find(({ id }) => id === first?.id)).toMatchObject({ state: "running", ready: true })
  })
})
