/** Each verb, by the examples of its own help: they run as they stand, one after the other, on a simulated cloud. */
import { describe, expect, test } from "vitest"
import { VERBS } from "../../src/cli/verbs/index.js"
import { live } from "../cluster/support.js"
import { AT, desk } from "./support.js"

/** Whoever types them has said before where they work and what they want. */
const ENV = { MUSTER_PROVIDER: "aws", MUSTER_REGION: "eu-west-2" }
const MEANT = ["--instance-type", "s1.small"]

describe("the examples of help", () => {
  test("there is one for each verb, and each begins with its name", () => {
    for (const { name, examples } of VERBS) {
      expect(examples.length, name).toBeGreaterThan(0)
      for (const line of examples) expect(line).toMatch(new RegExp(`^muster ${name}( |$)`))
    }
  })

  /** In an order in which a person would type them. */
  const order = [
    ...[
      "init",
      "config",
      "doctor",
      "plan",
      "offers",
      "rehearse",
      "up",
      "get",
      "list",
      "describe",
      "explain",
      "events",
      "boots",
      "cost",
      "audit",
    ],
    ...["scale", "sweep", "delete", "completion", "policy", "version"],
  ]

  test("run as they stand", async () => {
    const { muster, world } = desk()
    // Those that work with workers need some of a real machine: test/cli/work.test.ts. One needs a file: test/cli/adapt.test.ts.
    // What makes machines to try its cloud, and what compares two of its reports: test/doctor.
    const left = VERBS.filter(({ group, name }) => group !== "Work" && name !== "adapt" && !order.includes(name))
    expect(left).toEqual([])
    for (const name of order) {
      const verb = VERBS.find((one) => one.name === name)
      for (const line of (verb?.examples ?? []).filter((one) => !/--live|--compare/.test(one))) {
        const isSpec = "vcpus" in (verb?.flags ?? {}) && !line.includes("--vcpus") && name !== "scale"
        const words = [...line.split(" ").slice(1), ...(isSpec ? MEANT : [])]
        if (name === "delete" && line.includes("--dry-run")) words[1] = "other"
        if (name === "delete" && line.includes("--dry-run"))
          await muster(`up other -d -n 1 ${MEANT.join(" ")}`, { env: ENV })
        const { code, out, said } = await muster(words, { env: ENV })
        expect([line, code, code === 0 ? "" : said]).toEqual([line, 0, ""])
        expect(out + said, line).not.toBe("")
      }
    }
    expect(live(world).map(({ tags }) => tags["muster-cluster"])).toEqual(["other"])
  })
})

describe("muster get", () => {
  const formats = [
    ["table", /^NAME +GROUP +STATE +READY +TYPE +MARKET +ZONE +AGE +USD\/H\n/],
    ["wide", /^NAME .* ID +PRIVATE IP +PUBLIC IP\n/],
    ["json", /^\[\n {2}\{\n {4}"cluster": "render"/],
    ["yaml", /^- cluster: render\n {2}id: /],
    ["name", /^workers\/render\/\S+\nworkers\/render\/\S+\n$/],
  ] as const
  test.each(formats)("workers -o %s", async (format, expected) => {
    const { muster, abandon } = desk()
    await abandon("render", 2)
    const { code, out, said } = await muster(`get workers render ${AT} -o ${format}`)
    expect([code, said]).toEqual([0, ""])
    expect(out).toMatch(expected)
  })

  test("--no-headers, singular nouns and ps", async () => {
    const { muster, abandon } = desk()
    await abandon("render", 2)
    const rows = await muster(`get worker render ${AT} --no-headers`)
    expect(rows.out.split("\n")).toHaveLength(3)
    expect(await muster(`ps render ${AT} --no-headers`)).toEqual(rows)
    expect((await muster(`get groups render ${AT}`)).out).toMatch(/GROUP +DESIRED[^\n]+\ndefault +2 +2 /)
  })

  test("clusters from this machine's state alone, where no place is named; nothing is asked of a cloud", async () => {
    const { muster, world, clock, cluster, journal } = desk()
    const own = cluster({ name: "render" }, { journal })
    await clock.run(own.scale(2))
    await clock.run(own.detach())
    const before = world.ledger.entries.length
    const { code, out } = await muster("get")
    expect(code).toBe(0)
    expect(out).toMatch(/^NAME +OWNER +INSTANCES +PLACES +AGE +ENDS IN\nrender +default +2 +simulated sim-1 /)
    expect((await muster("get workers render --offline -o name")).out.split("\n")).toHaveLength(3)
    expect((await muster(["completion", "words", "--", "delete", "re"])).out).toBe("render\n")
    expect(world.ledger.entries).toHaveLength(before)
  })

  test("--watch shows each row again that changes, until nobody reads on", async () => {
    const { muster, clock, cluster } = desk()
    const owner = cluster({ name: "render" })
    await clock.run(owner.scale(2))
    const unread = new AbortController()
    clock.timer(120_000, () => unread.abort())
    clock.timer(30_000, () => void owner.scale(3))
    const watched = await muster(`get workers render ${AT} -w -o name`, { unread: unread.signal })
    expect(watched.code).toBe(0)
    expect(new Set(watched.out.trim().split("\n")).size).toBe(3)
    await clock.run(owner.close())
  })

  test("--watch shows a worker that is gone once more, and no other again of which nothing that is shown has changed", async () => {
    const { muster, clock, cluster } = desk()
    const owner = cluster({ name: "render" })
    await clock.run(owner.scale(3))
    const unread = new AbortController()
    clock.timer(240_000, () => unread.abort())
    clock.timer(30_000, () => void owner.scale(1))
    const { out } = await muster(`get workers render ${AT} -w`, { unread: unread.signal })
    const states = out
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/ +/)[2])
      .filter((state) => state !== "terminating")
    expect(states).toEqual(["running", "running", "running", "gone", "gone"])
    await clock.run(owner.close())
  })

  test("--watch of clusters shows one that is gone, and of a place that does not answer it says so once", async () => {
    const { muster, clock, cluster, world } = desk()
    const owner = cluster({ name: "render" })
    await clock.run(owner.scale(2))
    const unread = new AbortController()
    clock.timer(600_000, () => unread.abort())
    clock.timer(400_000, () => void owner.close())
    const denied = { error: "rejected", message: "not yours", times: 3 } as const
    clock.timer(100_000, () => world.faults.fail("ListInstances", denied))
    const { out, said } = await muster(`get clusters ${AT} -w -o json`, { unread: unread.signal })
    const rows = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly instances: number; readonly gone?: boolean })
    expect(rows.filter(({ gone }) => gone === true)).toHaveLength(1)
    expect(rows.at(-1)).toMatchObject({ instances: 0, gone: true })
    expect(said.match(/not yours/g)).toHaveLength(1)
  })
})

describe("muster delete and sweep", () => {
  test("write what they remove as other verbs do: by -o, and by the variable where it names what they have", async () => {
    const { muster, abandon } = desk()
    await abandon("render", 1)
    const id = async (line: string, output?: string) => {
      const env = output === undefined ? {} : { MUSTER_OUTPUT: output }
      const { code, out, said } = await muster(`${line} ${AT}`, { env })
      return code === 0 ? out : said
    }
    expect(JSON.parse(await id("delete render --dry-run -o json"))).toHaveLength(3)
    expect(JSON.parse(await id("delete render --dry-run", "json"))).toHaveLength(3)
    expect(await id("delete render --dry-run -o yaml")).toMatch(/^- removed: false\n|^- kind: /)
    expect(await id("delete render --dry-run", "wide")).toMatch(/^KIND +ID /)
    expect(await id("delete render --dry-run -o wide")).toContain("use one of table, json, yaml")
    expect(await id("describe render", "wide")).toMatch(/^Name: +render/)
    expect(await id("describe render", "xml")).toContain("MUSTER_OUTPUT: is")
    // A task's directory for what it leaves has the same name.
    expect(await id("describe render", "/work/1.files")).toMatch(/^Name: +render/)
    expect(await id("sweep -o json")).toBe("[]\n")
    expect(await id("sweep -o yaml")).toBe("[]\n")
  })
})
