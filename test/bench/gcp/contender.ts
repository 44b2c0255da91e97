/**
 * One measurement of one side, in a process of its own, cold as a user's script is: `node contender.js '{"side": "raw",
 * …}'` prints what it measured as JSON. Loading and the first call are measured apart from the burst.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { limitsOf, PAGE } from "../../../providers/gcp/limits.js"
import { systemClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { compute7 } from "../../gcp/support/compute7.js"
import { type Effort, effortOf, millisecondsSince, stopwatch } from "../stopwatch.js"
import type { RawClients } from "./raw.js"

export interface Errand {
  /** `muster7` is Muster with the client's second version, given as `sdk`. */
  readonly side: "raw" | "muster" | "muster7"
  readonly url: string
  readonly count: number
}

export interface Burst extends Effort {
  /** Import to the first answer: nothing is loaded before. */
  readonly firstCallMs: number
}

const PLACE = { project: "muster-test", region: "us-central1", zone: "us-central1-a" }
const MACHINE_TYPE = "n2-standard-4"
const STARTUP = "exec sleep infinity"
const DELETIONS = 200

interface Ready {
  readonly firstCall: () => Promise<unknown>
  readonly act: () => Promise<unknown>
}

type ClientClass<T> = new (options: object) => T

async function readyRaw({ url, count }: Errand): Promise<Ready> {
  const require = createRequire(import.meta.url)
  const sdk = require("@google-cloud/compute") as {
    readonly InstancesClient: ClientClass<RawClients["instances"]>
    readonly ZoneOperationsClient: ClientClass<RawClients["operations"]>
  }
  const { PassThroughClient } = require("google-auth-library") as { readonly PassThroughClient: new () => object }
  const { raw } = await import("./raw.js")
  const { hostname, port } = new URL(url)
  const options = {
    apiEndpoint: hostname,
    port: Number(port),
    protocol: "http",
    projectId: PLACE.project,
    authClient: new PassThroughClient(),
  }
  const clients = { instances: new sdk.InstancesClient(options), operations: new sdk.ZoneOperationsClient(options) }
  const { look } = limitsOf({ region: PLACE.region }, 0)
  const plan = {
    count,
    ...PLACE,
    machineType: MACHINE_TYPE,
    startup: STARTUP,
    most: { deletions: DELETIONS, page: PAGE },
    look,
  }
  const { project, zone } = PLACE
  return {
    firstCall: () =>
      clients.instances.list({ project, zone, filter: "labels.uid=none", maxResults: PAGE }, { autoPaginate: false }),
    act: () => raw(clients, plan),
  }
}

async function readyMuster({ url, count, side }: Errand): Promise<Ready> {
  const { Cluster } = await import("../../../src/index.js")
  // What its first use would load.
  await import("../../../src/session/deferred.js")
  const { gcp } = await import("../../../providers/gcp/index.js")
  const sdk = side === "muster7" ? { sdk: compute7 } : {}
  const { project, region, zone } = PLACE
  const provider = gcp({ project, region, zones: [zone], apiEndpoint: url, ...sdk })
  const root = mkdtempSync(join(tmpdir(), "muster-bench-"))
  process.once("exit", () => rmSync(root, { recursive: true, force: true }))
  const cluster = new Cluster(
    { provider, instanceType: MACHINE_TYPE, startup: STARTUP },
    { journal: join(root, "journal") },
  )
  return {
    firstCall: () => provider.list({ uid: "none" }, bareCalls({ clock: systemClock })),
    act: async () => {
      await cluster.scale(count)
      await cluster.close()
    },
  }
}

const errand = JSON.parse(process.argv[2] ?? "") as Errand
const started = stopwatch()
const { firstCall, act } = await (errand.side === "raw" ? readyRaw(errand) : readyMuster(errand))
await firstCall()
const firstCallMs = millisecondsSince(started)
const effort = errand.count === 0 ? { wallMs: 0, cpuMs: 0 } : await effortOf(act)
console.log(JSON.stringify({ firstCallMs, ...effort } satisfies Burst))
