/** The page of the command line names what there is. */
import { describe, expect, test } from "vitest"
import { EXIT_TABLE } from "../../src/cli/exit-codes.js"
import { VERBS } from "../../src/cli/verbs/index.js"
import { textOf } from "./blocks.js"

const page = textOf("docs/cli.md")

describe("docs/cli.md", () => {
  test.each(VERBS.map((verb) => [verb.name, verb] as const))("names %s, its words and its other names", (_, verb) => {
    const { name, aliases = [], shorthands = {} } = verb
    const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(`\`${name}`))
    expect(row).toBeDefined()
    for (const other of [...aliases, ...Object.keys(shorthands)]) expect(row).toContain(`\`${other}\``)
  })

  test("names each variable, beside its flag", () => {
    const flags = Object.entries(
      Object.assign({}, ...VERBS.map(({ flags }) => flags)) as Record<string, { variable?: string }>,
    )
    for (const [name, { variable }] of flags) {
      if (variable === undefined) continue
      expect(page.split("\n").find((line) => line.includes(`\`${variable}\``) && line.startsWith("|"))).toContain(
        `\`--${name}\``,
      )
    }
  })

  test("names each exit code", () => {
    const rows = page.slice(page.indexOf("| exit code |")).split("\n")
    const told = rows.flatMap((line) => /^\| ([\d, ]+) \|/.exec(line)?.[1]?.split(", ").map(Number) ?? [])
    expect(told).toEqual(EXIT_TABLE.map(([code]) => code))
  })
})
