/** The published types, as a project of somebody's compiles against them. */
import { readFileSync, rmSync } from "node:fs"
import ts from "typescript"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ROOT } from "./build.js"
import { compile, consumerProject, copy } from "./consumer.js"

const MANIFEST = JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8")) as {
  readonly exports: Readonly<Record<string, unknown>>
}
const ENTRIES = Object.keys(MANIFEST.exports).filter((entry) => !entry.endsWith(".json"))
const IMPORTS = ENTRIES.map((entry, at) => `import * as entry${at} from "${entry.replace(".", "muster-vms")}"`)
const EVERYTHING = `${IMPORTS.join("\n")}\nconsole.log(${ENTRIES.map((_, at) => `entry${at}`).join(", ")})\n`

let folder = ""
beforeAll(() => {
  folder = consumerProject()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TYPES = readFileSync(new URL("./types.consumer.ts", import.meta.url), "utf8")

/** Every entry point, with `skipLibCheck: false` and no cloud's package; and what must compile, and what must not. */
describe("every entry point compiles without a cloud's package, and what must not compile does not", () => {
  test("with what TypeScript has by itself", () => {
    expect(compile(folder, [EVERYTHING, TYPES])).toEqual([])
  })

  test("with Node's types instead of the DOM's, a bundler's resolution and exact optional properties", () => {
    for (const name of ["@types/node", "undici-types"]) copy(folder, name)
    const options = {
      lib: ["lib.es2022.d.ts"],
      types: ["node"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    }
    expect(compile(folder, [EVERYTHING, TYPES], options)).toEqual([])
  })

  test("what is wrong would be found", () => {
    const wrong =
      'import { Cluster } from "muster-vms"\n// @ts-expect-error nothing is wrong\nnew Cluster({ provider: "local" })\n'
    expect(compile(folder, [wrong])).toEqual(["program-0.ts:2: Unused '@ts-expect-error' directive."])
  })
})
