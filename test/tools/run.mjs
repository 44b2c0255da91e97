/**
 * Runs a source of this repository as it stands: `node test/tools/run.mjs examples/demo/index.ts --workers 8`. With `-` in place of
 * its name it is read from standard input, and "muster-vms" is what is here.
 */
import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"

const TOOL = fileURLToPath(new URL("transpile.mjs", import.meta.url))

const [source = "", ...rest] = process.argv.slice(2)
// What strips types takes fifty MiB, which would stay with the program.
const { status, stdout } = spawnSync(process.execPath, [TOOL, source], {
  stdio: ["inherit", "pipe", "inherit"],
  encoding: "utf8",
})
if (status !== 0) process.exit(1)
const program = stdout.trimEnd()
process.argv = [process.execPath, program, ...rest]
if (source === "-") process.once("exit", () => rmSync(program, { force: true }))
await import(pathToFileURL(program).href)
