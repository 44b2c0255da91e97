/** The switches by which the wire breaks one assumption at a time; those about guests are the guests' own. */
import type { HttpProtocol } from "../../../../src/simulator/requests/http-server.js"
import { type LieMode, lying } from "../../../../src/simulator/requests/lies.js"
import { ENDING } from "./ending.js"
import { LAUNCHING } from "./launching.js"
import { OBSERVING } from "./observing.js"
import type { MakeLie } from "./rim.js"

export const LIES: Readonly<Record<string, MakeLie>> = { ...LAUNCHING, ...OBSERVING, ...ENDING }

/** Which assumption the wire breaks, and how. */
export interface GceLie {
  /** One of the ids of `LIES`. */
  readonly breaks: string
  readonly mode: LieMode
}

const FAILURE = {
  status: 500,
  headers: { "content-type": "application/json; charset=UTF-8" },
  body: JSON.stringify({
    error: {
      code: 500,
      message: "Internal error. Please try again or contact Google Support.",
      errors: [{ message: "Internal error.", domain: "global", reason: "internalError" }],
    },
  }),
}

/** @param lie left out: the protocol as it is. @throws for an assumption that has no switch. */
export function lyingAs(protocol: HttpProtocol, lie: GceLie | undefined): HttpProtocol {
  if (lie === undefined) return protocol
  const make = LIES[lie.breaks]
  if (make === undefined) throw new Error(`no lie breaks ${lie.breaks}`)
  return lying(protocol, { breaks: lie.breaks, ...make() }, { mode: lie.mode, failure: FAILURE })
}
