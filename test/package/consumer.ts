/** A project of somebody's that has installed the package, and nothing that it does not need. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import ts from "typescript"
import { packPackage, ROOT } from "./build.js"

/** Outside this repository, whose own packages would else be found. */
export function consumerProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-consumer-"))
  const place = join(folder, "node_modules", "muster-vms")
  mkdirSync(place, { recursive: true })
  execFileSync("tar", ["-xzf", packPackage().tarball, "--strip-components=1", "-C", place])
  for (const name of ["zod", "p-limit", "yocto-queue"]) link(folder, name)
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }))
  return folder
}

/** As if it were installed there: of what it imports itself it finds its own. */
export function link(folder: string, name: string): void {
  mkdirSync(join(folder, "node_modules", name, ".."), { recursive: true })
  symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name))
}

/** The same for types, which would else be looked for beside the link's target. */
export function copy(folder: string, name: string): void {
  cpSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name), { recursive: true })
}

/** What every consumer has in common: it checks the types of its packages too. */
const STRICT: ts.CompilerOptions = {
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
}

/** Files of TypeScript's own, read once. */
const read = new Map<string, ts.SourceFile | undefined>()

/**
 * Compiles texts as files of the project.
 *
 * @returns what is wrong with them, and with the types of this package that they reach: not with TypeScript's own or Node's, which take
 * most of the time.
 */
export function compile(folder: string, texts: readonly string[], options: ts.CompilerOptions = {}): readonly string[] {
  const files = texts.map((text, at) => {
    const file = join(folder, `program-${at}.ts`)
    writeFileSync(file, text)
    return file
  })
  const all = { ...STRICT, types: [], ...options }
  const host = ts.createCompilerHost(all)
  const { getSourceFile } = host
  host.getCurrentDirectory = () => folder
  host.getSourceFile = (path, ...rest) => {
    if (!path.includes("/typescript/lib/")) return getSourceFile(path, ...rest)
    const known = read.get(path) ?? getSourceFile(path, ...rest)
    read.set(path, known)
    return known
  }
  const program = ts.createProgram(files, all, host)
  const checked = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName))
  const global = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]
  const local = checked.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ])
  return [...global, ...local].map((diagnostic) => {
    const { line = -1 } = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0) ?? {}
    const at = `${diagnostic.file?.fileName.replace(`${folder}/`, "") ?? "options"}:${line + 1}`
    return `${at}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`
  })
}

const isOurs = (path: string) => !path.includes("/node_modules/") || path.includes("/node_modules/muster-vms/")
