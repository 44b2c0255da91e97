/** What a source file imports and which globals it uses, read from its syntax tree. */
import ts from "typescript"

export interface Import {
  readonly specifier: string
  /** It is gone when the file is compiled. */
  readonly typeOnly: boolean
  /** Loaded when it is reached: `import()`. */
  readonly lazy: boolean
}

export interface Source {
  /** From the project's root, with `/`. */
  readonly path: string
  readonly imports: readonly Import[]
  /** Globals that not everybody may use, and that it uses as values: "Date", "Math.random", "setTimeout", "AbortSignal.any". */
  readonly globals: readonly string[]
}

const NAMES = new Set(["Date", "setTimeout", "setInterval", "setImmediate", "performance"])
const MEMBERS = new Set(["Math.random", "AbortSignal.any"])

export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const imports: Import[] = []
  const globals: string[] = []
  const visit = (node: ts.Node): void => {
    const found = importIn(node)
    if (found !== undefined) imports.push(found)
    const name = globalIn(node)
    if (name !== undefined) globals.push(name)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { path, imports, globals }
}

function importIn(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return imported(node.moduleSpecifier, isTypeImport(node.importClause), false)
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return imported(node.moduleSpecifier, node.isTypeOnly || allTypes(node.exportClause), false)
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return imported(node.argument.literal, true, false)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return imported(node.arguments[0], false, true)
  }
  return undefined
}

function imported(specifier: ts.Node | undefined, typeOnly: boolean, lazy: boolean): Import {
  const text = specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : "(computed)"
  return { specifier: text, typeOnly, lazy }
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  return clause.name === undefined && allTypes(clause.namedBindings)
}

function allTypes(bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  if (bindings === undefined || !("elements" in bindings)) return false
  const elements: readonly { readonly isTypeOnly: boolean }[] = [...bindings.elements]
  return elements.length > 0 && elements.every((element) => element.isTypeOnly)
}

function globalIn(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && MEMBERS.has(node.getText())) return node.getText()
  if (!ts.isIdentifier(node) || !NAMES.has(node.text)) return undefined
  return isNameOrType(node) ? undefined : node.text
}

/** The name of a member (`span.performance`), or a type (`expires: Date`): nothing is used. */
function isNameOrType(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node && parent.expression.getText() !== "globalThis"
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return true
  return (
    (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) &&
    parent.name === node
  )
}
