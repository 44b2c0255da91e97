/** What anybody is told to install is this package, or a client that it works with, of a version that it works with. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { admits } from "../package/ranges.js"
import { PAGES, ROOT } from "./blocks.js"

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly name: string
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** All that somebody may read or run: pages, sources with their errors and comments, and what CI runs. */
const FILES = [
  ...PAGES,
  "CHANGELOG.md",
  "package.json",
  ...["src", "providers", "examples", "test", ".ci"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length)),
  ),
]

/** The words after a command, to the end of the line or of the quotes that it stands in. */
function wordsAfter(text: string, command: RegExp): readonly (readonly string[])[] {
  return [...text.matchAll(new RegExp(`${command.source}((?:[ \\n]+[\\w./:@^~*-]+)+)`, "g"))].map(([, words = ""]) =>
    words.trim().split(/\s+/),
  )
}

/** Whatever is installed from the registry by a line of text; undefined where it is as it must be. */
function wrongWith(word: string): string | undefined {
  if (word.startsWith("-") || word === `./${manifest.name}-${manifest.version}.tgz`) return undefined
  const [, name = "", version] = /^(@?[^@]+)(?:@(.+))?$/.exec(word) ?? []
  const range = manifest.peerDependencies[name]
  if (range === undefined) return `${word} is neither this package's tarball nor one of its peers`
  if (version === undefined || range.split("||").some((one) => admitsPart(one, version))) return undefined
  return `${word} is not of ${range}`
}

/** A version that is given in full must be in the range; a major one must be the range's own. */
function admitsPart(range: string, version: string): boolean {
  return /^\d+$/.test(version) ? range.trim().startsWith(`^${version}.`) : admits(range, version)
}

/** What CI and the tests run installs tools of their own. */
const isOfCi = (file: string) => file.startsWith(".ci/") || file.startsWith("test/")

test("every line that installs something installs this package, or its peers in their ranges", () => {
  const lines = FILES.filter((file) => !isOfCi(file)).flatMap((file) =>
    installsIn(readFileSync(join(ROOT, file), "utf8")),
  )
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.flatMap((word) => wrongWith(word) ?? [])).toEqual([])
})

function installsIn(text: string): readonly string[] {
  return wordsAfter(text, /npm (?:install|i|add)(?= +[@.\w])/).flatMap(untilProse)
}

/** A line of packages ends where a word is none. */
function untilProse(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => !/[@/]/.test(word) && !word.startsWith("-"))
  return end <= 0 ? words : words.slice(0, end)
}

/** Built of parts, or this file would be one of those that are found. */
const FETCHERS = ["npx", "npm exec", "npm x", "pnpm dlx", "yarn dlx", "bunx"]
const FETCHING = new RegExp(`\\b(${FETCHERS.join("|")}) +(?!--no-install |…|\`)[\\w@-]+`, "g")

test("no line has anything fetched and run that nobody has pinned", () => {
  const found = FILES.flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(FETCHING)].map(([line]) => `${file}: ${line}`),
  )
  expect(found).toEqual([])
})

test("what is wrong would be found", () => {
  const line = (text: string) => installsIn(text).map(wrongWith)
  expect(line("npm install muster-vms")).toEqual([expect.stringContaining("muster-vms is neither")])
  expect(line("npm i @azure/arm-compute@23 @azure/identity")).toEqual([
    expect.stringContaining("@azure/arm-compute@23 is not of"),
    undefined,
  ])
  expect(line("npm install @aws-sdk/client-ec2@3.900.0")).toEqual([expect.stringContaining("is not of ^3.1000.0")])
  expect(line("`npm install @google-cloud/compute@7` and go on")).toEqual([undefined])
  for (const fetcher of FETCHERS) expect(`${fetcher} muster list`).toMatch(FETCHING)
  expect(`${FETCHERS[0]} --no-install muster list`).not.toMatch(FETCHING)
})
