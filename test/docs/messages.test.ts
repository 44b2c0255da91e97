/** What the page on troubleshooting quotes is what Muster says: every message is in one of the sources, every code in a cloud's table. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { ROOT, textOf } from "./blocks.js"

const PAGE = "docs/troubleshooting.md"

/** A source as its messages read: what is filled in is a "…", and what is joined is joined. */
const sources = ["src", "providers"]
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith(".ts") && !file.includes("/wire/") && !file.includes("/simulator/"))
  .map((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…")
      .replace(/["`]\s*\+\s*["`]/g, ""),
  )

/** The shortest piece between two gaps that says something. */
const LEAST = 8

function isSaid(message: string): boolean {
  const pieces = message
    .split("…")
    .map((piece) => piece.trim())
    .filter((piece) => piece.length >= LEAST)
  return pieces.length > 0 && sources.some((source) => pieces.every((piece) => source.includes(piece)))
}

/** The first cells of the tables under a heading; without one, of all. */
function firstCells(head: RegExp): readonly string[] {
  const rows = textOf(PAGE)
    .split("\n\n")
    .filter((part) => head.test(part))
  return rows.flatMap((table) => table.split("\n").slice(2)).flatMap((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? [])
}

test("every message that is quoted is said somewhere", () => {
  const messages = firstCells(/^\| message \|/)
  expect(messages.length).toBeGreaterThan(40)
  expect(messages.filter((message) => !isSaid(message))).toEqual([])
})

test("what nobody says is found out", () => {
  expect(isSaid("no AWS credentials (…); look under the carpet")).toBe(false)
  expect(isSaid("…")).toBe(false)
})

test("every code is in a cloud's table, every reason in the errors", () => {
  const tables = ["aws", "gcp", "azure"].flatMap((cloud) =>
    readdirSync(join(ROOT, "providers", cloud, "client"))
      .filter((file) => file.endsWith("codes.ts"))
      .map((file) => readFileSync(join(ROOT, "providers", cloud, "client", file), "utf8")),
  )
  const codes = firstCells(/^\| code \|/)
  expect(codes.length).toBeGreaterThan(15)
  const isKnown = (code: string) => tables.some((table) => table.includes(`"${code}"`) || table.includes(`"${code}*"`))
  expect(codes.filter((code) => !isKnown(code))).toEqual([])
  const reasons = [
    ...readFileSync(join(ROOT, "src/provider.ts"), "utf8").matchAll(
      /export type FailureReason =([^\n]*(?:\n {2}[^\n]*)*)/g,
    ),
  ].flatMap(([, union = ""]) => [...union.matchAll(/"(\w+)"/g)].map(([, reason = ""]) => reason))
  expect(firstCells(/^\| reason \|/)).toEqual(expect.arrayContaining([...reasons, "timeout", "error"]))
})
