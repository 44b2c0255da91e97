/** `muster policy`: what it prints can be pasted, and what it is given is checked. */
import { parse } from "yaml"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { run } from "../../src/cli/run.js"
import { loadRights } from "../../src/registry.js"
import { usualPurposes } from "../../src/rights.js"

async function policy(line: string): Promise<{ readonly code: number; readonly out: string; readonly said: string }> {
  let [out, said] = ["", ""]
  const surroundings = {
    env: {},
    version: "1",
    clock: systemClock,
    ask: undefined,
    load: () => Promise.reject(new Error("no cloud is asked")),
    out: (text: string) => {
      out += text
    },
    say: (text: string) => {
      said += text
    },
  }
  const code = await run(["policy", ...line.split(" ")], surroundings)
  return { code, out, said }
}

const CLOUDS = ["aws", "gcp", "azure"] as const

describe.each(CLOUDS)("the rights of %s", (cloud) => {
  test("are each for a purpose that there is, and each purpose has some", async () => {
    const book = await loadRights(cloud)
    if (book === undefined) throw new Error("no rights")
    const names = book.purposes.map(({ name }) => name)
    const used = new Set(book.rights.flatMap((right) => right.for))
    expect([...used].sort()).toEqual([...names].sort())
    expect(book.purposes.filter(({ when }) => when === "always").map(({ name }) => name)).toEqual(["launch"])
    expect(usualPurposes(book).has("access")).toBe(false)
  })

  test("are printed ready to paste, with every purpose and with one", async () => {
    const book = await loadRights(cloud)
    const all = (book?.purposes ?? []).map(({ name }) => name)
    for (const line of [cloud, `${cloud} --with ${all.join(",")}`, ...all.map((name) => `${cloud} --only ${name}`)]) {
      const { code, out } = await policy(line)
      expect([line, code]).toEqual([line, 0])
      const read = (cloud === "gcp" ? parse(out) : JSON.parse(out)) as object
      expect(JSON.stringify(read).length).toBeGreaterThan(20)
      expect(out.split("\n").every((row) => row.length <= 120)).toBe(true)
    }
  })
})

describe("--github", () => {
  test("adds the trust of one branch of one repository, as each vendor has it", async () => {
    const aws = await policy("aws --only launch --github octo/render@release/1.x")
    const trust = JSON.parse(aws.out.slice(aws.out.indexOf("\n\n"))) as { Statement: { Condition: object }[] }
    expect(trust.Statement[0]?.Condition).toEqual({
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:octo/render:ref:refs/heads/release/1.x",
      },
    })
    const azure = await policy("azure --only launch --github octo/render@main")
    expect(JSON.parse(azure.out.slice(azure.out.indexOf("\n\n")))).toEqual({
      name: "muster-github",
      issuer: "https://token.actions.githubusercontent.com",
      subject: "repo:octo/render:ref:refs/heads/main",
      audiences: ["api://AzureADTokenExchange"],
    })
    const gcp = await policy("gcp --only launch --github octo/render@main")
    expect(gcp.out).toContain("assertion.repository == 'octo/render' && assertion.ref == 'refs/heads/main'")
    expect(gcp.out).toContain("/attribute.repository/octo/render")
  })

  test("is in the data as well", async () => {
    const { out } = await policy("aws --github octo/render@main --json")
    const data = JSON.parse(out) as { provider: string; rights: readonly object[]; policy: string; trust: string }
    expect(data.rights).toContainEqual({ name: "ec2:RunInstances", for: ["launch"], on: "anything", ask: "alone" })
    expect([data.provider, JSON.parse(data.policy), JSON.parse(data.trust)].every(Boolean)).toBe(true)
  })

  test.each([
    "octo/render",
    "octo@main",
    "octo/render@",
    "octo/*@main",
    "octo/render@$(id)",
    "octo/render@a'b",
    "a/b@*",
  ])("%s is refused", async (text) => {
    const { code, out, said } = await policy(`aws --github ${text}`)
    expect([code, out]).toEqual([2, ""])
    expect(said).toContain("give the repository and its branch: --github OWNER/REPO@BRANCH")
  })
})

test.each([
  ["aws --with acces", /--with: is "acces"; did you mean access\?/],
  ["azure --only nothing,quota", /is "nothing"; there are launch, .*is "quota"; did you mean quotas\?/s],
  ["local", /local: needs none; use one of aws, gcp, azure/],
  ["awz", /did you mean aws\?/],
])("muster policy %s", async (line, message) => {
  const { code, out, said } = await policy(line)
  expect([code, out]).toEqual([2, ""])
  expect(said).toMatch(message)
})
