/** A second opinion: the EC2 model of the newest botocore that is installed here, Debian's of 2022 if there is no other. */
import { existsSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { type Botocore, isBefore, newestBotocore } from "./botocore.js"
import { capitalised, type Member, type Model, membersOf, memo, once, type Shape, type TextType } from "./model.js"

const FOUND = newestBotocore()

/** Why the second opinion cannot be had here; undefined when it can. */
export const botocoreAbsent =
  FOUND === undefined
    ? "botocore is not installed (apt-get install python3-botocore, or pip install botocore)"
    : undefined

/** What Debian's model of 2022 does not know; the first version whose model knows all of it. */
const EXCEPTIONS: readonly string[] = [
  // Types launched since: m7i, c7i, r7i, g6 and others.
  "InstanceType",
  // "capacity-block", of 2023.
  "MarketType",
  // Of 2025.
  "TerminateInstancesRequest.SkipOsShutdown",
]
const KNOWS_ALL = [1, 43, 0] as const

interface Ref {
  readonly shape: string
  readonly locationName?: string
  readonly queryName?: string
}

interface Native {
  readonly type: string
  readonly enum?: readonly string[]
  readonly members?: Readonly<Record<string, Ref>>
  readonly member?: Ref
}

interface Service {
  readonly operations: Readonly<Record<string, { readonly input?: Ref; readonly output?: Ref }>>
  readonly shapes: Readonly<Record<string, Native>>
}

const TYPES: Readonly<Record<string, TextType>> = {
  integer: "number",
  long: "number",
  float: "number",
  double: "number",
  boolean: "boolean",
  timestamp: "timestamp",
  blob: "blob",
}

const EMPTY: Shape = { kind: "struct", name: "", members: once(() => membersOf([])) }

/** @throws Error when there is none: see `botocoreAbsent`. */
export function botocoreModel(): Model {
  if (FOUND === undefined) throw new Error(botocoreAbsent)
  const { operations, shapes } = serviceOf(FOUND)
  const named: (name: string) => Shape = memo((name) => {
    const native = shapes[name]
    if (native?.members !== undefined) {
      const members = Object.entries(native.members)
      return {
        kind: "struct",
        name,
        members: once(() => membersOf(members.map(([key, ref]) => memberOf(key, ref, named)))),
      }
    }
    const item = native?.member
    if (item !== undefined)
      return { kind: "list", itemName: item.locationName ?? "item", item: () => named(item.shape) }
    const type = TYPES[native?.type ?? ""] ?? "string"
    return { kind: "text", name, type, ...(native?.enum === undefined ? {} : { values: new Set(native.enum) }) }
  })
  return {
    source: `the EC2 model of botocore ${FOUND.version.join(".")}`,
    exceptions: new Set(isBefore(FOUND.version, KNOWS_ALL) ? EXCEPTIONS : []),
    operation: memo((action) => {
      const operation = operations[action]
      if (operation === undefined) return undefined
      const of = (ref: Ref | undefined) => (ref === undefined ? EMPTY : named(ref.shape))
      return { input: of(operation.input), output: of(operation.output) }
    }),
  }
}

/** Packed since 1.29; Debian unpacks it. */
function serviceOf({ directory }: Botocore): Service {
  const file = `${directory}/data/ec2/2016-11-15/service-2.json`
  const text = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`))
  return JSON.parse(text.toString("utf8")) as Service
}

function memberOf(name: string, ref: Ref, named: (name: string) => Shape): Member {
  const xmlName = ref.locationName ?? name
  return { name, xmlName, queryName: ref.queryName ?? capitalised(xmlName), shape: () => named(ref.shape) }
}
