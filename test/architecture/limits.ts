/** How long files and functions may be, and how full folders: what is larger hides a part that has no name yet. */
import { posix } from "node:path"
import ts from "typescript"

export const FILE_LINES = 320
export const FUNCTION_LINES = 45
export const FOLDER_FILES = 15
export const TEST_FOLDER_FILES = 25

/** Folders of data, which people do not read file by file. */
const DATA = /(^|\/)(fixtures|generated|recordings)\//

interface FunctionSize {
  /** Its own name, or that of what it is assigned to. */
  readonly name: string
  /** Where it begins, counted from 1. */
  readonly line: number
  /** From its first word to its last brace. */
  readonly lines: number
}

export interface Size {
  readonly path: string
  readonly lines: number
  /** It declares types, and nothing that runs. */
  readonly typesOnly: boolean
  readonly functions: readonly FunctionSize[]
}

/** Measures one source file. `path` is from the project's root, with `/`. */
export function sizeOf(path: string, text: string): Size {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const functions: FunctionSize[] = []
  const lineAt = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node) {
      const line = lineAt(node.getStart())
      functions.push({ name: nameOf(node), line, lines: lineAt(node.getEnd()) - line + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0)
  return { path, lines, typesOnly: file.statements.every(isOfTypes), functions }
}

function isOfTypes(statement: ts.Statement): boolean {
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return true
  if (ts.isImportDeclaration(statement)) return statement.importClause !== undefined
  return ts.isExportDeclaration(statement) && statement.isTypeOnly
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return "constructor"
  const { parent } = node
  const named = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined
  return (node.name ?? named)?.getText() ?? "a function without a name"
}

/** One sentence for each file and each function that is too long. */
export function tooLong({ path, lines, typesOnly, functions }: Size): readonly string[] {
  const file = lines > FILE_LINES && !typesOnly ? [`${path} has ${lines} lines: at most ${FILE_LINES}`] : []
  const long = functions.filter((found) => found.lines > FUNCTION_LINES)
  return [
    ...file,
    ...long.map((found) => `${path}:${found.line} ${found.name} has ${found.lines} lines: at most ${FUNCTION_LINES}`),
  ]
}

/** One sentence for each folder with too many files side by side; files of data do not count. */
export function tooFull(paths: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const path of paths) {
    if (DATA.test(path)) continue
    const folder = posix.dirname(path)
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts].flatMap(([folder, count]) => {
    const most = /^test(\/|$)/.test(folder) ? TEST_FOLDER_FILES : FOLDER_FILES
    return count > most ? [`${folder} has ${count} files: at most ${most}`] : []
  })
}
