/**
 * Lies: what a wire answers otherwise than its cloud, for tests of programs that are to notice it. A lie breaks one assumption, at the
 * rim of the server: the world behind it stays as it is.
 */
import type { HttpExchange, HttpProtocol, HttpReply, HttpRequest } from "./http-server.js"

/** Whether the thing of this name (an instance, a token) is lied about. Things are counted as they are first asked about. */
export type IsBroken = (thing: string) => boolean

export interface Lie {
  /** The id of the assumption that it breaks. */
  readonly breaks: string
  /** The requests that it is about, and only these: they are the ones that fail where the lie hides behind a failure. */
  readonly about: (request: HttpRequest) => boolean
  /** The request that the world gets in the place of this one. */
  readonly ask?: (request: HttpRequest, isBroken: IsBroken) => HttpRequest
  /** The answer in the place of the world's. */
  readonly tell?: (reply: HttpReply, request: HttpRequest, isBroken: IsBroken) => HttpReply
}

/**
 * `always`: each time. `late`: from the third thing on. `once`: of three things only the second. `hidden`: what the lie is about is
 * answered by a failure.
 */
export const LIE_MODES = ["always", "late", "once", "hidden"] as const
export type LieMode = (typeof LIE_MODES)[number]

/** Counts things, and tells which of them are lied about. */
export function brokenBy(mode: LieMode): IsBroken {
  const things = new Map<string, number>()
  return (thing) => {
    const at = things.get(thing) ?? things.size
    things.set(thing, at)
    return mode === "always" || (mode === "late" ? at >= 2 : mode === "once" && at === 1)
  }
}

/** The same protocol with this lie. @param failure the answer behind which a lie hides: an HTTP 500 of this cloud. */
export function lying(
  protocol: HttpProtocol,
  { about, ask, tell }: Lie,
  {
    mode,
    failure,
    isBroken = brokenBy(mode),
  }: { readonly mode: LieMode; readonly failure: HttpReply; readonly isBroken?: IsBroken },
): HttpProtocol {
  return {
    ...protocol,
    begin: (request) => {
      if (!about(request)) return protocol.begin(request)
      if (mode === "hidden") return failing(failure)
      const exchange = protocol.begin(ask?.(request, isBroken) ?? request)
      const told = (reply: HttpReply) => tell?.(reply, request, isBroken) ?? reply
      return {
        ...exchange,
        answer: async (signal) => told(await exchange.answer(signal)),
        refuse: (error) => told(exchange.refuse(error)),
      }
    },
  }
}

function failing(failure: HttpReply): HttpExchange {
  const { headers, body = "" } = failure
  return { answer: () => Promise.resolve(failure), refuse: () => failure, whole: () => ({ headers, body }) }
}
