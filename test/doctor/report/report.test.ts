/** The report of a walk: what is in its two files, and who may read them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { exchangesOf, packed } from "../../../src/doctor/report/packing.js"
import { readReport, reportIn, writeReport } from "../../../src/doctor/report/files.js"
import { markdownOf } from "../../../src/doctor/report/markdown.js"
import { shortened } from "../../../src/doctor/report/shorten.js"
import { outcome, report } from "./outcomes.js"
import { EC2, exchange, leaks, PLANTED, UID } from "./planted.js"

const directories: string[] = []
afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true })
})

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "muster-report-"))
  directories.push(path)
  return path
}

test("is a file of JSON and a page of Markdown, whole, this user's alone, and the same when it is read", async () => {
  const path = directory()
  const written = await writeReport(path, report())
  expect(readdirSync(path)).toEqual([
    "muster-doctor-aws-us-east-1-20260101T000000Z.json",
    "muster-doctor-aws-us-east-1-20260101T000000Z.md",
  ])
  for (const file of [written.json, written.markdown]) expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await readReport(written.json, "--compare")).toEqual(report())
  expect(readFileSync(written.markdown, "utf8")).toBe(markdownOf(report()))
})

test("nothing that was planted is in either, nor a name that a spec has", () => {
  const problems = ["nothing is sold to team-batch"]
  const named = report({ outcome: outcome({ problems }), names: ["team-batch"] })
  expect(leaks(JSON.stringify(report()))).toEqual([])
  // In the file most texts are in pieces.
  expect(leaks(JSON.stringify(exchangesOf(report())))).toEqual([])
  expect(leaks(markdownOf(report()))).toEqual([])
  expect(markdownOf(named)).toMatch(/- nothing is sold to [a-z]{4}-[a-z]{5}\n/)
})

test("the page says what was seen, what broke with its evidence, what is left, and how long machines took", () => {
  const page = markdownOf(report())
  expect(page).toMatch(/^# muster doctor --live: aws us-east-1\n/)
  expect(page).toContain("- 1 confirmed, 1 refuted, 1 not seen; 1 left")
  expect(page).toContain("muster-vms 0.1.0, Node 20.20.0, linux x64, @aws-sdk/client-ec2 3.1169.0")
  expect(page).toMatch(/\| refuted \| `aws\.tags` \| Tags are there \| i-[0-9a-f]{17} of \d{12} was \\\| not there \|/)
  expect(page).toMatch(/### aws\.tags[\s\S]*After 1\.5 s: i-[\s\S]*~~~~\nPOST https:\/\/ec2[\s\S]*-> 200\n<\?xml/)
  expect(page).toMatch(/## What is left\n\n- volume vol-[0-9a-f]{17}: /)
  expect(page).toContain("| batch | 2 | spot | us-east-1a | 10.0 | 28.0 | 29.0 | 49.0 |")
  expect(page).toMatch(/\| ok \| credential \| account \d{12}, user\d+@example\.com \|/)
})

test("the owner has Muster's own number, and stand-ins that requests have too", () => {
  const { owner } = report()
  expect(owner.uid).toBe(UID)
  expect(owner.cluster).toMatch(/^[a-z]{8}$/)
  const [launch] = exchangesOf(report())
  expect(launch?.request.body).toContain(`Tag.1.Key=muster-cluster&TagSpecification.1.Tag.1.Value=${owner.cluster}&`)
})

test("what is the same is stored once, and exchanges are put together again", () => {
  const [, list] = EC2
  const many = Array.from({ length: 100 }, (_, number) => ({ ...(list ?? exchange(0, {}, "")), number }))
  const { exchanges, requests, answers } = report({ outcome: outcome({ exchanges: many }) })
  expect([exchanges.length, requests.length, answers.length]).toEqual([100, 1, 1])
  const [first, ...others] = exchangesOf(report({ outcome: outcome({ exchanges: many }) }))
  expect(others.every(({ answer }) => answer?.body === first?.answer?.body)).toBe(true)
  expect(first?.request.body).toMatch(/^Action=DescribeInstances&Filter/)
})

test("texts of one shape are stored as what differs, and are the same when they are put together again", () => {
  const item = (at: number) => `<item><id>i-${at}</id><state>${"running, ".repeat(9)}</state><private/></item>`
  const exchanges = Array.from({ length: 40 }, (_, at) =>
    exchange(at, {}, `<r><set>${[0, 1, 2, 3, 4, 5, 6].map((one) => item(one + (at % 3) * 10)).join("")}</set></r>`, {
      "x-left": String(200 - at),
      "content-type": "text/xml; charset=utf-8, of some length that is the same for all",
    }),
  )
  const told = packed(exchanges)
  expect(exchangesOf(told)).toEqual(exchanges)
  expect(told.texts.filter((text) => typeof text === "string").length).toBeLessThan(12)
  expect(JSON.stringify(told).length).toBeLessThan(JSON.stringify(exchanges).length / 5)
})

test("a request without an answer stays one", () => {
  const { answer: _, ...silent } = exchange(0, {}, "")
  expect(report({ outcome: outcome({ exchanges: [silent] }) }).exchanges[0]).not.toHaveProperty("answer")
})

test("of long lists only what is about the walk stays, and a few others, and the answer is still one", () => {
  const items = Array.from({ length: 900 }, (_, at) => ({
    name: at === 777 ? "t3.micro" : `other${at}`,
    set: [{ item: at }],
  }))
  const json = JSON.parse(shortened(JSON.stringify({ value: items, nextLink: "x" }), ["t3.micro"])) as {
    value: unknown[]
  }
  expect(json.value).toHaveLength(12)
  expect(JSON.stringify(json)).toContain("t3.micro")
  const inner = items.map(({ name }) => `<item><t>${name}</t><aSet><item><b>1</b></item></aSet></item>`)
  const xml = shortened(`<r><instanceTypeSet>${inner.join("")}</instanceTypeSet><nextToken>n</nextToken></r>`, [
    "t3.micro",
  ])
  expect(xml).toMatch(
    /^<r><instanceTypeSet>(<item><t>[\w.]+<\/t><aSet><item><b>1<\/b><\/item><\/aSet><\/item>){12}<\/instanceTypeSet><nextToken>n<\/nextToken><\/r>$/,
  )
  expect(xml).toContain("t3.micro")
  expect(shortened("x".repeat(100_000), []).length).toBeLessThan(10_000)
})

test.each([
  ["no JSON", "{", /is no JSON; give a file that "muster doctor --live" has written/],
  ["another file", `{"name":"x"}`, /is no report of a live walk/],
  ["null", "null", /is no report of a live walk/],
  [
    "another version",
    JSON.stringify({ ...report(), version: 9 }),
    /has version 9 of the format, and this Muster knows 1/,
  ],
  [
    "a part of one",
    JSON.stringify({ ...report(), exchanges: 1, owner: null }),
    /is not whole: exchanges, owner missing/,
  ],
  [
    "one that somebody has changed",
    JSON.stringify({ ...report(), assumptions: [{ id: 1, verdict: "yes" }], machines: [null], answers: [{}] }),
    /is not as Muster writes it: assumptions, machines, answers/,
  ],
  [
    "one whose texts are like later ones",
    JSON.stringify({ ...report(), texts: [{ like: 0, but: [] }] }),
    /is not as Muster writes it: texts/,
  ],
])("what is no report is refused: %s", async (_, text, words) => {
  expect(reportIn(text)).toMatch(words)
  const path = join(directory(), "file.json")
  writeFileSync(path, text)
  await expect(readReport(path, "--compare")).rejects.toThrow(words)
  await expect(readReport(`${path}x`, "--compare")).rejects.toThrow(/cannot be read: ENOENT/)
})

test("a directory that cannot be written is named", async () => {
  await expect(writeReport(join("/proc", "nowhere"), report())).rejects.toThrow("/proc/nowhere")
  expect(PLANTED.account).toHaveLength(12)
})
