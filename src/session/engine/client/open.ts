/** Open: `client` of a cluster. What carries it out is loaded at first use. */
import type * as Zod from "zod"
import { RejectedError } from "../../../errors.js"
import { parseOptions, type Z } from "../../../input/parse.js"
import { durationMs, durationSchema } from "../../../spec/duration.js"
import { signalSchema } from "../../../verbs/verbs.js"
import type { Working } from "../../work/mapping.js"
import type { ClientOptions, ClusterClient } from "./types.js"

const TIMEOUT_MS = 10 * 60_000

const clientSchema = (z: Z): Zod.ZodType => {
  const port = z.int("use a whole number").min(1, "use 1 to 65535").max(65_535, "use 1 to 65535").optional()
  return z.strictObject({
    ports: z.strictObject({ scheduler: port, dashboard: port }).optional(),
    timeout: durationSchema(z).optional(),
    signal: signalSchema(z).optional(),
  })
}

export async function clientIn(working: Working, options: ClientOptions): Promise<ClusterClient> {
  const { name, clock, session, opened, isScaling, checkOpen } = working
  parseOptions("client", clientSchema, options)
  checkOpen()
  const noHead = () => new RejectedError(`"${name}" has no head yet; scale it first, or attach to it`)
  if (session() === undefined && !isScaling()) throw noHead()
  const open = session() ?? (await opened(options.signal))
  if (open === undefined) throw noHead()
  const { openClient } = await clock.busy("loading the library", import("./client.js"))
  return openClient(open.fleet, {
    ports: options.ports ?? {},
    timeoutMs: durationMs(options.timeout ?? "") ?? TIMEOUT_MS,
    signal: options.signal,
    ...{ checkOpen, isScaling },
  })
}
