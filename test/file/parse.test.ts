import { describe, expect, test } from "vitest"
import type { FileError } from "../../src/file/file-error.js"
import { parseFile } from "../../src/file/parse.js"

const PATH = "muster.yaml"
const parse = (text: string, env: Readonly<Record<string, string>> = {}) => parseFile(text, { path: PATH, env })

async function errorOf(text: string, env: Readonly<Record<string, string>> = {}): Promise<FileError> {
  return parse(text, env).then(
    () => Promise.reject(new Error(`nothing is wrong with ${text}`)),
    (error: FileError) => error,
  )
}

const LOCAL = "provider: local\nvcpus: 1\n"

describe("a sound file", () => {
  test("of one cluster", async () => {
    const { clusters } = await parse(`version: 1\nname: render\ntarget: 4\n${LOCAL}`)
    const [{ name, spec, target } = { name: "", spec: {}, target: 0 }] = clusters
    expect({ count: clusters.length, name, spec, target }).toEqual({
      ...{ count: 1, name: "render", target: 4 },
      spec: { name: "render", provider: "local", vcpus: 1 },
    })
  })

  test("of several, in their order, each with its name", async () => {
    const text = `clusters:\n  b:\n    provider: { local: {} }\n    vcpus: 1\n    target: { default: 2 }\n  a:\n    provider: local\n    vcpus: 2\n`
    const { clusters } = await parse(text)
    expect(clusters.map(({ name, spec, target }) => ({ name, spec, target }))).toEqual([
      { name: "b", spec: { name: "b", provider: { local: {} }, vcpus: 1 }, target: { default: 2 } },
      { name: "a", spec: { name: "a", provider: "local", vcpus: 2 }, target: undefined },
    ])
  })

  test("as JSON, indented by tabs", async () => {
    const { clusters } = await parse(JSON.stringify({ name: "a", provider: "local", vcpus: 1 }, null, "\t"))
    expect(clusters[0]?.spec).toEqual({ name: "a", provider: "local", vcpus: 1 })
  })

  test("keeps words that another YAML takes for true or false", async () => {
    const { clusters } = await parse(`${LOCAL}environment: { COUNTRY: no, ANSWER: yes, SWITCH: off }\n`)
    expect(clusters[0]?.spec.environment).toEqual({ COUNTRY: "no", ANSWER: "yes", SWITCH: "off" })
  })

  test("says where its parts stand", async () => {
    const text = `clusters:\n  a:\n    provider:\n      local: {}\n    vcpus: 1\n    groups:\n      train: { vcpus: 2 }\n`
    const { clusters } = await parse(text)
    expect(clusters[0]?.where()).toEqual({ file: PATH, line: 3, column: 5 })
    const at = (option: string) => {
      const { line, column } = clusters[0]?.where(option) ?? {}
      return `${line}:${column}`
    }
    expect(["vcpus", "groups.train.vcpus", "provider.local.zones", "region"].map(at)).toEqual([
      "5:12",
      "7:23",
      "4:7",
      "2:3",
    ])
  })
})

describe("variables", () => {
  const environment = async (text: string, env: Readonly<Record<string, string>> = {}) =>
    (await parse(`${LOCAL}environment:\n  A: ${text}\n`, env)).clusters[0]?.spec.environment?.A

  test.each([
    ["${X}", "x"],
    ['"${X}-${X}"', "x-x"],
    ["${NONE:-there}", "there"],
    ["${EMPTY:-there}", "there"],
    ['"${EMPTY}"', ""],
    ["${NONE:-a:-b}", "a:-b"],
    ['"${NONE:-}"', ""],
    ["$${X}", "${X}"],
    ["$X", "$X"],
    ['"${QUOTES}"', `" \n: [`],
  ])("%s is %j", async (text, value) => {
    expect(await environment(text, { X: "x", EMPTY: "", QUOTES: `" \n: [` })).toBe(value)
  })

  test("are numbers where a number would be one, and texts in quotes", async () => {
    const text = (value: string) => `provider: local\nvcpus: ${value}\n`
    expect((await parse(text("${N}"), { N: "2" })).clusters[0]?.spec.vcpus).toBe(2)
    expect((await parse(text("${N:-4}"))).clusters[0]?.spec.vcpus).toBe(4)
    expect((await errorOf(text('"${N}"'), { N: "2" })).message).toContain(
      'vcpus: is what "${N}" stands for; use a number',
    )
  })

  test("of a startup are the worker's own", async () => {
    const { clusters } = await parse(`${LOCAL}startup: |\n  echo \${HOME}\n`, { HOME: "/home/me" })
    expect(clusters[0]?.spec.startup).toBe("echo ${HOME}\n")
  })

  test("of a text that is named as a startup are filled in", async () => {
    const text = `${LOCAL}environment: { startup: "\${X}" }\ntags: { startup: "\${X}" }\n`
    const [{ spec } = {}] = (await parse(text, { X: "x" })).clusters
    expect(spec).toMatchObject({ environment: { startup: "x" }, tags: { startup: "x" } })
  })

  test("of a startup stay in a group and a cluster whose name is that of an option", async () => {
    const group = "{ vcpus: 1, startup: 'echo ${HOME}' }"
    const text = `clusters: { tags: { provider: local, groups: { environment: ${group}, startup: ${group} } } }\n`
    const [{ spec } = {}] = (await parse(text)).clusters
    const one = { vcpus: 1, startup: "echo ${HOME}" }
    expect(spec?.groups).toEqual({ environment: one, startup: one })
  })

  test.each(["-", "--", "---", "...", ".", "+", "-x", ".x"])("whose value is %s are that text", async (value) => {
    expect(await environment("${X}", { X: value })).toBe(value)
  })

  test.each(["constructor", "__proto__", "toString"])("are the environment's own alone, not its %s", async (name) => {
    expect((await errorOf(`${LOCAL}name: \${${name}}\n`)).message).toContain(`${name} is not set`)
  })

  test("that are none are shown without what a terminal obeys", async () => {
    expect((await errorOf(`${LOCAL}name: "\${\\e[31m}"\n`)).message).toContain("5:7: ${[31m} is no variable".slice(4))
  })

  test("that are not set are all named, with their lines", async () => {
    const { message } = await errorOf(`name: \${A}\n${LOCAL}owner: "\${B}"\nregion: \${C-x}\n`)
    expect(message).toContain("muster.yaml:1:7: A is not set; set it, or give a default: ${A:-…}")
    expect(message).toContain("muster.yaml:4:8: B is not set")
    expect(message).toContain("muster.yaml:5:9: ${C-x} is no variable; write ${NAME}, ${NAME:-default}, or $${ for a")
  })
})

const WRONG: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  [
    "a tab",
    "provider: local\ngroups:\n\ta: {}\n",
    /^muster\.yaml:3:1: a tab indents this line; .*\n2 \| groups:\n3 \| {1,2}a: \{\}\n {2}\| \^/,
  ],
  [
    "a key given twice",
    `${LOCAL}vcpus: 2\n`,
    /^muster\.yaml:3:1: this key is given twice.*\n2 \| vcpus: 1\n3 \| vcpus: 2\n {2}\| \^/,
  ],
  ["an anchor", "provider: &here local\nvcpus: 1\n", /^muster\.yaml:1:\d+: anchors and aliases are not used here/],
  ["an alias", "provider: *here\n", /^muster\.yaml:1:11: anchors and aliases are not used here/],
  ["a tag", "provider: !!str local\n", /^muster\.yaml:1:\d+: the tag !!str is not used here/],
  ["a tag of somebody's", "provider: !cloud local\n", /^muster\.yaml:1:\d+: the tag !cloud is not used here/],
  ["another YAML", "%YAML 1.1\n---\nprovider: local\n", /^muster\.yaml:1:1: this file is read as YAML 1\.2/],
  ["a YAML to come", "%YAML 1.3\n---\nprovider: local\n", /^muster\.yaml:1:1: this file is read as YAML 1\.2/],
  [
    "two documents",
    `${LOCAL}---\n${LOCAL}`,
    /^muster\.yaml:3:1: a second document begins here; put several clusters under/,
  ],
  ["merging", "<<: { vcpus: 1 }\nprovider: local\n", /^muster\.yaml:1:1: merging \(<<\) is not used here/],
  ["a key that is a list", "? [a]\n: b\n", /^muster\.yaml:1:3: a key must be a text/],
  ["a colon in a value", "name: a: b\n", /^muster\.yaml:1:7: a value with ": " in it needs quotes/],
  [
    "a value that begins with @",
    "name: @me\n",
    /^muster\.yaml:1:7: a value that begins with this character needs quotes/,
  ],
  ["a quote that does not end", "name: 'x\n", /^muster\.yaml:2:1: is no YAML: missing closing 'quote/],
  ["a variable inside of braces", "environment: {A: ${B}}\n", /put quotes around "\$\{NAME\}"/],
  ["brackets without end", "[".repeat(1_000_000), /^muster\.yaml:1:51: is nested more than 50 levels deep/],
  ["dashes without end", "- ".repeat(400_000), /^muster\.yaml:1:1: is nested more than 50 levels deep/],
  ["nothing", "", /^muster\.yaml: is empty; it needs a provider at least/],
  ["a comment alone", "# none\n", /^muster\.yaml: is empty/],
  ["a text", "hello\n", /^muster\.yaml:1:1: is "hello"; use a spec: provider: local/],
  ["a list", "- provider: local\n", /^muster\.yaml:1:1: is \[.*\]; use a spec/],
  ["another version", `version: 2\n${LOCAL}`, /^muster\.yaml:1:10: version: is 2; this library reads version 1/],
  [
    "a version that is a text",
    `version: "1"\n${LOCAL}`,
    /^muster\.yaml:1:10: version: is "1"; this library reads version 1/,
  ],
  [
    "an unknown key",
    `${LOCAL}regoin: x\n`,
    /^muster\.yaml:3:1: regoin: unknown option \(value "x"\); did you mean "region"\?\n2 \| vcpus: 1\n3 \| regoin: x\n {2}\| \^{6}$/,
  ],
  ["a target that is misspelt", `${LOCAL}targt: 3\n`, /targt: unknown option .* did you mean "target"\?/],
  ["what other tools call the target", `${LOCAL}replicas: 3\n`, /replicas: unknown option .* target: in a file/],
  [
    "what every object has",
    `${LOCAL}constructor: 1\n`,
    /constructor: unknown option \(value 1\); known options: version/,
  ],
  ["__proto__", `${LOCAL}__proto__: { vcpus: 1 }\n`, /:3:1: __proto__ is no name here/],
  [
    "a value of another kind",
    "provider: local\nvcpus: many\n",
    /^muster\.yaml:2:8: vcpus: is "many"; use a number.*\n1 \| provider: local\n2 \| vcpus: many\n {2}\| {8}\^{4}$/,
  ],
  ["no provider", "vcpus: 1\n", /^muster\.yaml:1:1: provider: is missing/],
  [
    "an option of a cloud",
    "provider:\n  aws:\n    region: eu-west-2\n    ami: ami-1\nvcpus: 1\n",
    /^muster\.yaml:4:5: provider\.aws\.ami: unknown option .*did you mean "imageId"\?/,
  ],
  [
    "a region that is none",
    "provider: aws\nregion: eu-west-2a\nvcpus: 1\n",
    /^muster\.yaml:2:9: region: is "eu-west-2a"; that is a zone/,
  ],
  [
    "a region of this machine",
    `${LOCAL}region: x\n`,
    /^muster\.yaml:3:9: region: is "x"; provider "local" is this machine/,
  ],
  ["no region", "provider: { aws: {} }\nvcpus: 1\n", /^muster\.yaml:1:13: provider\.aws\.region: is missing/],
  ["types and sizes", `${LOCAL}instanceType: x\n`, /^muster\.yaml:3:15: instanceType: is "x" and vcpus is given too/],
  [
    "a target of no group",
    `${LOCAL}target: { trian: 1 }\n`,
    /^muster\.yaml:3:11: target\.trian: no such group; groups: default/,
  ],
  [
    "a target above maxWorkers",
    `${LOCAL}maxWorkers: 2\ntarget: 3\n`,
    /^muster\.yaml:4:9: target: is 3 in all, above maxWorkers 2/,
  ],
  ["a target that is none", `${LOCAL}target: -1\n`, /^muster\.yaml:3:9: target: .*use 0 or more/],
  ["a key without a value", "provider: local\nvcpus:\n", /^muster\.yaml:2:1: vcpus: is null; use a number/],
  ["a script that no shell reads", `${LOCAL}startup: |\n  if then\n`, /^muster\.yaml:3:10: startup: /],
  [
    "clusters beside a spec",
    `${LOCAL}clusters: { a: {} }\n`,
    /^2 problems in muster\.yaml:\n\nmuster\.yaml:1:1: provider: unknown option/,
  ],
  ["clusters that are none", "clusters: {}\n", /^muster\.yaml:1:11: clusters: .*name at least one cluster/],
  ["a cluster that is none", "clusters:\n  a: 3\n", /^muster\.yaml:2:6: clusters\.a: is 3; use an object/],
  [
    "a name within clusters",
    `clusters:\n  a:\n    name: b\n    provider: local\n`,
    /^muster\.yaml:3:5: clusters\.a\.name: unknown option/,
  ],
  [
    "a name that is none",
    "clusters:\n  A_b:\n    provider: local\n",
    /^muster\.yaml:2:3: clusters\.A_b: the name is "A_b"; use 1 to 40/,
  ],
]

test.each([
  ["a script", `startup: |\n${"  printf '\\033[31mred'\n".repeat(60)}`],
  ["a text", `environment:\n  A: '${"[{".repeat(60)}'\n`],
  ["a comment", `# ${"[{".repeat(60)}\n`],
])("brackets in %s nest nothing", async (_where, text) => {
  expect((await parse(`${LOCAL}${text}`)).clusters).toHaveLength(1)
})

test.each([
  ["[".repeat(60), "1:51"],
  ['{ "]": '.repeat(60), "1:351"],
  [`a: "[["\nb:\n  - ${"[ # ]\n    ".repeat(60)}`, "53:5"],
])("brackets of the form are counted: %#", async (text, place) => {
  expect((await errorOf(text)).message).toContain(`${place}: is nested more than 50 levels deep`)
})

test.each(["tags: { __proto__: 5 }", "environment: { __proto__: x }", "groups: { a: {}, __proto__: 5 }"])(
  "__proto__ is no name: %s",
  async (text) => {
    expect((await errorOf(`${LOCAL}${text}\n`)).message).toContain("__proto__ is no name here; use another")
  },
)

describe("a file that is wrong", () => {
  for (const [what, text, message] of WRONG) {
    test(what, async () => {
      expect((await errorOf(text)).message).toMatch(message)
    })
  }

  test("is told of all at once, in the order of its lines", async () => {
    const text = `clusters:\n  a:\n    provider: { aws: { region: eu-west-2, fleat: true } }\n    vcpus: 1\n  b:\n    provider: local\n    vcpu: 1\n    market: spott\n`
    const { problems, message } = await errorOf(text)
    expect(problems.map(({ option, line }) => `${option} ${line}`)).toEqual([
      "muster.yaml:3:43 3",
      "muster.yaml:7:5 7",
      "muster.yaml:8:13 8",
    ])
    expect(message).toMatch(/^3 problems in muster\.yaml:\n\n/)
  })

  test("has 50 of its problems told, and the others counted", async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `key-${at}: 1\n`).join("")
    const { problems } = await errorOf(`provider: local\n${many}`)
    expect(problems).toHaveLength(51)
    expect(problems.at(-1)).toMatchObject({ option: PATH, message: "has 19950 problems more" })
    const tabs = await errorOf(`a:\n${"\t\tb: 1\n".repeat(5_000)}`)
    expect(tabs.problems.length).toBeLessThan(51)
  })

  test("cuts a long line around what is wrong, and shows nothing that a terminal obeys", async () => {
    const text = `{"environment": {"A": "${"x".repeat(5000)}"}, "provider": "local", "vcpu": 1, "name": "\\u001b[2J"}`
    const { problems } = await errorOf(text)
    const [{ lines = "" } = {}] = problems
    expect(Math.max(...lines.split("\n").map((line) => line.length))).toBeLessThan(120)
    const [row = "", mark = ""] = lines.split("\n")
    expect(row.slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1)).toBe('"vcpu"')
    expect((await errorOf("name: \u001b[2J\nvcpu: 1\n")).message).not.toContain("\u001b")
  })
})
