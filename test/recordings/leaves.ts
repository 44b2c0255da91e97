/** Leaves: a request as a list of its values, each with the place where it stands, so that two requests can be laid side by side. */
import { decoded, jsonOf } from "../../src/doctor/report/redact/bodies.js"

export interface Leaf {
  readonly place: string
  readonly value: string
}

export interface Asked {
  readonly method: string
  /** With or without an origin. */
  readonly url: string
  readonly body: string
}

/** Also headers would tell requests apart; none that Muster sends does. */
export function leavesOf({ method, url, body }: Asked): readonly Leaf[] {
  const [, path = "", query = ""] = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? []
  const segments = path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment, at) => ({ place: `/${at}`, value: decoded(segment) }))
  return [{ place: "method", value: method }, ...segments, ...pairsIn(query, "?"), ...bodyLeaves(body)]
}

function bodyLeaves(body: string): readonly Leaf[] {
  const json = /^\s*[{[]/.test(body) ? jsonOf(body) : undefined
  if (json !== undefined) return jsonLeaves(json.value, "")
  return /^[\w.]+=/.test(body) ? pairsIn(body, "&") : body === "" ? [] : [{ place: "body", value: body }]
}

function pairsIn(text: string, sign: string): readonly Leaf[] {
  return text
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", value = ""] = pair.split(/=(.*)/s)
      return { place: `${sign}${decoded(name)}`, value: decoded(value) }
    })
    .sort((a, b) => (a.place < b.place ? -1 : 1))
}

/** Names in maps are values too: they stand behind their number. */
function jsonLeaves(value: unknown, place: string): readonly Leaf[] {
  if (typeof value !== "object" || value === null) return [{ place, value: String(value) }]
  return Object.entries(value).flatMap(([name, inner], at) => {
    const isField = /^[a-z][A-Za-z]*$/.test(name)
    const inside = jsonLeaves(inner, `${place}.${isField ? name : at}`)
    return isField ? inside : [{ place: `${place}#${at}`, value: name }, ...inside]
  })
}

/** The same for requests of one kind: what is asked, and with which values named. */
export function shapeOf(leaves: readonly Leaf[]): string {
  return leaves.map(({ place }) => place).join(" ")
}
