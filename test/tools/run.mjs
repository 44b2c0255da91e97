/**
 * Runs a source of this repository as it stands: `node test/tools/run.mjs examples/demo/index.ts --workers 8`. With `-` in place of
 * its name it is read from standard input, and "muster-vms" is what is here.
 */
import { readFileSync, rmSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { transpile, transpileText } from "./transpile.mjs"

const [source = "", ...rest] = process.argv.slice(2)
const programAt = transpile()
const program = source === "-" ? transpileText(readFileSync(process.stdin.fd, "utf8")) : programAt(source)
process.argv = [process.execPath, program, ...rest]
if (source === "-") process.once("exit", () => rmSync(program, { force: true }))
await import(pathToFileURL(program).href)
