/** `muster doctor --live`, on the small cloud: what is asked, told, and said with the exit code. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { InterruptedError } from "../../../src/cli/exit-codes.js"
import { run } from "../../../src/cli/run.js"
import type { Surroundings } from "../../../src/cli/surroundings.js"
import type { WalkStage } from "../../../src/provider.js"
import { expectNothingLeft } from "./support.js"
import { type Toy, toy, type ToyOptions } from "./toy.js"

let directory = ""
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const AT = "--provider aws --region eu-west-2"

async function muster(
  line: string,
  options: ToyOptions = {},
  more: (cloud: Toy) => Partial<Surroundings> = () => ({}),
) {
  directory = mkdtempSync(join(tmpdir(), "muster-live-"))
  const cloud = toy(options)
  let [out, said] = ["", ""]
  const surroundings: Surroundings = {
    ...{ version: "1.2.3", clock: cloud.clock, directory, ask: undefined },
    load: () => Promise.resolve(cloud.provider),
    out: (text) => {
      out += text
    },
    say: (text) => {
      said += text
    },
    ...more(cloud),
    env: { XDG_STATE_HOME: directory },
  }
  const code = await cloud.run(run(line.split(" "), surroundings))
  cloud.stop()
  return { code, out, said, world: cloud.world }
}

test("shows what was found, what it would make, and asks; then a line for each assumption", async () => {
  const questions: string[] = []
  const ask = (question: string) => {
    questions.push(question)
    return Promise.resolve(true)
  }
  const { code, out, said, world } = await muster(`doctor --live ${AT} --owner me --set tags.team=blue`, {}, () => ({
    ask,
  }))
  expect([code, questions]).toEqual([0, ["Go on?"]])
  expectNothingLeft(world)
  expect(said).toMatch(/^STATUS +CHECK +FOUND\n/)
  expect(said).toMatch(/\nmakes +9 × s1\.small \(spot, on-demand\), 3 at once at most, 15 minutes at most\n/)
  expect(said).toMatch(/\ncluster +doctor-[0-9a-f]{6}: team=blue, muster-cluster=doctor-/)
  expect(said).toMatch(
    /\nif not +muster sweep --name doctor-\w{6} --provider aws --region eu-west-2 --owner me --now\n/,
  )
  expect(said).toMatch(/\n5 confirmed, 0 refuted, 0 not seen; 9 machines, .* USD spent .*; nothing is left\n$/)
  expect(out).toMatch(/^VERDICT +ASSUMPTION +IN WORDS\nCONFIRMED +toy\.tags +toy\.tags holds\./)
})

test("no key of the command line is in what it shows, or in what ends everything", async () => {
  const keys = '{"accessKeyId":"AKIDEXAMPLE","secretAccessKey":"planted"}'
  const { code, out, said } = await muster(
    `doctor --live ${AT} --yes --option credentials:=${keys} --option maxPrice=1`,
  )
  expect([code, `${out}${said}`.includes("planted")]).toEqual([0, false])
  expect(said).toMatch(
    /\nif not +muster sweep --name doctor-\w{6} --provider aws --region eu-west-2 --option maxPrice=1 --now\n/,
  )
})

test("as data, without the exchanges, and 1 for what is refuted", async () => {
  const { code, out } = await muster(`doctor --live ${AT} --yes --json`, { staysOn: true })
  const { status, walk } = JSON.parse(out) as { status: string; walk: { exchanges: number; left: string[] } }
  expect([code, status, walk.exchanges, walk.left]).toEqual([1, "fail", 0, []])
})

describe("the report", () => {
  test("that cannot be written is told before anything is made", async () => {
    const { code, said, world } = await muster(`doctor --live ${AT} --yes --report /proc/nowhere`)
    expect([code, world.truth({}), world.ledger.count()]).toEqual([2, [], 0])
    expect(said).toMatch(/--report: nothing can be written into \/proc\/nowhere: ENOENT.*name another directory/)
  })

  test("that can no longer be written at the end goes to standard output", async () => {
    const spoil = () => {
      rmSync(join(directory, "reports"), { recursive: true })
      writeFileSync(join(directory, "reports"), "full")
      return Promise.resolve(true)
    }
    const { code, out, said } = await muster(`doctor --live ${AT} --report reports`, {}, () => ({ ask: spoil }))
    expect(code).toBe(0)
    expect(said).toMatch(/the report cannot be written into .*reports, and follows: E/)
    expect(said).toMatch(/\nCONFIRMED +toy\.tags/)
    expect(JSON.parse(out)).toMatchObject({ format: "muster-doctor", provider: "simulated" })
    const asData = await muster(`doctor --live ${AT} --report reports --json`, {}, () => ({ ask: spoil }))
    expect(JSON.parse(asData.out)).toMatchObject({ status: "ok", unwritten: { format: "muster-doctor" } })
  })

  test("that cannot be made at all takes nothing away of what was seen", async () => {
    const spoilt = (stage: WalkStage) => {
      ;(stage.exchanges as object[]).push({ number: 0, api: "unlike all others" })
      return Promise.resolve()
    }
    const { code, out, said } = await muster(`doctor --live ${AT} --yes`, { walk: { free: spoilt } })
    expect(code).toBe(0)
    expect(said).toMatch(/the report cannot be written into .*, only what was seen follows: /)
    expect(out).toMatch(/^VERDICT.*\nCONFIRMED +toy\.tags/)
    expect(said).toMatch(/; nothing is left\n$/)
  })

  test("is two files, whose names are told", async () => {
    const { said } = await muster(`doctor --live ${AT} --yes --report deep/reports`)
    const files = readdirSync(join(directory, "deep", "reports")).sort()
    expect(files).toEqual([
      expect.stringMatching(/^muster-doctor-simulated-sim-1-.*\.json$/),
      expect.stringMatching(/\.md$/),
    ])
    for (const file of files) expect(said).toContain(join(directory, "deep", "reports", file))
  })
})

describe("makes nothing", () => {
  test.each([
    [`doctor --live ${AT}`, 2, /--yes: is missing: --live makes machines that cost money/],
    [`doctor ${AT} --yes --budget 1`, 2, /2 problems:\n {2}--budget: is for --live.*\n {2}--yes: is for --live/],
    [`doctor --live --yes ${AT},eu-west-1`, 2, /--region: there are 2; --live makes machines in exactly one/],
    [`doctor --live --yes ${AT} --budget lots`, 2, /--budget: is "lots"; use an amount of USD above 0/],
    [`doctor --live --yes ${AT} --budget 0x10`, 2, /--budget: is "0x10"; use an amount of USD above 0/],
    [`doctor --live --yes ${AT} -n 7`, 2, /--workers: is for a burst; --live makes a few machines of its own/],
    [
      `doctor --live --yes ${AT} --compare a b`,
      2,
      /--compare: makes no machines, and --live does; give one of the two/,
    ],
    [`doctor --live --yes ${AT} --budget 0.001`, 1, /muster: it could cost up to .* USD, and 0\.001 USD are allowed/],
    [`doctor --live --yes ${AT} --instance-type none`, 1, /sells nothing of none/],
  ])("%s: exit code %i", async (line, expected, words) => {
    const { code, said, world } = await muster(line)
    expect([code, world.truth({})]).toEqual([expected, []])
    expect(said).toMatch(words)
  })

  test("where the answer is no", async () => {
    const { code, said, world } = await muster(`doctor --live ${AT}`, {}, () => ({ ask: () => Promise.resolve(false) }))
    expect([code, world.truth({})]).toEqual([1, []])
    expect(said).toMatch(/\nmuster: it was not confirmed: nothing was made\n$/)
  })
})

test("Ctrl-C ends what was made, tells what was seen so far, and is exit code 130", async () => {
  let last = () => ""
  const { code, out, said, world } = await muster(`doctor --live ${AT} --yes`, {}, ({ clock }) => ({
    interrupts: (words = () => "") => {
      last = words
      const abort = new AbortController()
      clock.timer(60_000, () => abort.abort(new InterruptedError("SIGINT")))
      return abort.signal
    },
  }))
  expect(code).toBe(130)
  expectNothingLeft(world)
  expect(said).toMatch(/\nending what was made; once more stops at once/)
  expect(said).toMatch(/\nnot carried out: SIGINT: stopped\n.*; nothing is left\n$/)
  expect(out).toMatch(/\nCONFIRMED|\nNOT SEEN/)
  expect(last()).toMatch(/ends by itself within 10 minutes; end it now: muster sweep --name doctor-/)
})
