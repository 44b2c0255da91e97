/** Completion in the shells themselves: what becomes of a line at whose end a person presses Tab. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { folderForEachTest } from "../support/folder.js"
import { lacking, titled } from "../support/tools.js"
import { inTerminal, type Step } from "./pty.js"

const PROGRAM = fileURLToPath(new URL("../../.cache/js/src/cli/index.js", import.meta.url))

let root = ""
folderForEachTest((path) => {
  root = path
  mkdirSync(join(root, "bin"))
  writeFileSync(join(root, "bin", "muster"), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
  chmodSync(join(root, "bin", "muster"), 0o755)
  const groups = "{ web: { vcpus: 1 }, train: { vcpus: 1 } }"
  const render = `  render: { provider: local, groups: ${groups} }\n`
  const encode = "  encode: { provider: local, instanceType: c7g.large }\n"
  writeFileSync(join(root, "muster.yaml"), `clusters:\n${render}${encode}`)
  writeFileSync(join(root, "somefile.txt"), "")
})

/** Of each the end can be one thing alone, so that one Tab completes it. */
const LINES: readonly (readonly [begun: string, completed: string])[] = [
  ["muster desc", "muster describe "],
  ["muster describe ren", "muster describe render "],
  ["muster scale render tr", "muster scale render train="],
  ["muster plan render -n we", "muster plan render -n web="],
  ["muster up --instance-type c7", "muster up --instance-type c7g.large "],
  ["muster rehearse spot-s", "muster rehearse spot-storm "],
  ["muster plan --provider az", "muster plan --provider azure "],
  ["muster plan --market=on", "muster plan --market=on-demand "],
  ["muster plan --max-l", "muster plan --max-lifetime "],
  ["muster help swe", "muster help sweep "],
  ["muster plan --file some", "muster plan --file somefile.txt "],
]

const [TAB, BEGIN_OF_LINE, END_OF_LINE] = ["\t", "\u0001", "\u0005"]

/** Each line is completed and then printed. Quotes keep what is typed from looking like what is printed. */
async function completedIn(shell: readonly string[], setUp: string): Promise<readonly string[]> {
  const steps: Step[] = [["", `${setUp}; echo en""d\r`]]
  LINES.forEach(([begun], at) => {
    const awaited = at === 0 ? "end" : `end${at - 1}.`
    steps.push([awaited, `${begun}${TAB}${BEGIN_OF_LINE}echo "<${END_OF_LINE}>" en""d${at}.\r`])
  })
  steps.push([`end${LINES.length - 1}.`, "exit\r"])
  const env = { PATH: `${join(root, "bin")}:${process.env.PATH ?? ""}`, HOME: root, TERM: "dumb", LC_ALL: "C.UTF-8" }
  const { shown } = await inTerminal(shell, steps, { cwd: root, env })
  return [...shown.matchAll(/<([^<>"]*)> end\d+\./g)].map(([, line = ""]) => line)
}

const SHELLS = [
  ["bash", ["bash", "--norc", "-i"], "source <(muster completion bash)"],
  ["zsh", ["zsh", "-f", "-i"], "bindkey -e; autoload -U compinit; compinit -u; source <(muster completion zsh)"],
] as const

describe.each(SHELLS)("in %s", (name, shell, setUp) => {
  const why = lacking("python3", name)
  test.skipIf(why !== undefined)(titled("Tab completes", why), async () => {
    expect(await completedIn(shell, setUp)).toEqual(
      // zsh takes the space away again when something else than a word follows.
      LINES.map(([, completed]) => (name === "zsh" ? completed.trimEnd() : completed)),
    )
  })
})

const noFish = lacking("fish")

describe("in fish", () => {
  test.skipIf(noFish !== undefined)(titled("Tab completes", noFish), () => {
    const asked = LINES.map(([begun]) => `complete -C '${begun}'`).join("; echo; ")
    const env = { PATH: `${join(root, "bin")}:${process.env.PATH ?? ""}`, HOME: root, LC_ALL: "C.UTF-8" }
    const { stdout } = spawnSync("fish", ["-c", `muster completion fish | source; ${asked}`], {
      ...{ cwd: root, env, encoding: "utf8" },
    })
    const last = LINES.map(([, completed]) => completed.trim().split(" ").at(-1))
    expect(stdout.trim().split(/\n+/)).toEqual(last)
  })
})
