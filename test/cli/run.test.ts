import { PassThrough } from "node:stream"
import { describe, expect, test } from "vitest"
import { askAtTerminal } from "../../src/cli/ask.js"
import { run } from "../../src/cli/run.js"
import { RejectedError } from "../../src/errors.js"
import { live, rig, type Rig } from "../cluster/support.js"

interface Outcome {
  readonly code: number
  readonly out: string
  readonly said: string
}

/** The command line on a simulated cloud that stands for AWS in eu-west-2. */
async function muster(
  cloud: Rig,
  line: string,
  more: { answer?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  let [out, said] = ["", ""]
  const { clock, provider } = cloud
  const code = await clock.run(
    run(line.split(" ").filter(Boolean), {
      env: more.env ?? {},
      version: "1.2.3",
      clock,
      load: (name, region, options) => {
        const isKnown = name === "aws" && region === "eu-west-2" && (options?.broken ?? "no") === "no"
        if (!isKnown) throw new RejectedError(`no ${name} in ${region} with ${JSON.stringify(options)}`)
        return Promise.resolve(provider)
      },
      out: (text) => {
        out += text
      },
      say: (text) => {
        said += text
      },
      ask: more.answer === undefined ? undefined : () => Promise.resolve(more.answer === true),
    }),
  )
  return { code, out, said }
}

const AT = "--provider aws --region eu-west-2"

async function furnished(): Promise<Rig> {
  const cloud = rig()
  const { clock, cluster: make } = cloud
  const [one, two] = [make({ name: "render" }), make({ name: "encode", owner: "ops" })]
  await clock.run(Promise.all([one.scale(3), two.scale(2)]))
  await clock.run(Promise.all([one.detach(), two.detach()]))
  await clock.run(clock.sleep(3_600_000))
  return cloud
}

describe("muster list", () => {
  test("prints a table, and nothing else, to its output", async () => {
    const { code, out, said } = await muster(await furnished(), `list ${AT}`)
    expect([code, said]).toEqual([0, ""])
    const lines = out.split("\n").map((line) => line.split(/ {2,}/))
    expect(lines[0]).toEqual(["NAME", "OWNER", "INSTANCES", "RUNNING", "PLACES", "AGE", "ENDS IN"])
    expect(lines[1]?.slice(0, 5)).toEqual(["encode", "ops", "2", "2", "simulated sim-1"])
    expect(lines[2]).toMatchObject(
      ["render", "default", "3", "3", "simulated sim-1", /^1h/, /^10h/].map((cell) =>
        typeof cell === "string" ? cell : (expect.stringMatching(cell) as string),
      ),
    )
  })

  test("takes flags from the environment, an owner, and prints JSON", async () => {
    const env = { MUSTER_PROVIDER: "aws", MUSTER_REGION: " eu-west-2, " }
    const { code, out } = await muster(await furnished(), "list --owner ops --json", { env })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject([{ name: "encode", owner: "ops", instances: 2 }])
  })

  test("takes the formats that get takes", async () => {
    const cloud = await furnished()
    expect((await muster(cloud, `list ${AT} -o name`)).out).toBe("clusters/encode\nclusters/render\n")
    expect((await muster(cloud, `list ${AT} -o wide --no-headers`)).out).toMatch(
      /^encode .* [0-9a-f]{16}\nrender .*\n$/,
    )
    expect((await muster(cloud, `list ${AT} -o yaml`)).out).toMatch(/^- name: encode\n/)
    expect((await muster(cloud, `list ${AT} -o csv`)).code).toBe(2)
  })

  test("no clusters is no failure", async () => {
    expect(await muster(rig(), `list ${AT}`)).toEqual({ code: 0, out: "", said: "no clusters\n" })
    expect(await muster(rig(), `list ${AT} --json`)).toEqual({ code: 0, out: "[]\n", said: "" })
  })
})

describe("muster delete", () => {
  test("ends all of a cluster and nothing of another", async () => {
    const cloud = await furnished()
    const { code, out } = await muster(cloud, `delete render ${AT} --yes --json`)
    expect(code).toBe(0)
    const rows = JSON.parse(out) as { kind: string; removed: boolean; cluster: string }[]
    expect(rows.filter(({ kind }) => kind === "instance")).toHaveLength(3)
    expect(rows.every(({ removed, cluster }) => removed && cluster === "render")).toBe(true)
    expect(live(cloud.world)).toHaveLength(2)
  })

  test("shows first and asks; no means no, and with nobody to ask it needs --yes", async () => {
    const cloud = await furnished()
    const no = await muster(cloud, `delete render ${AT}`, { answer: false })
    expect(no.code).toBe(1)
    expect(no.said).toMatch(/KIND +ID[\s\S]*instance +i-[\s\S]*nothing was removed/)
    const silent = await muster(cloud, `delete render ${AT}`)
    expect([silent.code, silent.out]).toEqual([2, ""])
    expect(silent.said).toContain("--yes: is missing")
    const dry = await muster(cloud, `delete render ${AT} --dry-run`)
    expect([dry.code, dry.out.match(/^instance /gm)?.length]).toEqual([0, 3])
    expect(live(cloud.world)).toHaveLength(5)
    expect((await muster(cloud, `delete render ${AT}`, { answer: true })).code).toBe(0)
    expect(live(cloud.world)).toHaveLength(2)
  })

  test("a name that is not there: 6, with the one that was meant", async () => {
    const cloud = await furnished()
    const { code, said } = await muster(cloud, `delete rendr ${AT} -y`)
    expect(code).toBe(6)
    expect(said).toContain(`did you mean "render"?`)
    expect((await muster(cloud, `delete encode ${AT} -y`)).code).toBe(6)
    expect((await muster(cloud, `delete encode --owner ops ${AT} -y`)).code).toBe(0)
  })

  test("what cannot be ended: 4, named", async () => {
    const cloud = await furnished()
    cloud.world.faults.fail("TerminateInstances", { error: "rejected", message: "protected", times: 9 })
    const { code, said } = await muster(cloud, `delete render ${AT} -y --json`)
    expect(code).toBe(4)
    const { error } = JSON.parse(said.split("\n")[1] ?? "") as { error: { class: string; message: string } }
    expect(error.class).toBe("LeakError")
    expect(error.message).toContain("protected")
    expect(live(cloud.world)).toHaveLength(5)
  })
})

describe("the question", () => {
  const answers = [
    ["y\n", true],
    ["YES\n", true],
    ["\n", false],
    ["n\n", false],
    ["yes, but\n", false],
    // The input ended: Ctrl-D.
    ["", false],
  ] as const
  test.each(answers)("%j: %j", async (answer, expected) => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const asked = askAtTerminal("remove 3 instances?", input, output)
    input.end(answer)
    expect(await asked).toBe(expected)
    expect(String(output.read())).toBe("remove 3 instances? [y/N] ")
  })
})

describe("muster sweep", () => {
  test("removes what has expired; what may be held stays", async () => {
    const cloud = await furnished()
    const nothing = await muster(cloud, `sweep ${AT} -y`)
    expect(nothing).toEqual({ code: 0, out: "", said: "nothing to sweep\n" })
    const old = await muster(cloud, `sweep ${AT} --older-than 30m --dry-run --json`)
    expect((JSON.parse(old.out) as { why: string }[]).filter(({ why }) => why === "older")).toHaveLength(3)
    await cloud.clock.run(cloud.clock.sleep(13 * 3_600_000))
    const { code, out } = await muster(cloud, `sweep ${AT} -y`)
    expect([code, live(cloud.world)]).toEqual([0, []])
    expect(out).toContain("expired")
  })
})

describe("exit codes", () => {
  const rows = [
    ["", 0, "muster: makes, finds and ends clusters"],
    ["help", 0, "Exit codes:"],
    ["--version", 0, "1.2.3"],
    ["-v", 0, "1.2.3"],
    ["help help", 0, "Exit codes:"],
    ["help sweep", 0, "--older-than DURATION"],
    ["delete --help", 0, "muster delete NAME"],
    ["lst", 2, 'did you mean "muster list"?'],
    ["list --provder aws", 2, "did you mean --provider?"],
    ["list --provider asw --region x", 2, "did you mean aws?"],
    ["list --region eu-west-2", 2, "--provider: is missing"],
    ["list --provider aws", 2, "--region: is missing"],
    ["list --provider --json", 2, "--provider: needs a value"],
    [`list ${AT} --json=yes`, 2, "it takes no value"],
    [`list ${AT} --option broken`, 2, "use KEY=VALUE"],
    [`list ${AT} --option broken:={`, 2, "is no JSON"],
    [`list ${AT} --option broken=yes`, 1, 'with {"broken":"yes"}'],
    [`delete ${AT}`, 2, "NAME: is missing; use: muster delete NAME"],
    [`delete one two ${AT}`, 2, "two: is one word too many"],
    [`delete Not_A_Name ${AT} -y`, 2, 'is "Not_A_Name"'],
    [`sweep ${AT} --older-than soon -y`, 2, "use a number with a unit"],
  ] as const
  test.each(rows)("muster %s: %i", async (line, expected, text) => {
    const { code, out, said } = await muster(rig(), line)
    expect(out + said).toContain(text)
    expect(code).toBe(expected)
    if (expected !== 0) expect(out).toBe("")
  })

  const faults = [
    ["auth", 3],
    ["rejected", 1],
  ] as const
  test.each(faults)("the cloud says %s: %i, as JSON when asked", async (error, expected) => {
    const cloud = rig()
    cloud.world.faults.fail("ListInstances", { error, message: "no", times: 1 })
    const { code, out, said } = await muster(cloud, `list ${AT} --json`)
    expect([code, out]).toEqual([expected, ""])
    expect(JSON.parse(said)).toMatchObject({
      error: { message: expect.stringContaining("no") as string, retryable: false },
    })
  })
})
