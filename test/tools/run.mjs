/** Runs a source of this repository as it stands: `node test/tools/run.mjs examples/demo/index.ts --workers 8`. */
import { pathToFileURL } from "node:url"
import { transpile } from "./transpile.mjs"

const [source = "", ...rest] = process.argv.slice(2)
const program = transpile()(source)
process.argv = [process.execPath, program, ...rest]
await import(pathToFileURL(program).href)
