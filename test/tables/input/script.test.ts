/** Startups as people write them, and what a shell of this machine says of them. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { shellOf, tidyScript } from "../../../src/spec/script.js"
import { checkScript } from "../../../src/spec/script-check.js"
import { resolveSpec } from "../../../src/spec.js"

describe("as a kernel and a shell want it", () => {
  const rows: readonly (readonly [string, string, string, number])[] = [
    ["nothing to do", "#!/bin/sh\nexec a\n", "#!/bin/sh\nexec a\n", 0],
    ["an empty one", "", "", 0],
    ["one line", "exec a", "exec a", 0],
    ["a template literal that begins with a new line", "\n#!/bin/bash\nset -eu\n", "#!/bin/bash\nset -eu\n", 1],
    [
      "one that is indented",
      "\n    #!/bin/bash\n    if a; then\n      b\n    fi\n  ",
      "#!/bin/bash\nif a; then\n  b\nfi\n",
      2,
    ],
    ["tabs", "\n\t#!/bin/sh\n\t\ta\n", "#!/bin/sh\n\ta\n", 2],
    ["only the first line is indented", "  #!/bin/sh\na\n", "#!/bin/sh\na\n", 1],
    ["only the others are", "#!/bin/sh\n    a\n    b\n", "#!/bin/sh\n    a\n    b\n", 0],
    ["no first line that says what it is", "\n    a\n    b", "a\nb", 1],
    ["a blank line before an unnamed script is no news", "\na\n", "a\n", 0],
    ["a byte order mark", "\uFEFF#!/bin/sh\na", "#!/bin/sh\na", 1],
    ["Windows", "#!/bin/bash\r\na\r\n", "#!/bin/bash\na\n", 1],
    ["all of it", "\uFEFF\r\n  #!/bin/sh\r\n  a\r\n", "#!/bin/sh\na\n", 4],
    ["a return that ends no line", "printf 'a\rb'\n", "printf 'a\rb'\n", 0],
    ["cloud-config", "\n  #cloud-config\n  a:\n    - b\n", "#cloud-config\na:\n  - b\n", 2],
    [
      "a here-document that stands at the margin keeps what is in it",
      "\n    #!/bin/sh\n    cat <<EOF\n  two\nEOF\n    a",
      "#!/bin/sh\n    cat <<EOF\n  two\nEOF\n    a",
      2,
    ],
    [
      "one that is indented with all else keeps what it has more",
      "\n    cat <<EOF\n      two\n    EOF\n",
      "cat <<EOF\n  two\nEOF\n",
      1,
    ],
  ]
  test.each(rows)("%s", (_what, given, text, changes) => {
    const tidy = tidyScript(given)
    expect(tidy.text).toBe(text)
    expect(tidy.changes).toHaveLength(changes)
    expect(tidyScript(tidy.text)).toEqual({ text, changes: [] })
  })

  test("in each group, with a note", () => {
    const { groups } = resolveSpec({
      provider: "local",
      startup: "\n  #!/bin/sh\n  top",
      groups: { a: {}, b: { startup: "\uFEFFown" }, c: { startup: "fine" } },
    })
    expect(groups.map(({ startup }) => startup)).toEqual(["#!/bin/sh\ntop", "own", "fine"])
    expect(groups.map(({ asked }) => asked.startup)).toEqual(["#!/bin/sh\ntop", "own", "fine"])
    expect(groups.map(({ notes }) => notes)).toEqual([
      [
        'startup was converted: blank lines before "#!/bin/sh" were taken away; indentation of 2 was taken away from all lines',
      ],
      ["startup was converted: a byte order mark was taken away"],
      [],
    ])
  })
})

describe("which shell reads it", () => {
  test.each([
    ["exec a", "sh"],
    ["#!/bin/bash -eu\na", "bash"],
    ["#! /usr/bin/env bash", "bash"],
    ["#!/usr/bin/env -S A=1 bash -eu", "bash"],
    ["#!/bin/dash", "dash"],
    ["#!/usr/bin/env python3\nprint(1)", undefined],
    ["#!/bin/zsh", undefined],
    ["#cloud-config\na: b", undefined],
  ])("%s", (script, shell) => {
    expect(shellOf(script)).toBe(shell)
  })
})

describe("a shell reads it before anything is asked for", () => {
  test.each([
    [
      "a loop without its end",
      "#!/bin/bash\nfor a in b; do\necho $a\n",
      /^bash cannot read it: line \d: syntax error.*correct the script$/,
    ],
    [
      "a word too many",
      "#!/bin/bash\nset -eu\nfi\n",
      /^bash cannot read it: line 3: syntax error near unexpected token `fi'; correct/,
    ],
    ["for sh", "if true; then\n  echo a\n", /^sh cannot read it: line \d: /],
    [
      "a cloud-config with a bad indentation",
      "#cloud-config\nruncmd:\n  - a\n b: c\n",
      /^cannot be read as cloud-config: .* at line \d+.*; correct it$/,
    ],
    ["a cloud-config that is a list", "#cloud-config\n- a\n- b\n", /it is no mapping of modules/],
    ["an empty cloud-config", "#cloud-config\n", /it is no mapping of modules/],
    ["for env", "#!/usr/bin/env bash\necho $(\n", /^bash cannot read it: line \d/],
  ])("%s", (_what, script, problem) => {
    expect(checkScript(script).problem).toMatch(problem)
  })

  test.each([
    ["a good one", "#!/bin/bash\nfor a in b; do echo $a; done\n"],
    ["another program's", "#!/usr/bin/env python3\nfor a in b: print(a)\n"],
    ["an archive behind its script", "#!/bin/bash\ntail -n +4 $0 | tar x\nexit 0\n)(fi\n"],
    ["what follows exec is never read", "exec /opt/worker\n)(\n"],
    ["a good cloud-config", "#cloud-config\npackages: [curl]\nruncmd:\n  - [echo, a]\n"],
    ["patterns that an option allows", "#!/bin/bash\nshopt -s extglob\nls !(a|b)\n"],
    ["aliases, which may be any syntax", "#!/bin/bash\nshopt -s expand_aliases\nalias begin='{'\nbegin a; }\n"],
    ["a here-document that ends with the script", "cat <<EOF\na\n"],
  ])("%s is not refused", (_what, script) => {
    expect(checkScript(script)).toEqual({})
  })

  test("what only bash can read is a note where no first line asks for bash", () => {
    const { problem, note } = checkScript("a=(1 2)\necho $a\n")
    expect(problem).toBeUndefined()
    // Where sh is bash there is nothing to say.
    const isBash = spawnSync("sh", ["-n"], { input: "a=(1 2)\n" }).status === 0
    expect(note).toEqual(isBash ? undefined : expect.stringContaining('begin it with "#!/bin/bash"'))
  })

  test("nothing of it is run, nor what the environment names", () => {
    const marker = join(mkdtempSync(join(tmpdir(), "muster-script-")), "ran")
    const before = process.env.BASH_ENV
    const profile = `${marker}.sh`
    writeFileSync(profile, `touch ${marker}\n`)
    process.env.BASH_ENV = profile
    try {
      expect(checkScript(`#!/bin/bash\ntouch ${marker}\n`)).toEqual({})
      expect(spawnSync("ls", [marker]).status).not.toBe(0)
    } finally {
      if (before === undefined) delete process.env.BASH_ENV
      else process.env.BASH_ENV = before
      rmSync(join(marker, ".."), { recursive: true })
    }
  })
})
