/**
 * Replay: a server that answers as a recording has it, to the real adapter over a real socket. A request gets the next answer to one like
 * it; the last of them is repeated. What the player has drawn anew (tokens, names, moments) is put in the place of what was recorded.
 */
import { createServer } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { type Certificate, makeCertificate } from "../../providers/azure/wire/client/certificate.js"
import type { Clock } from "../../src/calls/clock.js"
import { exchangesOf } from "../../src/doctor/report/packing.js"
import type { WalkReport } from "../../src/doctor/report/format.js"
import type { Exchange, ReceivedAnswer } from "../../src/provider.js"
import {
  type HttpProtocol,
  type HttpReply,
  type HttpRequest,
  listen,
  listenerOf,
} from "../../src/simulator/requests/http-server.js"
import { WorldError } from "../../src/simulator/requests/world-error.js"
import { Bindings } from "./bindings.js"
import { type Leaf, leavesOf, shapeOf } from "./leaves.js"

export interface Replay {
  readonly url: string
  /** PEM: what a client must trust where the cloud is asked over HTTPS alone. */
  readonly ca: string
  /** Requests of which the recording has none like them: "POST /path". */
  readonly unknown: readonly string[]
  /** How many exchanges the recording has. */
  readonly size: number
  /** Exchanges of the recording that nobody has asked for. */
  unplayed(): readonly Exchange[]
  close(): Promise<void>
}

interface Kept {
  readonly exchange: Exchange
  readonly leaves: readonly Leaf[]
  isPlayed: boolean
}

/** @param report a report of a live walk, which is its recording. @param clock by which answers take as long as they took. */
export async function replay(report: WalkReport, clock: Clock, port = 0): Promise<Replay> {
  const kept = exchangesOf(report)
    .map((exchange): Kept => ({ exchange, leaves: leavesOf(exchange.request), isPlayed: false }))
    .sort((a, b) => a.exchange.at - b.exchange.at || a.exchange.number - b.exchange.number)
  const player = { kept: byShape(kept), bindings: new Bindings(), unknown: [], origins: originsIn(kept), url: "" }
  const isSecure = report.provider === "azure"
  const certificate: Certificate = isSecure ? makeCertificate() : { key: "", cert: "" }
  const listener = listenerOf(protocolOf(player, clock))
  const server = isSecure
    ? createSecureServer({ key: certificate.key, cert: certificate.cert }, listener)
    : createServer(listener)
  const { url, close } = await listen(server, { protocol: isSecure ? "https" : "http", port })
  player.url = url
  const unplayed = () => kept.filter(({ isPlayed }) => !isPlayed).map(({ exchange }) => exchange)
  return { url, ca: certificate.cert, unknown: player.unknown, size: kept.length, unplayed, close }
}

interface Player {
  readonly kept: ReadonlyMap<string, readonly Kept[]>
  readonly bindings: Bindings
  readonly unknown: string[]
  /** Where requests went, of which answers may have addresses. */
  readonly origins: readonly string[]
  url: string
}

function byShape(kept: readonly Kept[]): ReadonlyMap<string, readonly Kept[]> {
  const shapes = new Map<string, Kept[]>()
  for (const one of kept) {
    const shape = shapeOf(one.leaves)
    shapes.set(shape, [...(shapes.get(shape) ?? []), one])
  }
  return shapes
}

function originsIn(kept: readonly Kept[]): readonly string[] {
  return [...new Set(kept.flatMap(({ exchange }) => /^https?:\/\/[^/?#]+/.exec(exchange.request.url) ?? []))]
}

function protocolOf(player: Player, clock: Clock): HttpProtocol {
  return {
    date: () => new Date(clock.now()).toUTCString(),
    begin: (request) => ({
      answer: async (signal) => {
        const found = next(player, request)
        if (found === undefined) return { status: 501, headers: {}, body: "the recording has nothing like it" }
        await clock.serve(found.ms, signal)
        if (found.answer === undefined)
          throw new WorldError("lost", { code: "lost", message: "no answer was recorded" })
        return replyOf(player, found.answer)
      },
      refuse: (error) => ({ status: 500, headers: {}, body: String(error) }),
      whole: () => ({ headers: {}, body: "" }),
    }),
  }
}

/** The next exchange whose request is most like this one; where all of them have been played, the last of them. */
function next(player: Player, { method, target, text }: HttpRequest): Exchange | undefined {
  const live = leavesOf({ method, url: target, body: text })
  const alike = (player.kept.get(shapeOf(live)) ?? []).flatMap((kept) => {
    const likeness = player.bindings.likeness(kept.leaves, live)
    return likeness === undefined ? [] : [{ kept, likeness }]
  })
  const most = Math.max(...alike.map(({ likeness }) => likeness))
  const best = alike.filter(({ likeness }) => likeness === most).map(({ kept }) => kept)
  const found = best.find(({ isPlayed }) => !isPlayed) ?? best.at(-1)
  if (found === undefined) {
    player.unknown.push(`${method} ${target} ${text.slice(0, 200)}`)
    return undefined
  }
  found.isPlayed = true
  player.bindings.bind(found.leaves, live)
  return found.exchange
}

function replyOf({ bindings, origins, url }: Player, { status, headers, body }: ReceivedAnswer): HttpReply {
  const here = (text: string) => origins.reduce((told, origin) => told.replaceAll(origin, url), text)
  const told = Object.entries(headers).map(([name, value]) => [name, here(bindings.text(value))])
  const type = headers["content-type"] ?? ""
  return {
    status,
    headers: Object.fromEntries(told) as Record<string, string>,
    body: here(bindings.answer(body, type)),
  }
}
