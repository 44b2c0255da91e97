/** Rims of servers that answer some requests otherwise: by failures, or by anything at all. By a seed. */
import { seededRandom } from "../../../src/calls/clock.js"
import type { World } from "../../../src/simulator/index.js"
import type { HttpProtocol, HttpReply } from "../../../src/simulator/requests/http-server.js"
import { WorldError } from "../../../src/simulator/requests/world-error.js"

const DAY_MS = 24 * 3_600_000

/** What is answered in place of what a cloud would. */
export interface Anything {
  /** Answers as they are. */
  readonly whole: readonly HttpReply[]
  /** What stands in the place of a part of an answer. */
  readonly values: readonly unknown[]
}

export type Rim = (protocol: HttpProtocol, world: World) => HttpProtocol

/** A share of the requests is answered by one of these failures, whether or not what they asked for was done. */
export function failing(all: readonly HttpReply[], seed: number, share: number): Rim {
  const random = seededRandom(seed)
  return (protocol, { clock }) => ({
    ...protocol,
    begin: (request) => {
      const exchange = protocol.begin(request)
      if (random() >= share) return exchange
      const [isDone, kind] = [random() < 0.5, random()]
      const answer = async (signal: AbortSignal): Promise<HttpReply> => {
        if (isDone) await exchange.answer(signal)
        if (kind < 0.1) await clock.serve(DAY_MS, signal)
        if (kind < 0.3) throw new WorldError("lost", { code: "Lost", message: "lost" })
        return all[Math.floor(random() * all.length)] as HttpReply
      }
      return { ...exchange, answer }
    },
  })
}

/** @param share of requests that are answered by anything. */
export function spoiling({ whole, values }: Anything, seed: number, share: number): Rim {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const spoilt = (reply: HttpReply): HttpReply => {
    const { body = "" } = reply
    if (body === "" || random() < 0.2) return { ...reply, body: body.slice(0, Math.floor(body.length * random())) }
    return {
      ...reply,
      body: body.startsWith("{") ? JSON.stringify(changed(JSON.parse(body), values, pick, random)) : "{}",
    }
  }
  return (protocol, { clock }) => ({
    ...protocol,
    begin: (request) => {
      const exchange = protocol.begin(request)
      const dice = random()
      if (dice >= share) return exchange
      const kind = dice / share
      const answer = async (signal: AbortSignal): Promise<HttpReply> => {
        // Nothing of what was asked for is done.
        if (kind < 0.45) return pick(whole)
        if (kind < 0.5) await clock.serve(DAY_MS, signal)
        const reply = await exchange.answer(signal)
        if (kind < 0.6) throw new WorldError("lost", { code: "Lost", message: "lost" })
        return spoilt(reply)
      }
      return { ...exchange, answer }
    },
  })
}

/** A value with one of its parts, wherever it stands, replaced by another. */
function changed(
  value: unknown,
  values: readonly unknown[],
  pick: <T>(list: readonly T[]) => T,
  random: () => number,
): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(values)
  const keys = Object.keys(value)
  if (keys.length === 0) return pick(values)
  const key = pick(keys)
  const next = changed((value as Readonly<Record<string, unknown>>)[key], values, pick, random)
  if (Array.isArray(value)) return value.map((item: unknown, at) => (String(at) === key ? next : item))
  return { ...value, [key]: next }
}
