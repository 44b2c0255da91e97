/** `muster adapt`, on a simulated cloud: a cluster follows the command that its file names, until it is told what becomes of it. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { InterruptedError } from "../../src/cli/exit-codes.js"
import type { Surroundings } from "../../src/cli/surroundings.js"
import { live } from "../cluster/support.js"
import { AT, desk, type Desk } from "./support.js"

const SPEC = "name: encode\nprovider: { aws: { region: eu-west-2 } }\ninstanceType: s1.small\n"

function deskWith(adapt: string): Desk & { readonly wanted: (answer: string) => void } {
  const at = desk()
  const answer = join(at.directory, "wanted")
  const wanted = (text: string) => writeFileSync(answer, text)
  wanted("2")
  writeFileSync(join(at.directory, "muster.yaml"), `${SPEC}${adapt.replace("WANTED", `cat ${answer}`)}`)
  return { ...at, wanted }
}

function signalAt({ clock }: Desk, seconds: number): NonNullable<Surroundings["interrupts"]> {
  const pending = new AbortController()
  clock.timer(seconds * 1000, () => pending.abort(new InterruptedError("SIGINT")))
  return () => pending.signal
}

const FOLLOWS = "adapt: { maximum: 5, every: 30s, demand: { command: 'WANTED' } }\n"

describe("muster adapt", () => {
  test("follows the command up and down, and closes the cluster at a signal", async () => {
    const at = deskWith(FOLLOWS)
    const counts: number[] = []
    at.clock.timer(200_000, () => {
      counts.push(live(at.world).length)
      at.wanted("0")
    })
    at.clock.timer(500_000, () => {
      counts.push(live(at.world).length)
      at.wanted("9\n")
    })
    at.clock.timer(700_000, () => counts.push(live(at.world).length))
    const { code, said } = await at.muster("adapt", { directory: at.directory, interrupts: signalAt(at, 800) })
    expect([code, counts]).toEqual([130, [2, 0, 5]])
    expect(said).toContain('"encode" is closed: nothing of it is left')
    expect(live(at.world)).toEqual([])
    const { out } = await at.muster("events encode", { directory: at.directory })
    expect(out).toMatch(/adapt .*default +follows its demand to 5: demand 9, at most 5/)
  })

  test("lets go of it, and goes on with it later", async () => {
    const at = deskWith(FOLLOWS)
    const more = { directory: at.directory }
    const let_go = await at.muster("adapt --on-interrupt let-go", { ...more, interrupts: signalAt(at, 300) })
    expect([let_go.code, live(at.world).length]).toEqual([130, 2])
    expect(let_go.said).toContain('"encode" goes on with 2 workers')
    at.wanted("4")
    await at.muster("adapt encode --on-interrupt let-go --take-over", { ...more, interrupts: signalAt(at, 600) })
    expect(at.world.truth({})).toHaveLength(4)
    // Who has let go of it follows nothing.
    expect((await at.muster("get groups encode", more)).out).toMatch(/GROUP +DESIRED.*FOLLOWS\ndefault +4 .* -\n/)
  })

  test("shows what a command says when it fails, and keeps what there is", async () => {
    const at = deskWith(FOLLOWS)
    at.clock.timer(150_000, () => writeFileSync(join(at.directory, "wanted"), "seven"))
    await at.muster("adapt", { directory: at.directory, interrupts: signalAt(at, 400) })
    const { out } = await at.muster("events encode", { directory: at.directory })
    expect(out).toContain('DemandError: the demand of group default is not known: its command printed "seven"')
    expect(out).toContain("the target stays 2 until it is known again")
  })

  test("needs a file that says what to follow", async () => {
    const at = deskWith("")
    const { code, said } = await at.muster("adapt", { directory: at.directory })
    expect(code).toBe(2)
    expect(said).toContain(
      'adapt: is missing; say in the file what to follow: adapt: { maximum: 10, demand: { command: "./demand" } }',
    )
    const bad = deskWith("adapt: { maximum: 2, evry: 9s, demand: { command: x } }\n")
    expect((await bad.muster("adapt", { directory: bad.directory })).said).toMatch(
      /muster\.yaml:4:\d+: adapt\.evry: unknown option \(value "9s"\); did you mean "every"\?/,
    )
    const low = deskWith("adapt: { minimum: 3, maximum: 2, demand: { command: x } }\n")
    expect((await low.muster("adapt", { directory: low.directory })).said).toContain(
      "adapt.maximum: is 2, below minimum 3",
    )
  })

  test("what a group follows is known to others on this machine while it does", async () => {
    const at = desk()
    const cluster = at.cluster({ name: "encode" }, { journal: at.journal })
    const adapting = await at.clock.run(cluster.adapt({ maximum: 3, demand: () => 7 }))
    await at.clock.run(at.clock.sleep(120_000))
    const look = async () => (await at.muster(`get groups encode ${AT}`)).out
    expect(await look()).toMatch(/FOLLOWS\ndefault +3 .* demand 7, at most 3\n/)
    adapting.stop()
    await at.clock.run(at.clock.sleep(5_000))
    expect(await look()).toMatch(/FOLLOWS\ndefault +3 .* -\n/)
    await at.clock.run(cluster.close())
  })

  test("prints a unit, and makes nothing", async () => {
    const at = deskWith(FOLLOWS)
    const file = join(at.directory, "muster.yaml")
    const { code, out } = await at.muster(`adapt --unit --file ${file} --progress json`, { directory: at.directory })
    expect(code).toBe(0)
    expect(out).toContain(`\nWorkingDirectory=${at.directory}\n`)
    expect(out).toMatch(
      /^ExecStart=\/\S+ \/\S+ adapt encode --file \S+muster\.yaml .*--progress json --on-interrupt let-go$/m,
    )
    expect(out).toMatch(/^\[Unit\]\n.*^\[Service\]\n.*^\[Install\]\nWantedBy=default\.target\n$/ms)
    // Stopping it is no failure.
    expect(out).toContain("\nSuccessExitStatus=143\n")
    expect(at.world.ledger.entries).toEqual([])
    expect((await at.muster("adapt --unit --file -", { input: [SPEC + FOLLOWS] as never })).said).toContain(
      "--file: is no file for a unit; name one",
    )
  })
  test("a unit says what this command line says, and finds the cluster as this shell does", async () => {
    const at = deskWith(FOLLOWS)
    const directory = join(at.directory, 'it\'s "50%" of \\ $HOME')
    mkdirSync(directory)
    const file = join(directory, "my muster.yaml")
    writeFileSync(file, SPEC + FOLLOWS)
    const words = ["adapt", "--unit", "--file", file, "--market", "spot", "--set", "tags.of=a b"]
    const { code, out } = await at.muster(words, { directory, env: { MUSTER_OWNER: "ci", MUSTER_PROGRESS: "quiet" } })
    expect(code).toBe(0)
    const line = /^ExecStart=(.*)$/m.exec(out)?.[1] ?? ""
    expect(line).toContain(`/it's \\"50%%\\" of \\\\ $$HOME/my muster.yaml"`)
    expect(line).toMatch(/--owner ci\b/)
    expect(line).toMatch(/--market spot --set "tags\.of=a b" --progress plain --on-interrupt let-go$/)
  })
})
