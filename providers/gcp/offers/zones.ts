/** The zones that may be used. */
import { AuthError, RejectedError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Send } from "../client/send.js"
import { lastPart } from "../client/native.js"
import type { GcpOptions } from "../options.js"

export type ZonesOf = (calls: Calls) => Promise<readonly string[]>

/**
 * Those that were named; else all of the region, which are asked for once for each provider object: they are as much a part
 * of where it is connected to as its address, and every list needs them.
 */
export function zonesOf(send: Send, { region, zones }: Pick<GcpOptions, "region" | "zones">): ZonesOf {
  let known = zones
  return async (calls) => {
    calls.signal.throwIfAborted()
    known ??= await readZones(send, region, calls)
    return known
  }
}

const readZones = sharedRead(async (send: Send, region: string, calls: Calls): Promise<readonly string[]> => {
  const what = `reading the zones of ${region}`
  try {
    const { zones = [] } = await send(calls, "regions.get", { what, message: { region }, fields: "name,zones" })
    // Of no zones every list would be complete, and empty.
    if (zones.length === 0)
      throw new RejectedError(`${what}: it has none; name them: gcp({ zones: ["${region}-a", …] })`)
    return zones.map(lastPart).sort()
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    throw new AuthError(`${error.message}; or name the zones: gcp({ zones: ["${region}-a", …] })`, {
      code: error.code,
      cause: error,
    })
  }
})
