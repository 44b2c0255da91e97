/** Routes: what is asked of the head over HTTP, each request with a deadline. */
import { systemClock } from "../../calls/clock.js"
import { AuthError, TransientError } from "../../errors.js"
import type { EngineHead, EngineState } from "../engine.js"
import { SECRETS } from "./boot/shell.js"
import type { DaskConfig } from "./config.js"
import type { Versions } from "./versions.js"

/** A head with hundreds of workers answers within 50 ms, but a scheduler with a large graph to read may take seconds. */
const DEADLINE_MS = 15_000

/** For so long one request waits for members to leave: a connection that falls silent is found out, and the request made again. */
const DRAIN_S = 10

/** Between requests to a head that cannot drain by itself. */
const PAUSE_MS = 500

interface Answer {
  readonly status: number
  readonly body: string
}

interface HeadState {
  readonly workers: readonly {
    readonly name: string
    readonly status: string
    readonly processing: number
    readonly bytes: number
  }[]
  readonly desired: number
  readonly tasks: Readonly<Record<string, number>>
  readonly idle: number
  readonly versions: Versions
}

/** What Dask's own routes tell, where ours found no place. */
interface StockWorkers {
  readonly workers: readonly { readonly name: string | number; readonly address: string }[]
}

/** States of a worker that is there no longer. */
const GONE = new Set(["closing", "closed", "failed"])

/** Members, demand and idle time, in one request. @throws TransientError when the head does not answer. */
export async function readState(config: DaskConfig, head: EngineHead): Promise<EngineState> {
  const answer = await ask(config, head, "/muster/state")
  if (answer.status === 404) return readStockState(config, head)
  const { workers, desired, tasks, idle } = parsed<HeadState>(answer)
  return {
    members: workers
      .filter(({ status }) => !GONE.has(status))
      .map(({ name, processing, bytes }) => ({ name, isIdle: processing === 0, heldBytes: bytes })),
    demand: desired,
    idleMs: idle * 1000,
    tasks,
  }
}

/** Undefined where only Dask's own routes are there, which do not tell them. */
export async function readVersions(config: DaskConfig, head: EngineHead): Promise<Versions | undefined> {
  const answer = await ask(config, head, "/muster/state")
  return answer.status === 404 ? undefined : parsed<HeadState>(answer).versions
}

async function readStockState(config: DaskConfig, head: EngineHead): Promise<EngineState> {
  const { workers } = parsed<StockWorkers>(await ask(config, head, "/api/v1/get_workers"))
  const { workers: demand } = parsed<{ readonly workers: number }>(await ask(config, head, "/api/v1/adaptive_target"))
  const members = workers.map(({ name }) => ({ name: String(name), isIdle: false, heldBytes: 0 }))
  return { members, demand, idleMs: 0 }
}

/** @returns the names of those that have left, with nothing lost. */
export async function drainMembers(
  config: DaskConfig,
  head: EngineHead,
  names: readonly string[],
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const end = systemClock.now() + deadlineMs
  for (;;) {
    const seconds = Math.max(0.1, Math.min(DRAIN_S, (end - systemClock.now()) / 1000))
    const left = await drainOnce(config, head, names, { seconds, signal })
    // Whoever has left is ended while the others go on.
    if (left.length > 0 || systemClock.now() >= end) return left
  }
}

async function drainOnce(
  config: DaskConfig,
  head: EngineHead,
  names: readonly string[],
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const body = JSON.stringify({ names, seconds })
  const answer = await ask(config, head, "/muster/drain", { body, signal, deadlineMs: seconds * 1000 + DEADLINE_MS })
  if (answer.status !== 404) return parsed<{ readonly left: readonly string[] }>(answer).left
  const left = await retireByAddress(config, head, names, signal)
  if (left.length < names.length) await systemClock.sleep(PAUSE_MS, signal)
  return left
}

/** Dask's own route knows addresses alone. What a worker computes is begun anew elsewhere; what it holds is moved. */
async function retireByAddress(
  config: DaskConfig,
  head: EngineHead,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const here = async () => parsed<StockWorkers>(await ask(config, head, "/api/v1/get_workers", { signal })).workers
  const asked = new Set(names)
  const workers = (await here()).filter(({ name }) => asked.has(String(name))).map(({ address }) => address)
  if (workers.length > 0) {
    const body = JSON.stringify({ workers })
    parsed(
      await ask(config, head, "/api/v1/retire_workers", { body, signal, deadlineMs: DRAIN_S * 1000 + DEADLINE_MS }),
    )
  }
  const still = new Set((await here()).map(({ name }) => String(name)))
  return names.filter((name) => !still.has(name))
}

interface Asking {
  /** Sent by POST. */
  readonly body?: string
  readonly signal?: AbortSignal
  readonly deadlineMs?: number
}

async function ask(config: DaskConfig, head: EngineHead, path: string, asking: Asking = {}): Promise<Answer> {
  const { body, signal, deadlineMs = DEADLINE_MS } = asking
  const token = await head.secret(SECRETS.token)
  const { host, port } = await head.reach(config.dashboardPort)
  const ends = [head.signal, AbortSignal.timeout(Math.ceil(deadlineMs)), ...(signal === undefined ? [] : [signal])]
  try {
    const answer = await send({
      host,
      port,
      path,
      token,
      signal: AbortSignal.any(ends),
      ...(body === undefined ? {} : { body }),
    })
    if (answer.status === 401) {
      throw new AuthError(
        `asking Dask's head for ${path}: it does not know our token; this cluster's head was begun with another`,
      )
    }
    return answer
  } catch (cause) {
    head.signal.throwIfAborted()
    signal?.throwIfAborted()
    if (cause instanceof AuthError) throw cause
    const why =
      (cause as Error).name === "TimeoutError" ? `no answer within ${deadlineMs / 1000} s` : (cause as Error).message
    throw new TransientError(`asking Dask's head at ${head.address}:${config.dashboardPort} for ${path}: ${why}`, {
      cause,
    })
  }
}

interface Sending {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly token: string
  readonly body?: string
  readonly signal: AbortSignal
}

async function send({ host, port, path, token, body, signal }: Sending): Promise<Answer> {
  const { request } = await import("node:http")
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  }
  const method = body === undefined ? "GET" : "POST"
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path, method, headers, signal, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => (text += part))
      response.once("error", reject)
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    call.once("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error))
    call.end(body)
  })
}

function parsed<T>({ status, body }: Answer): T {
  const short = body.slice(0, 200)
  if (status !== 200) throw new TransientError(`Dask's head answered ${status}: ${short}`)
  try {
    return JSON.parse(body) as T
  } catch (cause) {
    throw new TransientError(`Dask's head answered what is no JSON: ${short}`, { cause })
  }
}
