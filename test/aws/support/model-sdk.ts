/** The model inside the installed SDK: its runtime schemas, and its type declarations for which members are enums. */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { capitalised, type Model, membersOf, memo, once, type Shape, type TextType } from "./model.js"

interface Traits {
  readonly xmlName?: string
  readonly ec2QueryName?: string
}

/** The part of @smithy/core's NormalizedSchema that reads a schema. */
interface Schema {
  getName(): string | undefined
  getMergedTraits(): Traits
  getValueSchema(): Schema
  structIterator(): Iterable<[string, Schema]>
  isStructSchema(): boolean
  isListSchema(): boolean
  isNumericSchema(): boolean
  isBooleanSchema(): boolean
  isTimestampSchema(): boolean
  isBlobSchema(): boolean
}

const require = createRequire(import.meta.url)

export function sdkModel(): Model {
  const sdk = require("@aws-sdk/client-ec2") as Record<string, unknown>
  const { NormalizedSchema } = require("@smithy/core/schema") as { NormalizedSchema: { of(schema: unknown): Schema } }
  const { version } = require("@aws-sdk/client-ec2/package.json") as { version: string }
  const enums = memberEnums(sdk)
  const shapes = new Map<string, Shape>()
  const shapeOf = (schema: Schema, enumValues?: ReadonlySet<string>): Shape => {
    if (schema.isListSchema()) return listOf(schema, (item) => shapeOf(item, enumValues))
    if (!schema.isStructSchema()) return textOf(schema, enumValues)
    const name = schema.getName()?.split("#").at(-1) ?? ""
    const known =
      shapes.get(name) ?? structOf(name, schema, (member, at) => shapeOf(member, enums.get(`${name}.${at}`)))
    shapes.set(name, known)
    return known
  }
  return {
    source: `@aws-sdk/client-ec2 ${version}`,
    exceptions: new Set(),
    operation: memo((action) => {
      const operation = sdk[`${action}$`] as
        | readonly [number, string, string, number, () => unknown, () => unknown]
        | undefined
      if (operation === undefined) return undefined
      return {
        input: shapeOf(NormalizedSchema.of(operation[4]())),
        output: shapeOf(NormalizedSchema.of(operation[5]())),
      }
    }),
  }
}

function structOf(name: string, schema: Schema, shapeOf: (schema: Schema, member: string) => Shape): Shape {
  const read = () =>
    [...schema.structIterator()].map(([member, inner]) => {
      const { xmlName = member, ec2QueryName = capitalised(xmlName) } = inner.getMergedTraits()
      return { name: member, queryName: ec2QueryName, xmlName, shape: once(() => shapeOf(inner, member)) }
    })
  return { kind: "struct", name, members: once(() => membersOf(read())) }
}

function listOf(schema: Schema, shapeOf: (item: Schema) => Shape): Shape {
  const item = schema.getValueSchema()
  return { kind: "list", itemName: item.getMergedTraits().xmlName ?? "member", item: once(() => shapeOf(item)) }
}

function textOf(schema: Schema, values: ReadonlySet<string> | undefined): Shape {
  const type: TextType = schema.isNumericSchema()
    ? "number"
    : schema.isBooleanSchema()
      ? "boolean"
      : schema.isTimestampSchema()
        ? "timestamp"
        : schema.isBlobSchema()
          ? "blob"
          : "string"
  return { kind: "text", name: schema.getName() ?? type, type, ...(values === undefined ? {} : { values }) }
}

/** "Instance.Architecture" and its values: schemas do not tell, declarations do. */
function memberEnums(sdk: Record<string, unknown>): ReadonlyMap<string, ReadonlySet<string>> {
  const folder = join(dirname(require.resolve("@aws-sdk/client-ec2/package.json")), "dist-types/models")
  const found = new Map<string, ReadonlySet<string>>()
  for (const file of readdirSync(folder).filter((name) => /^models_\d+\.d\.ts$/.test(name))) {
    let owner = ""
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      owner = /^export interface (\w+)/.exec(line)?.[1] ?? owner
      const [, member, type = ""] = /^ {4}(\w+)\??: (\w+)(?:\[\])?(?: \| undefined)?;$/.exec(line) ?? []
      const values = sdk[type]
      if (member !== undefined && isEnum(values)) found.set(`${owner}.${member}`, new Set(Object.values(values)))
    }
  }
  return found
}

function isEnum(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string")
  )
}
