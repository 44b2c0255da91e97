/**
 * One measurement of one side, in a process of its own: `node contender.js '{"side": "raw", …}'` prints what it measured
 * as JSON. Loading, the client, the network and the first call are common to both, and done before.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ComputeManagementClient, type VirtualMachine } from "@azure/arm-compute"
import { type AzureOptions, azure } from "../../../providers/azure/index.js"
import { VERSION } from "../../../providers/azure/wire/offers/catalogue.js"
import { systemClock } from "../../../src/calls/clock.js"
import { acceleratedClock } from "../../../src/calls/derived-clocks.js"
import { bareCalls, createCalls } from "../../../src/calls/send.js"
// What the first use of a cluster would load.
import "../../../src/session/deferred.js"
import { Cluster } from "../../../src/index.js"
import type { Calls, LaunchCall, Provider } from "../../../src/provider.js"
import { type Effort, effortOf } from "../stopwatch.js"
import { raw } from "./raw.js"
import { SPEED } from "./speed.js"

export interface Errand {
  /** `submit`: Muster's launch calls alone, in time that goes `SPEED` times as fast. */
  readonly side: "raw" | "muster" | "submit"
  readonly url: string
  readonly ca: string
  readonly count: number
}

export interface Measured extends Effort {
  /** The most memory above what was there before, in MiB; only of `submit`. */
  readonly memoryMiB: number
  /** The most requests that were on the wire at once; only of `submit`. */
  readonly mostInFlight: number
}

let inFlight = 0
let mostInFlight = 0

/** The same calls, with what is on the wire counted. */
function counted(calls: Calls): Calls {
  return {
    ...calls,
    send: (api, cost, fn) =>
      calls.send(api, cost, async (attempt) => {
        inFlight += 1
        mostInFlight = Math.max(mostInFlight, inFlight)
        try {
          return await fn(attempt)
        } finally {
          inFlight -= 1
        }
      }),
  }
}

const SIZE = "Standard_D2s_v5"
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
const IN_FLIGHT = 128
const LOOK_MS = 20
const credential = { getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) }

async function callsFor(provider: Provider, count: number, calls: Calls): Promise<readonly LaunchCall[]> {
  const offers = await provider.offers({ markets: ["on-demand"], instanceTypes: [SIZE] }, calls)
  const owner = {
    cluster: "bench",
    uid: "0123456789abcdef",
    owner: "default",
    generation: 1,
    deadline: "4102444800",
    claim: "c",
  }
  const group = {
    name: "default",
    startup: "exec sleep infinity",
    environment: {},
    publicAddress: false,
    tags: {},
    archs: ["x86_64"],
  } as const
  const prepared = await provider.prepare(owner, group, calls)
  const wish = {
    id: "w",
    uid: owner.uid,
    group: "default",
    market: "on-demand",
    arch: "x86_64",
    spread: "one-zone",
  } as const
  return provider.split({ ...wish, count, offers }, prepared, { levels: {}, launches: [] })
}

async function workOf({ side, url, ca, count }: Errand): Promise<() => Promise<unknown>> {
  const image = `Canonical:ubuntu-24_04-lts:server:${VERSION}`
  const options: AzureOptions = {
    subscriptionId: SUBSCRIPTION,
    location: "westeurope",
    endpoint: url,
    pricesEndpoint: url,
    ca,
    credential,
    image,
  }
  const provider = azure(options)
  const [first, ...rest] = await callsFor(provider, side === "submit" ? count : 1, bareCalls({ clock: systemClock }))
  const { group, vm } = (first?.body ?? {}) as unknown as { readonly group: string; readonly vm: VirtualMachine }
  if (side === "raw") {
    const client = new ComputeManagementClient(credential, SUBSCRIPTION, { endpoint: url, tlsOptions: { ca } })
    return () => raw(client, { count, group, vm, look: provider.limits.look, inFlight: IN_FLIGHT })
  }
  if (side === "submit") {
    const clock = acceleratedClock(systemClock, SPEED)
    // A deadline of a minute would be over in a second and a half.
    const limits = { ...provider.limits, attemptMs: provider.limits.attemptMs * SPEED }
    const calls = counted(createCalls({ clock, limits, signal: new AbortController().signal }))
    const all = first === undefined ? [] : [first, ...rest]
    return () => Promise.all(all.map((call) => provider.launch(call, calls)))
  }
  const root = mkdtempSync(join(tmpdir(), "muster-bench-"))
  process.once("exit", () => rmSync(root, { recursive: true, force: true }))
  const spec = { provider, instanceType: SIZE, startup: "exec sleep infinity", publicAddress: false } as const
  const cluster = new Cluster(spec, { journal: join(root, "journal") })
  return async () => {
    await cluster.scale(count)
    await cluster.close()
  }
}

/** Runs it, with a look at the memory every so often; that costs CPU as well, which only `submit` is not compared by. */
async function measure(errand: Errand, work: () => Promise<unknown>): Promise<Measured> {
  const before = process.memoryUsage.rss()
  let most = before
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  const looking = errand.side === "submit" ? setInterval(look, LOOK_MS) : undefined
  const effort = await effortOf(work)
  clearInterval(looking)
  return { ...effort, memoryMiB: (most - before) / 2 ** 20, mostInFlight }
}

const errand = JSON.parse(process.argv[2] ?? "{}") as Errand
process.stdout.write(JSON.stringify(await measure(errand, await workOf(errand))))
