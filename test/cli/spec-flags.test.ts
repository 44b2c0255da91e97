/** A spec as flags, as a file and as an object come to the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { parseWords } from "../../src/cli/parse.js"
import { targetOf } from "../../src/cli/spec/target.js"
import { VERBS } from "../../src/cli/verbs/index.js"
import type { Json } from "../../src/provider.js"
import { resolveSpec } from "../../src/spec.js"
import { desk } from "./support.js"
import * as fc from "../support/property.js"
import { isLong } from "../support/long.js"

const directory = mkdtempSync(join(tmpdir(), "muster-spec-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const [plan] = VERBS.filter(({ name }) => name === "plan")

/** What the command line makes of words, in a directory of its own. */
async function targetFrom(words: readonly string[]) {
  if (plan === undefined) throw new Error("there is no plan")
  const env = { XDG_STATE_HOME: directory }
  const surroundings = {
    ...{ env, version: "1", clock: systemClock, ask: undefined, directory, out: () => {}, say: () => {} },
    load: () => Promise.reject(new Error("nothing is loaded")),
  }
  const given = parseWords(plan, words, env)
  return targetOf(given, given.words[0], surroundings)
}

const word = fc.stringMatching(/^[a-z][a-z0-9.]{0,8}$/)
const size = fc.integer({ min: 1, max: 64 })
const range = fc.oneof(
  size,
  fc.tuple(size, size).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) })),
  size.map((min) => ({ min })),
  size.map((max) => ({ max })),
)
const text = fc.string({ minLength: 1, maxLength: 12 }).filter((value) => !value.includes("\0"))

/** A line that every shell reads. */
const script = word.map((name) => `./${name} --fast`)
const action = fc.constantFrom("keep", "end", "replace")

const machine = fc.oneof(
  fc.record({ instanceType: fc.oneof(word, fc.array(word, { minLength: 2, maxLength: 3 })) }),
  fc.record({ vcpus: range, memoryGiB: range }, { requiredKeys: ["vcpus"] }),
  fc.record({ gpu: fc.record({ name: word, count: size }, { requiredKeys: ["name"] }) }),
)

const others = fc.record(
  {
    market: fc.constantFrom("spot", "on-demand", "spot-with-fallback"),
    arch: fc.constantFrom("x86_64", "arm64"),
    zones: fc.array(word, { minLength: 1, maxLength: 3 }),
    order: fc.constantFrom("cheapest", "as-listed"),
    spread: fc.constantFrom("zones", "one-zone"),
    image: word,
    startup: script,
    setup: script,
    onNotice: script,
    container: fc.constantFrom("python:3.12", "ghcr.io/me/job:1", "busybox"),
    scratch: word.map((name) => `/${name.replaceAll(".", "_")}`),
    drain: size.map((seconds) => `${seconds}s`),
    maxLifetime: size.map((hours) => `${hours}h`),
    maxWorkers: fc.integer({ min: 100, max: 1000 }),
    access: fc.constantFrom("here", "192.0.2.7/32"),
    budget: fc.record({ perHour: size, total: size }, { requiredKeys: ["perHour"] }),
    environment: fc.dictionary(fc.stringMatching(/^[A-Z]{1,4}$/), text, { maxKeys: 2 }),
    tags: fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.stringMatching(/^[a-z]{1,4}$/), { maxKeys: 2 }),
  },
  { requiredKeys: [] },
)

/** Of what has something that ends. */
const ends = fc.oneof(
  action,
  fc.record({ success: action, failure: action }, { requiredKeys: ["failure"] }),
  fc.record({ success: action }),
)

const specs = fc
  .tuple(machine, others, fc.option(ends, { nil: undefined }))
  .map(([one, other, whenDone]): Record<string, Json> => {
    const isEnding = [other.startup, other.setup, other.container].some((part) => part !== undefined)
    return { ...one, ...other, ...(isEnding && whenDone !== undefined ? { whenDone } : {}) } as Record<string, Json>
  })

const ONE_FLAG: Readonly<Record<string, string>> = {
  ...{ instanceType: "instance-type", market: "market", arch: "arch", zones: "zones", order: "order", image: "image" },
  ...{
    spread: "spread",
    vcpus: "vcpus",
    memoryGiB: "memory-gib",
    maxLifetime: "max-lifetime",
    maxWorkers: "max-workers",
    access: "access",
  },
  ...{ startup: "startup", setup: "setup", onNotice: "on-notice", container: "container", scratch: "scratch" },
  ...{ drain: "drain", whenDone: "when-done" },
}

function shown(value: Json): string {
  if (Array.isArray(value)) return value.join(",")
  if (typeof value !== "object" || value === null) return String(value)
  if ("success" in value || "failure" in value) {
    return Object.entries(value)
      .map(([end, action]) => `${end}=${String(action)}`)
      .join(",")
  }
  const { min = "", max = "" } = value as { min?: number; max?: number }
  return `${min}..${max}`
}

/** The flags that say it. */
function flagsFor(spec: Readonly<Record<string, Json>>): readonly string[] {
  return Object.entries(spec).flatMap(([key, value]) => {
    const flag = ONE_FLAG[key]
    if (flag !== undefined) return [`--${flag}`, shown(value)]
    if (key === "gpu") {
      const { name, count } = value as { name: string; count?: number }
      return ["--gpu", count === undefined ? name : `${name}:${count}`]
    }
    return ["--set", `${key}:=${JSON.stringify(value)}`]
  })
}

describe("a spec", () => {
  test("as flags, as a file and as an object is the same", async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(specs, fc.integer({ min: 0, max: 50 }), async (spec, target) => {
        count += 1
        const file = join(directory, `${count}.json`)
        const provider = { aws: { region: "eu-west-2" } }
        writeFileSync(file, JSON.stringify({ name: "render", provider, target, ...spec }))
        const fromFile = await targetFrom(["-f", file])
        const fromFlags = await targetFrom([
          "render",
          "-p",
          "aws",
          "-r",
          "eu-west-2",
          "-n",
          String(target),
          ...flagsFor(spec),
        ])
        expect(fromFlags.spec).toEqual(spec)
        for (const one of [fromFile, fromFlags]) {
          expect([one.name, one.owner, one.count]).toEqual(["render", "default", target])
          expect(one.places).toEqual([{ provider: "aws", region: "eu-west-2", options: {} }])
          const resolved = (data: object) => resolveSpec({ provider: "aws", region: "eu-west-2", ...data })
          expect(resolved(one.spec)).toEqual(resolved(spec))
        }
      }),
      { numRuns: isLong ? 100 : 30 },
    )
  })

  test("of a file is changed by flags, and machines chosen in one way drop the other", async () => {
    const file = join(directory, "base.json")
    const budget = { perHour: 5, total: 50 }
    writeFileSync(
      file,
      JSON.stringify({ provider: { aws: { region: "eu-west-2" } }, vcpus: 4, market: "spot", budget }),
    )
    const base = ["-f", file, "--budget-total", "20"]
    expect((await targetFrom([...base, "--instance-type", "m7g.large"])).spec).toEqual({
      ...{ instanceType: "m7g.large", market: "spot" },
      budget: { perHour: 5, total: 20 },
    })
    expect((await targetFrom([...base, "-r", "us-east-1,us-west-2"])).places.map(({ region }) => region)).toEqual([
      "us-east-1",
      "us-west-2",
    ])
    expect((await targetFrom([...base, "-p", "local"])).places).toEqual([{ provider: "local", options: {} }])
  })

  test("that is wrong is told by the flag or the line that says it", async () => {
    const { muster, directory: here } = desk()
    writeFileSync(join(here, "muster.yaml"), "provider: { aws: { region: eu-west-2 } }\nmarket: spot\ntarget: 3\n")
    const { code, said } = await muster("plan --arch arm --set maxLifetime=1y")
    expect(code).toBe(2)
    expect(said).toContain("--arch: cluster.arch: ")
    expect(said).toContain("--set maxLifetime: cluster.maxLifetime: ")
    expect((await muster("plan --max-workers 2 --set returnToSpot=30m --market on-demand")).said).toContain(
      "returnToSpot",
    )
  })

  test("sets by --set nothing that the command line says otherwise: name, owner, place and count", async () => {
    const { muster } = desk()
    const said = async (set: string) =>
      (await muster([..."plan render -p aws -r eu-west-2 -n 1 --set".split(" "), set])).said
    expect(await said("name=other")).toContain("--set name: is not set so; the name is a word")
    expect(await said("owner=ops")).toContain("use --owner NAME")
    expect(await said("provider.aws.region=eu-west-1")).toContain("use --provider NAME")
    expect(await said("region=eu-west-1")).toContain("use --region NAME")
    expect(await said("target=3")).toContain("use --workers N")
    expect(await said("clusters.a.target=3")).toContain("it sets fields of one cluster")
    expect(await said("version=1")).toContain("it is of the file alone")
  })

  test("of several in a file is that of its name; without a name all are named", async () => {
    const file = join(directory, "several.json")
    const clusters = { one: { provider: "local", target: 1 }, two: { provider: "local", target: 2, owner: "ops" } }
    writeFileSync(file, JSON.stringify({ clusters }))
    expect(await targetFrom(["two", "-f", file])).toMatchObject({ name: "two", owner: "ops", count: 2 })
    await expect(targetFrom(["-f", file])).rejects.toThrow(`NAME: is missing; ${file} has one, two: name one`)
    await expect(targetFrom(["tow", "-f", file])).rejects.toThrow(`tow: is not in ${file}; did you mean two?`)
    await expect(targetFrom(["render", "-f", file])).rejects.toThrow("it has one, two; else say where: --provider")
    expect((await targetFrom(["render", "-p", "local", "-f", file])).places).toHaveLength(1)
  })
})
