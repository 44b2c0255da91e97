/**
 * Azure's model of its own resources, read from the `.d.ts` files of the SDK with the TypeScript API: members, which of
 * them must be given, which only Azure sets, and the values of enums. REST nests under `properties` what the SDK has flat;
 * for those there is an interface of the same name with "Properties" behind it.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import ts from "typescript"

interface Member {
  readonly type: ts.TypeNode
  readonly isRequired: boolean
  readonly isReadonly: boolean
}

export interface Model {
  /** "@azure/arm-compute 24.1.0" */
  readonly source: string
  /** Everything in `json` that a value of the interface may not have, or lacks. */
  check(json: unknown, name: string, direction: "request" | "reply"): readonly string[]
}

const FILES = [".", "common", "compute", "computeDisk", "computeSku"]

/** Lists that Azure itself calls incomplete: sizes come with every generation of hardware ("HardwareProfile.vmSize"). */
const OPEN_ENUMS = new Set(["VirtualMachineSizeTypes"])

export function sdkModel(sdkName: string): Model {
  const root = join(dirname(createRequire(import.meta.url).resolve(sdkName)), "..", "esm")
  const { version } = JSON.parse(readFileSync(join(root, "..", "..", "package.json"), "utf8")) as { version: string }
  const interfaces = new Map<string, ts.InterfaceDeclaration>()
  const aliases = new Map<string, ts.TypeNode>()
  const enums = new Map<string, ReadonlySet<string>>()
  for (const file of FILES) {
    const path = join(root, "models", file, "models.d.ts")
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest)
    for (const statement of source.statements) {
      if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement)
      if (ts.isTypeAliasDeclaration(statement)) aliases.set(statement.name.text, statement.type)
      if (ts.isEnumDeclaration(statement)) enums.set(statement.name.text, valuesOf(statement))
    }
  }
  const membersOf = (name: string): Map<string, Member> => {
    const declaration = interfaces.get(name)
    const members = new Map<string, Member>()
    for (const clause of declaration?.heritageClauses ?? []) {
      for (const base of clause.types) {
        if (ts.isIdentifier(base.expression)) for (const entry of membersOf(base.expression.text)) members.set(...entry)
      }
    }
    for (const member of declaration?.members ?? []) {
      if (!ts.isPropertySignature(member) || member.type === undefined) continue
      const isReadonly = member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword) ?? false
      members.set(nameOf(member.name), {
        type: member.type,
        isRequired: member.questionToken === undefined,
        isReadonly,
      })
    }
    return members
  }
  const checker = new Checker({ interfaces, aliases, enums, membersOf })
  return {
    source: `@azure/arm-compute ${version}`,
    check: (json, name, direction) => checker.checkInterface(json, name, direction, name),
  }
}

function nameOf(name: ts.PropertyName): string {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : "?"
}

function valuesOf(declaration: ts.EnumDeclaration): ReadonlySet<string> {
  const texts = declaration.members.flatMap(({ initializer }) =>
    initializer !== undefined && ts.isStringLiteral(initializer) ? [initializer.text] : [],
  )
  return new Set(texts)
}

interface Declarations {
  readonly interfaces: ReadonlyMap<string, ts.InterfaceDeclaration>
  readonly aliases: ReadonlyMap<string, ts.TypeNode>
  readonly enums: ReadonlyMap<string, ReadonlySet<string>>
  membersOf(name: string): ReadonlyMap<string, Member>
}

type Direction = "request" | "reply"

class Checker {
  readonly #declared: Declarations
  readonly #members = new Map<string, ReadonlyMap<string, Member>>()

  constructor(declared: Declarations) {
    this.#declared = declared
  }

  checkInterface(json: unknown, name: string, direction: Direction, path: string): readonly string[] {
    if (!this.#declared.interfaces.has(name)) return [`${path}: the model has no ${name}`]
    if (typeof json !== "object" || json === null || Array.isArray(json)) return [`${path}: is no object`]
    const members = this.#membersOf(name)
    const nested = `${name}Properties`
    const isNested = this.#declared.interfaces.has(nested)
    const inner = isNested ? this.#membersOf(nested) : new Map<string, Member>()
    const problems: string[] = []
    for (const [key, value] of Object.entries(json)) {
      if (key === "properties" && isNested) {
        problems.push(...this.checkInterface(value, nested, direction, `${path}.properties`))
        continue
      }
      const member = members.get(key)
      if (member === undefined || inner.has(key)) problems.push(`${path}.${key}: ${name} has no such member in REST`)
      else if (member.isReadonly && direction === "request") problems.push(`${path}.${key}: only Azure sets it`)
      else problems.push(...this.#checkType(value, member.type, direction, `${path}.${key}`))
    }
    for (const [key, { isRequired, isReadonly }] of members) {
      const isAsked = isRequired && !(isReadonly && direction === "request") && !inner.has(key)
      if (isAsked && !(key in json)) problems.push(`${path}.${key}: is missing`)
    }
    return problems
  }

  #membersOf(name: string): ReadonlyMap<string, Member> {
    const known = this.#members.get(name) ?? this.#declared.membersOf(name)
    this.#members.set(name, known)
    return known
  }

  #checkType(value: unknown, type: ts.TypeNode, direction: Direction, path: string): readonly string[] {
    if (ts.isArrayTypeNode(type)) {
      if (!Array.isArray(value)) return [`${path}: is no list`]
      return value.flatMap((item) => this.#checkType(item, type.elementType, direction, `${path}[]`))
    }
    if (ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName)) {
      return this.#checkNamed(value, type.typeName.text, type, direction, path)
    }
    if (ts.isUnionTypeNode(type)) {
      const branches = type.types.map((branch) => this.#checkType(value, branch, direction, path))
      return branches.find((problems) => problems.length === 0) ?? branches[0] ?? []
    }
    const wanted = PRIMITIVES.get(type.kind)
    return wanted === undefined || typeof value === wanted ? [] : [`${path}: is ${typeof value}, not ${wanted}`]
  }

  #checkNamed(
    value: unknown,
    name: string,
    type: ts.TypeReferenceNode,
    direction: Direction,
    path: string,
  ): readonly string[] {
    const values = this.#declared.enums.get(`Known${name}`)
    if (values !== undefined && !OPEN_ENUMS.has(name))
      return values.has(String(value)) ? [] : [`${path}: ${JSON.stringify(value)} is none of ${[...values].join(", ")}`]
    if (name === "Date")
      return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? [] : [`${path}: is no moment`]
    if (name === "Record") {
      const inner = type.typeArguments?.[1]
      if (typeof value !== "object" || value === null || inner === undefined) return [`${path}: is no object`]
      return Object.entries(value).flatMap(([key, item]) => this.#checkType(item, inner, direction, `${path}.${key}`))
    }
    if (this.#declared.interfaces.has(name)) return this.checkInterface(value, name, direction, path)
    const alias = this.#declared.aliases.get(name)
    return alias === undefined ? [] : this.#checkType(value, alias, direction, path)
  }
}

const PRIMITIVES = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
])
