/** Wrong command lines: each is told what is wrong and what to do, with exit code 2, and nothing is asked of a cloud. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { AT, desk } from "./support.js"

/** The line, and what it must be told. */
const LINES: readonly (readonly [line: string, remedy: string])[] = [
  ["lst", 'did you mean "muster list"?'],
  ["Delete render", 'did you mean "muster delete"?'],
  ["frobnicate render", "is no command; there are init, plan, up, adapt, scale"],
  ["start render", 'did you mean "muster up"?'],
  ["apply", 'did you mean "muster up"?'],
  ["stop render", 'did you mean "muster delete"?'],
  ["status", 'did you mean "muster describe"?'],
  ["constructor", "is no command; there are"],
  ["plan", "use one of local, aws, gcp, azure, or write a muster.yaml: muster init"],
  ["describe render", `muster init (this machine's journals know no cluster "render")`],
  ["init render", "--provider: is missing; use one of local, aws, gcp, azure"],
  ["plan -f /dev/null", "is a device; name a file, or - for the standard input"],
  ["--provider aws list", "the verb comes first: muster VERB [words] [flags]"],
  ["-f muster.yaml up", "the verb comes first"],
  ["help lst", 'did you mean "muster list"?'],
  ["list --provder aws", "did you mean --provider?"],
  ["list --provider=aws --regoin=x", "did you mean --region?"],
  ["list -x", "-x: is not known; there are --provider"],
  ["list --provider asw --region x", "did you mean aws?"],
  ["list --provider ec2 --region x", "use one of local, aws, gcp, azure"],
  ["list --region eu-west-2", "--provider: is missing; use one of local, aws, gcp, azure"],
  ["list --provider aws", "--region: is missing; aws needs one, or several with commas"],
  ["list --provider aws --region ,", "--region: is missing"],
  ["list --provider", "--provider: needs a value: --provider local|aws|gcp|azure"],
  ["list --provider --region x", "--provider: needs a value"],
  ["list -p", "--provider: needs a value"],
  [`list ${AT} --json=yes`, 'is "yes"; it takes no value'],
  [`list ${AT} --option broken`, "use KEY=VALUE, or KEY:=JSON"],
  [`list ${AT} --option =x`, "use KEY=VALUE, or KEY:=JSON"],
  [`list ${AT} --option broken:={`, "what follows := is no JSON"],
  ["list extra", "extra: is one word too many; use: muster list"],
  ["get pods", "use one of clusters, workers, groups: muster get workers pods"],
  ["get worker s", "--provider: is missing"],
  ["get render", "muster get workers render"],
  [`get workers ${AT}`, "NAME: is missing; name the cluster, or give a file that does"],
  [`get workers render ${AT} -o jsn`, "did you mean json?"],
  [`get workers render ${AT} -o csv`, "use one of table, wide, json, yaml, name"],
  [`get workers render ${AT} -o`, "--output: needs a value: --output table|wide|json|yaml|name"],
  [`get workers Render ${AT}`, "use 1 to 40 lower-case letters, digits and hyphens"],
  [`get workers a b c ${AT}`, "b: is one word too many; use: muster get"],
  [`explain ${AT}`, "NAME: is missing"],
  [`explain render ${AT} -o name`, "use one of table, json, yaml"],
  [`describe ${AT}`, "NAME: is missing"],
  [`cost ${AT}`, "NAME: is missing"],
  [`audit ${AT}`, "NAME: is missing"],
  [`plan ${AT} --vcpus 2`, "--workers: is missing; say how many: -n 10"],
  [`plan ${AT} -n ten`, "use a whole number, or GROUP=N"],
  [`plan ${AT} -n -3`, "use a whole number, or GROUP=N"],
  [`plan ${AT} -n 1.5`, "use a whole number, or GROUP=N"],
  [`plan ${AT} -n 3 --vcpus many`, '--vcpus: is "many"; use a number'],
  [`plan ${AT} -n 3 --vcpus ..`, "use 8, 8..16, 8.. or ..16"],
  [`plan ${AT} -n 3 --vcpus 16..8`, "min must not be above max"],
  [`plan ${AT} -n 3 --vcpus 2 --instance-type s1.small`, "name types or describe them, not both"],
  [`plan ${AT} -n 3 --set vcpus`, '--set: is "vcpus"; use KEY=VALUE, or KEY:=JSON'],
  [`plan ${AT} -n 3 --set cpus=2`, 'did you mean "vcpus"?'],
  [`plan ${AT} -n 3 --set vcpus=2`, '--set vcpus: cluster.vcpus: is "2"; use a number or an object with min, max'],
  [`plan ${AT} -n 3 --market Spot`, '--market: cluster.market: is "Spot"; '],
  [`plan ${AT} -n 3 --arch amd64`, 'use "x86_64" (also called amd64)'],
  [`plan ${AT} -n 3 --max-lifetime 10minutes`, 'use a number with a unit: "90s"'],
  [`plan ${AT} -n 3 --budget-per-hour 0`, "use more than 0 USD, or leave it out"],
  [`plan ${AT} -n 3 --budget-total lots`, '--budget-total: is "lots"; use a number'],
  [`up render ${AT} -n 3 --max-workers 2 --vcpus 2`, "ask for at most 2, or raise maxWorkers"],
  [`plan ${AT} -n web=3`, "no such group; groups: default"],
  [`plan ${AT} -n web=3 -n 4`, "with several groups use GROUP=N for each"],
  [`plan ${AT} -n 3 -f missing.yaml`, "missing.yaml"],
  [`up ${AT} -n 3`, "NAME: is missing"],
  [`up render ${AT}`, "--workers: is missing"],
  [`up render ${AT} -n 3 --progress fancy`, "use one of auto, terminal, plain, json, quiet"],
  [`up render ${AT} -n 3 --on-interrupt stop`, "use close or let-go"],
  [`up render ${AT} -n 3 -d --timeout 600`, 'use a number with a unit: "90s"'],
  ["scale", "NAME: is missing; use: muster scale NAME"],
  [`scale render ${AT}`, "COUNT: is missing; use: muster scale NAME 10"],
  [`scale render ten ${AT}`, "use a whole number, or GROUP=N"],
  [`scale render +1 ${AT}`, "use a whole number, or GROUP=N"],
  [`offers ${AT} --gpu L4:two`, '--gpu: is "two"; use a number'],
  [`rehearse bad-day ${AT} -n 3`, "use one of calm-day"],
  [`rehearse calm-day ${AT} -n 3 --seed x`, "use a whole number"],
  [`delete ${AT}`, "NAME: is missing; use: muster delete NAME"],
  [`delete one two ${AT}`, "two: is one word too many"],
  [`delete Not_A_Name ${AT} -y`, 'is "Not_A_Name"'],
  [`delete render ${AT} --force`, "--force: is not known"],
  [`sweep ${AT} --older-than soon -y`, "use a number with a unit"],
  ["completion", "bash|zsh|fish: is missing"],
  ["completion tcsh", "use one of bash, zsh, fish"],
  ["init --provider aws", "--region: is missing"],
  ["init Bad_Name --provider local", "use 1 to 40 lower-case letters"],
  ["init -f there.yaml --provider local", "there.yaml is there already; remove it, or name another one"],
]

describe("wrong command lines", () => {
  test("are 60 at least, and no two alike", () => {
    expect(LINES.length).toBeGreaterThanOrEqual(60)
    expect(new Set(LINES.map(([line]) => line)).size).toBe(LINES.length)
  })

  test.each(LINES)("muster %s: %s", async (line, remedy) => {
    const { muster, world, directory } = desk()
    writeFileSync(join(directory, "there.yaml"), "provider: local\n")
    const { code, out, said } = await muster(line)
    expect([said, code]).toEqual([expect.stringContaining(remedy), 2])
    expect(said).toMatch(/^muster: [^\n]/)
    expect(out).toBe("")
    expect(said).not.toContain("    at ")
    expect(world.ledger.entries.filter(({ api }) => !api.startsWith("List"))).toEqual([])
  })

  test("an error is JSON too where a variable asks for JSON, and no flag for another format", async () => {
    const { muster } = desk()
    const env = { MUSTER_OUTPUT: "json" }
    const { said } = await muster("explain --provider asw", { env })
    expect(JSON.parse(said)).toMatchObject({ error: { class: "SpecError" } })
    expect((await muster("explain --provider asw -o table", { env })).said).toMatch(/^muster: /)
  })

  test("all that is wrong with one is said at once, and as JSON where JSON was asked for", async () => {
    const { muster } = desk()
    const { code, said } = await muster("list --provder aws --regoin x --json --option")
    const { error } = JSON.parse(said) as { error: { class: string; details: readonly { option: string }[] } }
    expect([code, error.class, error.details.map(({ option }) => option)]).toEqual([
      2,
      "SpecError",
      ["--provder", "--regoin", "--option"],
    ])
  })
})
