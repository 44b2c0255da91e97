/**
 * One measurement of one side, in a process of its own, cold as a user's script is: `node contender.js '{"side": "raw",
 * …}'` prints what it measured as JSON. What is common to both (loading, the client, the first call) is measured apart.
 */
import { subscribe } from "node:diagnostics_channel"
import { mkdtempSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { limitsOf, PAGE } from "../../../providers/aws/limits.js"
import { systemClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { type Effort, effortOf, millisecondsSince, stopwatch } from "../stopwatch.js"
import { awsOptions, clientConfig, INSTANCE_TYPE, rawPlan, REGION, STARTUP, wideOptions } from "./account.js"

export interface Errand {
  readonly side: "raw" | "muster"
  readonly url: string
  readonly count: number
  /**
   * `burst`: up and down. `first-launch`: until the first launch call is on the wire, the SDK loaded and nothing else done.
   * `confirmation`: when all are said to run.
   */
  readonly measure: "burst" | "first-launch" | "confirmation"
}

export interface Burst extends Effort {
  readonly loadMs: number
  readonly firstCallMs: number
  /** Requests by action, and how many of all were refused. */
  readonly calls: Readonly<Record<string, number>>
  readonly refused: number
}

interface Ready {
  /** Up and down. */
  readonly act: () => Promise<unknown>
  /** One DescribeInstances that finds nothing; the client is made and connected after it. */
  readonly firstCall: () => Promise<unknown>
  /** Whether the next request is a launch call. */
  readonly isLaunching: () => boolean
}

async function readyRaw({ url, count }: Errand): Promise<Ready> {
  const { DescribeInstancesCommand, EC2Client } = await import("@aws-sdk/client-ec2")
  const { raw } = await import("./raw.js")
  const client = new EC2Client(clientConfig(url))
  const plan = rawPlan(count, limitsOf({ region: REGION }))
  const nothing = { Filters: [{ Name: "tag:muster-cluster", Values: ["none"] }], MaxResults: PAGE }
  return {
    act: () => raw(client, plan),
    firstCall: () => client.send(new DescribeInstancesCommand(nothing)),
    isLaunching: () => true,
  }
}

async function readyMuster({ url, count, measure }: Errand): Promise<Ready> {
  const { Cluster } = await import("../../../src/index.js")
  // What its first use would load.
  await import("../../../src/session/deferred.js")
  const { aws } = await import("../../../providers/aws/index.js")
  // As the adapter loads it, which then finds it loaded.
  createRequire(import.meta.url)("@aws-sdk/client-ec2")
  const provider = aws(awsOptions(url))
  const root = mkdtempSync(join(tmpdir(), "muster-bench-"))
  process.once("exit", () => rmSync(root, { recursive: true, force: true }))
  const cluster = new Cluster(
    { provider, instanceType: INSTANCE_TYPE, startup: STARTUP },
    { journal: join(root, "journal") },
  )
  let launching = false
  const hear = () => {
    launching = true
  }
  // Events that nobody hears cost nothing: a burst is measured without.
  if (measure === "first-launch") cluster.on("launch-started", hear)
  const act = async () => {
    await cluster.scale(count)
    await cluster.close()
  }
  return {
    act,
    firstCall: () => provider.list({ cluster: "none" }, bareCalls({ clock: systemClock })),
    isLaunching: () => launching,
  }
}

function ready(errand: Errand): Promise<Ready> {
  return errand.side === "raw" ? readyRaw(errand) : readyMuster(errand)
}

async function burst(errand: Errand): Promise<Burst> {
  const loading = stopwatch()
  const { act, firstCall } = await ready(errand)
  const loadMs = millisecondsSince(loading)
  const calling = stopwatch()
  await firstCall()
  const firstCallMs = millisecondsSince(calling)
  const { calls, refusedOf } = await countCalls()
  const effort = await effortOf(act)
  return { loadMs, firstCallMs, ...effort, calls, refused: refusedOf() }
}

/** Counts what goes through the SDK from now on, whoever made the client. */
async function countCalls(): Promise<{ calls: Readonly<Record<string, number>>; refusedOf: () => number }> {
  const { EC2Client } = await import("@aws-sdk/client-ec2")
  const calls: Record<string, number> = {}
  let refused = 0
  const send = EC2Client.prototype.send as (this: object, command: object, options?: object) => Promise<unknown>
  async function counting(this: object, command: object, options?: object): Promise<unknown> {
    const action = command.constructor.name.replace(/Command$/, "")
    calls[action] = (calls[action] ?? 0) + 1
    try {
      return await send.call(this, command, options)
    } catch (error) {
      refused += 1
      throw error
    }
  }
  EC2Client.prototype.send = counting as typeof EC2Client.prototype.send
  return { calls, refusedOf: () => refused }
}

/** How long until the first RunInstances leaves this process. Muster reads the type's size before it. */
async function firstLaunch(errand: Errand): Promise<{ readonly ms: number }> {
  const { act, isLaunching } = await ready(errand)
  let ms: number | undefined
  const begun = stopwatch()
  subscribe("http.client.request.start", () => {
    if (isLaunching()) ms ??= millisecondsSince(begun)
  })
  await act()
  return { ms: ms ?? Number.NaN }
}

/** When `scale` has said that all run, in milliseconds since 1970. The account's limits are out of the way: boots count. */
async function confirmation({ url, count }: Errand): Promise<{ readonly at: number }> {
  const { Cluster } = await import("../../../src/index.js")
  const { aws } = await import("../../../providers/aws/index.js")
  const provider = aws(wideOptions(url))
  const unlimited = { ...provider, limits: { ...provider.limits, buckets: {} } }
  const cluster = new Cluster(
    { provider: unlimited, instanceType: INSTANCE_TYPE, startup: STARTUP },
    { journal: false },
  )
  try {
    await cluster.scale(count)
    return { at: systemClock.now() }
  } finally {
    await cluster.close()
  }
}

const MEASURES = { burst, confirmation, "first-launch": firstLaunch } as const

const errand = JSON.parse(process.argv[2] ?? "") as Errand
console.log(JSON.stringify(await MEASURES[errand.measure](errand)))
