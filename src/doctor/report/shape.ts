/** Shape: whether what a report says is of the kinds that it must be of; somebody may have changed its file. Pure. */
import type { WalkReport } from "./format.js"
import { isLikeText } from "./likeness.js"

type Fields = Readonly<Record<string, unknown>>
type Is = (value: unknown) => boolean

const isText: Is = (value) => typeof value === "string"
const isNumber: Is = (value) => typeof value === "number" && Number.isFinite(value)
const isMoment: Is = (value) => value === null || isNumber(value)
const isFlag: Is = (value) => typeof value === "boolean"
const isVerdict: Is = (value) => value === "confirmed" || value === "refuted" || value === "not seen"

function listOf(is: Is): Is {
  return (value) => Array.isArray(value) && value.every(is)
}

/** With these fields, and perhaps others. */
function withAll(fields: Readonly<Record<string, Is>>): Is {
  return (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(fields).every(([name, is]) => is((value as Fields)[name]))
}

const isTexts: Is = (value) => withAll({})(value) && Object.values(value as Fields).every(isText)
const isSeen = withAll({ held: isFlag, words: isText, at: isNumber, exchanges: listOf(isNumber) })

/** Names of a report's members, each with what it must be. */
const SHAPES: Readonly<Partial<Record<keyof WalkReport, Is>>> = {
  assumptions: listOf(
    withAll({
      ...{ id: isText, says: isText, source: isText, basis: isText, verdict: isVerdict },
      ...{ code: listOf(isText), seen: listOf(isSeen) },
    }),
  ),
  machines: listOf(
    withAll({
      ...{ wave: isText, number: isNumber, market: isText, zone: isText, instanceType: isText, sent: isNumber },
      ...{ running: isMoment, booted: isMoment, ended: isMoment, gone: isMoment },
    }),
  ),
  markets: listOf(isText),
  problems: listOf(isText),
  notes: listOf(isText),
  left: listOf(isText),
  lines: listOf(withAll({ status: isText, check: isText, text: isText })),
  requests: listOf(withAll({ api: isText, method: isText, url: isNumber, headers: isNumber })),
  answers: listOf(withAll({ status: isNumber, headers: isNumber })),
  bodies: listOf(listOf(isNumber)),
  texts: (value) => Array.isArray(value) && value.every(isLikeText),
  exchanges: listOf(withAll({ at: isNumber, ms: isNumber, request: isNumber })),
  usd: withAll({ estimate: isNumber, spent: isNumber }),
  versions: withAll({ muster: isText, node: isText, system: isText, packages: isTexts }),
}

/** The names of what is of another kind; undefined where all is as it must be. */
export function brokenIn(report: WalkReport): string | undefined {
  const broken = Object.entries(SHAPES).filter(([name, is]) => !is((report as unknown as Fields)[name]))
  return broken.length === 0 ? undefined : broken.map(([name]) => name).join(", ")
}
