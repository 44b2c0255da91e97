/** `muster up`, on a simulated cloud: it makes it so and holds it, until it is told what becomes of it. */
import { describe, expect, test } from "vitest"
import { InterruptedError } from "../../src/cli/exit-codes.js"
import type { Surroundings } from "../../src/cli/surroundings.js"
import { live } from "../cluster/support.js"
import { AT, desk, type Desk } from "./support.js"

const UP = `up render ${AT} --instance-type s1.small`

/** Signals at moments of virtual time; each call of what it returns waits for the next one. */
function signalsAt({ clock }: Desk, ...seconds: readonly number[]): NonNullable<Surroundings["interrupts"]> {
  let pending = new AbortController()
  for (const second of seconds) clock.timer(second * 1000, () => pending.abort(new InterruptedError("SIGINT")))
  return () => {
    pending = new AbortController()
    return pending.signal
  }
}

function answering(...answers: readonly string[]) {
  const asked: string[] = []
  const prompt = (question: string) => {
    asked.push(question)
    return Promise.resolve(answers[asked.length - 1])
  }
  return { asked, prompt }
}

describe("muster up --detach", () => {
  test("says in one line that nobody replaces, when it ends, what it costs an hour, and how to end it", async () => {
    const at = desk()
    const { code, out, said } = await at.muster(`${UP} -n 3 -d`)
    expect([code, out]).toEqual([0, ""])
    expect(said.trim().split("\n")).toHaveLength(1)
    expect(said).toMatch(
      /^"render" goes on with 3 workers \(aws eu-west-2\): from now on nobody replaces what is lost; it ends at \d{4}-\d\d-\d\d \d\d:\d\d UTC; \$\d+\.\d+ an hour; end it: muster delete render --provider aws --region eu-west-2\n$/,
    )
    expect(live(at.world)).toHaveLength(3)
  })

  test("again is no second cluster, and with another number the same one has that many", async () => {
    const at = desk()
    await at.muster(`${UP} -n 3 -d`)
    await at.clock.run(at.clock.sleep(600_000))
    expect((await at.muster(`${UP} -n 3 -d`)).code).toBe(0)
    expect((await at.muster(`${UP} -n 2 -d --take-over`)).code).toBe(0)
    expect(live(at.world)).toHaveLength(2)
  })

  test("what is short says what goes on, and is exit code 4", async () => {
    const at = desk()
    at.world.faults.fail("CreateInstances", { error: "capacity", message: "none left", times: 999 })
    const { code, said } = await at.muster(`${UP} -n 3 -d --timeout 2m`)
    expect([code, said.includes("none left")]).toEqual([4, true])
  })
})

describe("muster up", () => {
  test("of no workers has nothing to hold: it says so and ends, also of a cluster that had some", async () => {
    const at = desk()
    const { code, said } = await at.muster(`${UP} -n 0`)
    expect([code, said]).toEqual([0, '"render" has no workers, as asked: there is nothing to hold\n'])
    await at.muster(`${UP} -n 2 -d`)
    expect((await at.muster(`${UP} -n 0 --take-over`)).code).toBe(0)
    expect(live(at.world)).toHaveLength(0)
  })

  test("holds: what is lost is replaced, until it is closed at Ctrl-C", async () => {
    const at = desk()
    const { asked, prompt } = answering("what?", "c")
    at.clock.timer(120_000, () => at.world.faults.interrupt([live(at.world)[0]?.id ?? ""]))
    const { code, said } = await at.muster(`${UP} -n 3`, { prompt, interrupts: signalsAt(at, 600) })
    expect(code).toBe(0)
    expect(asked[0]).toBe(`"render" runs 3 workers: (c)lose it, (l)et it go, or (g)o on? [c/l/g] `)
    expect(said).toMatch(/answer c, l or g\n"render" is closed: nothing of it is left\n$/)
    expect(live(at.world)).toEqual([])
  })

  test("goes on when it is told to, and lets go when it is told that", async () => {
    const at = desk()
    const { asked, prompt } = answering("g", "l")
    const { code, said } = await at.muster(`${UP} -n 2`, { prompt, interrupts: signalsAt(at, 300, 900) })
    expect([code, asked.length, live(at.world).length]).toEqual([0, 2, 2])
    expect(said).toContain("from now on nobody replaces what is lost")
    expect(at.clock.now()).toBeGreaterThan(900_000)
  })

  test("without a terminal a signal closes it, or lets it go with --on-interrupt, and is the exit code", async () => {
    const at = desk()
    expect((await at.muster(`${UP} -n 2`, { interrupts: signalsAt(at, 300) })).code).toBe(130)
    expect(live(at.world)).toEqual([])
    const kept = await at.muster(`${UP} -n 2 --on-interrupt let-go`, { interrupts: signalsAt(at, 300) })
    expect([kept.code, live(at.world).length]).toEqual([130, 2])
  })

  test("ends with 4 and the reason when startups have failed until nothing more is launched", async () => {
    const at = desk()
    at.world.faults.rateStartups(1, {}, { exitCode: 3, afterMs: 60_000, tail: "no licence" })
    const { code, said } = await at.muster(`${UP} -n 3 --startup false`)
    expect(code).toBe(4)
    expect(said).toMatch(/launches none any more: too many startups failed.*exit code 3.*no licence/s)
  })

  test("ends by itself with its deadline", async () => {
    const at = desk()
    const { code } = await at.muster(`${UP} -n 2 --max-lifetime 1h`)
    expect([code, live(at.world)]).toEqual([0, []])
  })

  test("ends with 4 when all that may be spent is", async () => {
    const at = desk()
    const { code, said } = await at.muster(`${UP} -n 2 --budget-total 0.2`)
    expect([code, live(at.world)]).toEqual([4, []])
    expect(said).toContain("budget.total")
  })
})

describe("taking over", () => {
  /** A cluster that another process of another machine has made just now. */
  async function held() {
    const at = desk()
    const other = at.cluster({ name: "render" })
    await at.clock.run(other.scale(2))
    for (const { id, tags } of live(at.world)) {
      at.world.retag(id, { ...tags, "muster-holder": `build-7_4711_${Math.floor(at.clock.now() / 1000)}` })
    }
    return { at, other }
  }

  const LINES = [`scale render 3 ${AT} --instance-type s1.small`, `${UP} -n 3 -d`]

  test.each(LINES)("%s needs --take-over where nobody can be asked", async (line) => {
    const { at } = await held()
    const { code, said } = await at.muster(line)
    expect(code).toBe(2)
    expect(said).toMatch(
      /--take-over: is missing: "render" is held by process 4711 on build-7 since \d{4}-\S+ \S+ UTC \(it made something \S+ ago\)/,
    )
    expect(live(at.world)).toHaveLength(2)
  })

  test.each(LINES)("%s asks first", async (line) => {
    const { at } = await held()
    const questions: string[] = []
    const ask = (isYes: boolean) => (question: string) => {
      questions.push(question)
      return Promise.resolve(isYes)
    }
    const no = await at.muster(line, { ask: ask(false) })
    expect([no.code, live(at.world).length]).toEqual([1, 2])
    expect(no.said).toBe("nothing was changed\n")
    expect(questions[0]).toMatch(/^"render" is held by process 4711 on build-7 .*Take it over\? That process stops\.$/)
    expect((await at.muster(line, { ask: ask(true) })).code).toBe(0)
    expect(live(at.world)).toHaveLength(3)
  })

  test("whom it is taken from stops, and its instances stay", async () => {
    const { at, other } = await held()
    const problems: string[] = []
    other.on("problem", ({ error }) => problems.push(error))
    expect((await at.muster(`scale render 3 ${AT} --instance-type s1.small --take-over`)).code).toBe(0)
    await at.clock.run(at.clock.sleep(300_000))
    expect([problems, live(at.world).length]).toEqual([["OwnershipError"], 3])
  })

  test("delete names who holds it in its question", async () => {
    const { at } = await held()
    let question = ""
    const ask = (asked: string) => {
      question = asked
      return Promise.resolve(true)
    }
    expect((await at.muster(`delete render ${AT}`, { ask })).code).toBe(0)
    expect(question).toMatch(/^it is held by process 4711 on build-7 since .*; remove 2 instances.* of "render"\?$/)
    expect(live(at.world)).toEqual([])
  })

  test("nobody is asked of a cluster that was let go of long ago", async () => {
    const { at, other } = await held()
    await at.clock.run(other.detach())
    await at.clock.run(at.clock.sleep(3_600_000))
    expect((await at.muster(`scale render 1 ${AT}`)).code).toBe(0)
  })

  test("looking asks nobody and takes nothing over", async () => {
    const { at, other } = await held()
    for (const line of ["get workers render", "explain render", "cost render", "audit render"]) {
      expect((await at.muster(`${line} ${AT}`)).code, line).toBe(0)
    }
    expect(await at.clock.run(other.scale(3))).toMatchObject({ running: 3 })
  })
})
