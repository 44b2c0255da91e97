/** Questions at a real terminal: what is asked, and what becomes of the answers. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { parseFile } from "../../src/file/parse.js"
import { folderForEachTest } from "../support/folder.js"
import { titled } from "../support/tools.js"
import { inTerminal, noPython, type Step } from "./pty.js"

const PROGRAM = fileURLToPath(new URL("../../.cache/js/src/cli/index.js", import.meta.url))
let root = ""
folderForEachTest((path) => {
  root = path
})

const CTRL_C = "\u0003"
const CTRL_D = "\u0004"

function init(steps: readonly Step[], ...flags: readonly string[]) {
  const env = { PATH: process.env.PATH ?? "", HOME: root, TERM: "xterm" }
  return inTerminal([process.execPath, PROGRAM, "init", ...flags], steps, { cwd: root, env })
}

async function written() {
  const { clusters } = await parseFile(readFileSync(join(root, "muster.yaml"), "utf8"), { path: "muster.yaml" })
  const [{ name, spec, target } = { name: "", spec: {}, target: 0 }] = clusters
  return { name, target, provider: (spec as { readonly provider?: unknown }).provider }
}

describe.skipIf(noPython !== undefined)(titled("muster init at a terminal", noPython), () => {
  test("asks for what no flag gives, and writes the answers", async () => {
    const { shown, code } = await init([
      ["name of the cluster [first]: ", "render\r"],
      ["provider (local, aws, gcp, azure) [local]: ", "aws\r"],
      ["region, such as eu-west-2: ", "eu-west-1\r"],
      ["how many workers [1]: ", "12\r"],
    ])
    expect([code, shown]).toEqual([0, expect.stringContaining("wrote muster.yaml; next: muster plan, then muster up")])
    expect(await written()).toEqual({ name: "render", target: 12, provider: { aws: { region: "eu-west-1" } } })
  })

  test("takes what is in brackets where nothing is answered, and asks this machine for no region", async () => {
    const { shown, code } = await init([
      ["[first]: ", "\r"],
      ["[local]: ", "\r"],
      ["[1]: ", "\r"],
    ])
    expect([code, shown.includes("region")]).toEqual([0, false])
    expect(await written()).toEqual({ name: "first", target: 1, provider: "local" })
  })

  test("asks for nothing that a flag gives", async () => {
    const { shown } = await init([], "render", "-p", "gcp", "-r", "europe-west2", "-n", "3")
    expect(shown).not.toContain("[")
    expect(await written()).toMatchObject({ name: "render", target: 3 })
  })

  test.each([
    ["a provider that there is not", "[local]: ", "asw\r", "did you mean aws?"],
    ["a number of workers that is none", "[1]: ", "ten\r", "use a whole number"],
  ])("%s is told, and nothing is written", async (_what, question, answer, remedy) => {
    const steps: Step[] = [["[first]: ", "\r"], ...(question === "[1]: " ? [["[local]: ", "\r"] as Step] : [])]
    const { shown, code } = await init([...steps, [question, answer]])
    expect([code, shown]).toEqual([2, expect.stringContaining(remedy)])
    expect(existsSync(join(root, "muster.yaml"))).toBe(false)
  })

  test("Ctrl-C ends it, and nothing is written", async () => {
    const { code } = await init([["[first]: ", CTRL_C]])
    expect(code).toBe(130)
    expect(existsSync(join(root, "muster.yaml"))).toBe(false)
  })

  test("Ctrl-D ends the answers, and nothing is written", async () => {
    const { shown, code } = await init([["[first]: ", CTRL_D]])
    expect([code, shown]).toEqual([1, expect.stringContaining("nothing was written")])
    expect(existsSync(join(root, "muster.yaml"))).toBe(false)
  })
})
