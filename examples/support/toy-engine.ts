/** A complete engine, for the toy scheduler of toy-scheduler.ts. docs/write-an-engine.md explains it step by step. */
import { randomBytes } from "node:crypto"
import * as muster from "muster-vms"
import { headProgram, workerProgram } from "./toy-scheduler.js"

const TOKEN = "TOY_TOKEN"
/** What a head that is well takes at most for an answer, in milliseconds. */
const ANSWER_MS = 10_000
const INSTALL = "command -v node >/dev/null || { apt-get update -q && apt-get install -yq nodejs; }"

interface Asked {
  readonly url: string
  readonly token: string
  readonly body: object
  readonly signal: AbortSignal
}

/** One question and its answer. */
async function ask<T>({ url, token, body, signal }: Asked): Promise<T> {
  const request = { method: "POST", headers: { token }, body: JSON.stringify(body), signal }
  const answer = await fetch(url, request).catch((cause: unknown) => {
    throw new muster.TransientError(`asking the toy head: ${String(cause)}`, { cause })
  })
  if (answer.status === 401) throw new muster.AuthError("asking the toy head: this is not its token")
  if (!answer.ok) throw new muster.TransientError(`asking the toy head: it answers ${answer.status}`)
  return (await answer.json()) as T
}

/**
 * An engine whose workers run shell lines.
 *
 * @param port of the head: another one for each head that runs on the same machine with other addresses.
 */
export function toyEngine({ port = 7411 }: { readonly port?: number } = {}): muster.Engine {
  const secrets = { [TOKEN]: { make: () => randomBytes(24).toString("hex") } }
  const askHead = async <T>(head: muster.EngineHead, path: string, body: object): Promise<T> => {
    const at = await head.reach(port)
    const signal = AbortSignal.any([head.signal, AbortSignal.timeout(ANSWER_MS)])
    return ask({ url: `http://${at.host}:${at.port}/${path}`, token: await head.secret(TOKEN), body, signal })
  }
  return {
    ...{ name: "toy", ports: { scheduler: port }, recipe: { port } },
    head: () => ({ setup: INSTALL, startup: headProgram(port), secrets }),
    worker: () => ({ setup: INSTALL, startup: workerProgram(port), secrets }),
    state: (head) => askHead(head, "state", {}),
    drain: (head, names) => askHead(head, "drain", { names }),
    client: async (head, { scheduler }) => {
      const address = `http://127.0.0.1:${scheduler}`
      return { address, environment: { TOY_ADDRESS: address, [TOKEN]: await head.secret(TOKEN) } }
    },
  }
}

/** What each line printed, in their order. */
export function runLines({ address, environment }: muster.EngineClient, lines: readonly string[]) {
  const signal = AbortSignal.timeout(600_000)
  return ask<readonly string[]>({ url: `${address}/run`, token: environment[TOKEN] ?? "", body: { lines }, signal })
}
