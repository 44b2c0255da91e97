/** A second opinion: the model that Debian's python3-botocore ships. It is of 2022, so what came later is listed. */
import { existsSync, readFileSync } from "node:fs"
import { capitalised, type Member, type Model, membersOf, memo, once, type Shape, type TextType } from "./model.js"

const FILE = "/usr/lib/python3/dist-packages/botocore/data/ec2/2016-11-15/service-2.json"

/** Why the second opinion cannot be had here; undefined when it can. */
export const botocoreAbsent = existsSync(FILE)
  ? undefined
  : `${FILE} is not installed (apt-get install python3-botocore)`

/** Newer than the model of 2022. */
const EXCEPTIONS: readonly string[] = [
  // Types launched since: m7i, c7i, r7i, g6 and others.
  "InstanceType",
  // "capacity-block", of 2023.
  "MarketType",
  // Of 2025.
  "TerminateInstancesRequest.SkipOsShutdown",
]

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

export function botocoreModel(): Model {
  const { operations, shapes } = JSON.parse(readFileSync(FILE, "utf8")) as Service
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
    source: "botocore's EC2 model of 2022",
    exceptions: new Set(EXCEPTIONS),
    operation: memo((action) => {
      const operation = operations[action]
      if (operation === undefined) return undefined
      const of = (ref: Ref | undefined) => (ref === undefined ? EMPTY : named(ref.shape))
      return { input: of(operation.input), output: of(operation.output) }
    }),
  }
}

function memberOf(name: string, ref: Ref, named: (name: string) => Shape): Member {
  const xmlName = ref.locationName ?? name
  return { name, xmlName, queryName: ref.queryName ?? capitalised(xmlName), shape: () => named(ref.shape) }
}
