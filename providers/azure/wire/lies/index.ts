/** Lies: a switch for each assumption that this cloud can break; what lives in guests is theirs to break. For tests of walks. */
import type { HttpReply } from "../../../../src/simulator/requests/http-server.js"
import type { Lie } from "../../../../src/simulator/requests/lies.js"
import { bodyOf } from "../client/refusals.js"
import { ENDING } from "./ending.js"
import { LAUNCHING } from "./launching.js"
import { OBSERVING } from "./observing.js"
import type { Switch } from "./rim.js"

const SWITCHES: readonly Switch[] = [...LAUNCHING, ...OBSERVING, ...ENDING]

/** The ids of the assumptions that have a switch. */
export const LIES: readonly string[] = SWITCHES.map(({ breaks }) => breaks)

/** Behind it a lie hides. */
export const FAILURE: HttpReply = {
  status: 500,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(bodyOf("InternalServerError", "Encountered an internal server error.")),
}

/** @throws RangeError where nothing here breaks it. */
export function lieAbout(breaks: string): Lie {
  const found = SWITCHES.find((one) => one.breaks === breaks)
  if (found === undefined) throw new RangeError(`no switch of this wire breaks ${breaks}`)
  return { breaks, ...found.make() }
}
