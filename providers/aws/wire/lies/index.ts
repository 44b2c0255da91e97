/** Lies: what this EC2 answers otherwise than EC2, one for each assumption that a walk tries and that no guest breaks. */
import type { World } from "../../../../src/simulator/index.js"
import type { HttpProtocol } from "../../../../src/simulator/requests/http-server.js"
import { type LieMode, lying } from "../../../../src/simulator/requests/lies.js"
import { ENDS } from "./ends.js"
import { LAUNCHES } from "./launches.js"
import type { Lies } from "./lie-of.js"
import { LISTS } from "./lists.js"
import { REQUESTS } from "./requests.js"
import { FAILURE } from "./rim.js"

export const LIES: Lies = { ...LAUNCHES, ...LISTS, ...ENDS, ...REQUESTS }

/** The same protocol, which breaks one assumption. @throws RangeError for one that nothing here breaks. */
export function lyingAbout(
  protocol: HttpProtocol,
  world: World,
  { breaks, mode }: { readonly breaks: string; readonly mode: LieMode },
): HttpProtocol {
  const make = LIES[breaks]
  if (make === undefined) throw new RangeError(`no lie breaks ${breaks}`)
  return lying(protocol, { breaks, ...make(world) }, { mode, failure: FAILURE })
}
