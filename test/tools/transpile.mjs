/**
 * Strips the types off every source into `.cache/js`, where programs of this repository and children of its tests run from: under a
 * second, where a type check and a build take twenty. Given a source, or "-" for standard input, it says where its program is.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { transformSync } from "rolldown/utils"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const OUT = join(ROOT, ".cache", "js")
const FOLDERS = ["src", "providers", "test", "examples"]
/** Node 20 has all of it. */
const TARGET = "es2022"

/**
 * Writes what has changed, and removes what has no source any more.
 *
 * @returns {(source: string) => string} where a source's program is.
 */
export function transpile() {
  const wanted = new Map([["package.json", manifest()]])
  for (const source of FOLDERS.flatMap(sourcesIn)) wanted.set(nameOf(source), programOf(source))
  // What lies beside the folders is somebody's program, who removes it.
  const written = FOLDERS.flatMap((folder) => filesIn(join(OUT, folder)).map((file) => `${folder}/${file}`))
  for (const file of written) if (!wanted.has(file)) rmSync(join(OUT, file), { force: true })
  for (const [file, text] of wanted) if (textAt(join(OUT, file)) !== text) write(join(OUT, file), text)
  return (source) => join(OUT, nameOf(source))
}

/**
 * Puts a text with types in place of its own beside the programs.
 *
 * @param {string} text
 * @returns {string} where its program is.
 */
export function transpileText(text) {
  const path = join(OUT, `text.${process.pid}.mjs`)
  writeFileSync(path, transformSync("text.ts", text, { target: TARGET }).code)
  return path
}

/** The package's own name leads here for whatever is below. */
function manifest() {
  return readFileSync(join(ROOT, "package.json"), "utf8").replaceAll('"./dist/', '"./')
}

/** @param {string} folder */
function sourcesIn(folder) {
  return filesIn(join(ROOT, folder))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`)
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  } catch {
    return []
  }
}

/** @param {string} source */
function nameOf(source) {
  return source.replace(/\.ts$/, ".js")
}

/** @param {string} source */
function programOf(source) {
  const text = readFileSync(join(ROOT, source), "utf8")
  const { code, errors } = transformSync(source, text, { target: TARGET })
  if (errors.length > 0) throw new Error(`${source}: ${errors.map(({ message }) => message).join("; ")}`)
  // A helper out of a package that is not installed: TypeScript writes its own into the file.
  return code.includes("@oxc-project/runtime") ? programByTypeScript(text) : code
}

/** @param {string} text */
function programByTypeScript(text) {
  const ts = /** @type {import("typescript")} */ (createRequire(import.meta.url)("typescript"))
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  return ts.transpileModule(text, { compilerOptions }).outputText
}

/** @param {string} path */
function textAt(path) {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

/**
 * Whole or not at all: another program may be starting from here.
 *
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text)
  renameSync(draft, path)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [source] = process.argv.slice(2)
  const programAt = transpile()
  const programOfInput = () => transpileText(readFileSync(process.stdin.fd, "utf8"))
  if (source !== undefined) console.log(source === "-" ? programOfInput() : programAt(source))
}
