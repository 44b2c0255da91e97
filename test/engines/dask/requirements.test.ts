import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { linesOfPackages } from "../../../src/engines/dask/requirements/lock.js"
import { readRequirements } from "../../../src/engines/dask/requirements/read.js"
import { lacking, titled } from "../../support/tools.js"

const noPython = lacking("python3")

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-requirements-"))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function fileOf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const pinsOf = (given: readonly string[], version?: string) => Object.fromEntries(readRequirements(given, version).pins)
const problemsOf = (given: string | readonly string[], version?: string) =>
  readRequirements(given, version).problems.map(({ option, message }) => `${option}: ${message}`)

test.each<[given: readonly string[], pins: Record<string, string>]>([
  [["distributed"], {}],
  [["distributed==2024.1.0"], { distributed: "2024.1.0" }],
  [["Distributed == 2024.1.0 ; python_version > '3.8'"], { distributed: "2024.1.0" }],
  [["distributed>=2024.1,<2025", "dask~=2024.1"], {}],
  [["distributed==2024.1.*"], {}],
  [["dask[distributed]==2024.1.0"], { dask: "2024.1.0", distributed: "2024.1.0" }],
  [["dask[array, complete]===2024.1.0"], { dask: "2024.1.0", distributed: "2024.1.0" }],
  [["distributed (==2024.1.0)", "scikit_learn==1.4"], { distributed: "2024.1.0", "scikit-learn": "1.4" }],
  [["distributed @ git+https://github.com/dask/distributed@main"], {}],
  [["distributed", "--extra-index-url https://example.org/simple", "--pre"], {}],
])("%j: pins %j", (given, pins) => {
  expect(readRequirements(given, undefined).problems).toEqual([])
  expect(pinsOf(given)).toEqual(pins)
})

test("a version alone is a requirement, and pins what others leave open", () => {
  expect(readRequirements(undefined, "2024.1.0").lines).toEqual(["dask==2024.1.0", "distributed==2024.1.0"])
  expect(readRequirements(["dask[distributed]", "pandas"], "2024.1.0").lines).toEqual([
    "dask[distributed]",
    "pandas",
    "dask==2024.1.0",
    "distributed==2024.1.0",
  ])
  expect(readRequirements(["distributed==2024.1.0"], "2024.1.0").lines).toEqual([
    "distributed==2024.1.0",
    "dask==2024.1.0",
  ])
  expect(readRequirements(undefined, undefined).lines).toEqual([])
})

describe("refuses", () => {
  test.each<[given: string | readonly string[], words: RegExp]>([
    [["pandas"], /^dask\.requirements: do not have distributed, .* add "distributed"/],
    [["dask", "numpy"], /do not have distributed/],
    [["distributed", "pandas=1"], /^dask\.requirements\.1: is "pandas=1"; use a requirement as pip takes it/],
    [["distributed", "-e ."], /is "-e \."; it is of this machine, which workers do not have; give files/],
    [["distributed", "./mine"], /it is of this machine/],
    [["distributed", "mine @ file:///home/me/mine"], /it is of this machine/],
    [["distributed", "-c constraints.txt"], /constraints are not read; write the versions/],
    [["distributed", "--target=/"], /it is no option that is read here/],
    [["distributed", "pandas\nnumpy"], /use a requirement/],
    [
      "distributed==2024.1.0",
      /there is no such file; a requirement itself belongs into a list: \["distributed==2024\.1\.0"\]/,
    ],
    ["/nowhere/requirements.txt", /is "\/nowhere\/requirements\.txt", and there is no such file$/],
  ])("%j", (given, words) => {
    const [problem] = problemsOf(given)
    expect(problem).toMatch(words)
  })

  test("a password in an index, which it does not repeat", () => {
    for (const line of ["-i https://me:hunter2@example.org/simple", "mine @ git+https://hunter2@github.com/me/mine"]) {
      const [problem] = problemsOf(["distributed", line])
      expect(problem).toMatch(/is not shown; it has a name or password.*PIP_INDEX_URL or UV_INDEX_URL in secrets/)
      expect(problem).not.toContain("hunter2")
    }
    expect(problemsOf(["distributed", "mine @ git+ssh://git@github.com/me/mine"])).toEqual([])
  })

  test("two versions of one thing", () => {
    expect(problemsOf(["dask[distributed]==2023.1.0"], "2024.1.0")).toEqual([
      'dask.version: is "2024.1.0", and requirements have dask 2023.1.0; give one of them',
      'dask.version: is "2024.1.0", and requirements have distributed 2023.1.0; give one of them',
    ])
  })
})

test("a requirements.txt is read with the files that it names, without comments and hashes", () => {
  fileOf("base.txt", "dask[distributed]==2024.1.0\n")
  const path = fileOf(
    "requirements.txt",
    "# ours\n-r base.txt\r\n\npandas==2.1.0 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def  # hashes\n--requirement=base.txt\n",
  )
  const { lines, problems } = readRequirements(path, undefined)
  expect({ lines, problems }).toEqual({
    lines: ["dask[distributed]==2024.1.0", "pandas==2.1.0", "dask[distributed]==2024.1.0"],
    problems: [],
  })
  const wrong = fileOf("wrong.txt", "distributed\n\n-e .\n")
  expect(problemsOf(wrong)).toEqual([expect.stringMatching(/wrong\.txt, line 3: is "-e \."; it is of this machine/)])
  const circle = fileOf("circle.txt", "-r circle.txt\n")
  expect(problemsOf(circle)).toEqual([expect.stringMatching(/circle\.txt, line 1: files name each other/)])
})

test.skipIf(noPython !== undefined)(titled("a pyproject.toml gives its dependencies", noPython), () => {
  const path = fileOf(
    "pyproject.toml",
    '[project]\nname = "mine"\ndependencies = [\n  "distributed>=2024.1", # ours\n]\n',
  )
  expect(readRequirements(path, undefined).lines).toEqual(["distributed>=2024.1"])
  const bare = fileOf("bare.toml", "[tool.other]\n")
  expect(problemsOf(bare)).toEqual([expect.stringMatching(/bare\.toml", which cannot be read: it has no \[project\]/)])
  const broken = fileOf("broken.toml", "[project\n")
  expect(problemsOf(broken)).toEqual([expect.stringMatching(/broken\.toml", which cannot be read: .*TOMLDecodeError/)])
})

test("without python3, which reads both, the problem says so", () => {
  const path = fileOf("uv.lock", "version = 1\n")
  vi.stubEnv("PATH", folder)
  const problems = problemsOf(path)
  vi.unstubAllEnvs()
  expect(problems).toEqual([
    expect.stringMatching(
      /python3 is needed on this machine, of 3\.11 or with pip .*give a requirements\.txt or a list/,
    ),
  ])
})

describe("a uv.lock", () => {
  const registry = { registry: "https://pypi.org/simple" }
  const root = {
    name: "mine",
    source: { virtual: "." },
    dependencies: [
      { name: "dask", extra: ["distributed"] },
      { name: "colorama", marker: "sys_platform == 'win32'" },
      { name: "tool" },
    ],
  }
  const dask = {
    name: "dask",
    version: "2024.1.0",
    source: registry,
    dependencies: [{ name: "click" }],
    "optional-dependencies": { distributed: [{ name: "distributed" }], array: [{ name: "numpy" }] },
  }
  const plain = (name: string, version: string, ...dependencies: { name: string; marker?: string }[]) => ({
    name,
    version,
    source: registry,
    dependencies,
  })
  const click = plain("click", "8.1.7", { name: "colorama", marker: "platform_system == 'Windows'" })

  test("gives exact versions of what is needed, with the markers that say where", () => {
    const others = [
      plain("colorama", "0.4.6"),
      plain("distributed", "2024.1.0", { name: "dask" }),
      plain("numpy", "1.26.0"),
    ]
    const tool = { name: "tool", source: { git: "https://github.com/me/tool?rev=main#abc123" } }
    expect(linesOfPackages({ package: [root, dask, click, ...others, tool] }, "uv.lock")).toEqual([
      "click==8.1.7",
      "colorama==0.4.6 ; ((platform_system == 'Windows')) or ((sys_platform == 'win32'))",
      "dask==2024.1.0",
      "distributed==2024.1.0",
      "tool @ git+https://github.com/me/tool@abc123",
    ])
  })

  test("of two versions each goes where it is named", () => {
    const forked = {
      ...root,
      dependencies: [
        { name: "numpy", version: "1.26.0", marker: "python_full_version < '3.12'" },
        { name: "numpy", version: "2.0.0", marker: "python_full_version >= '3.12'" },
      ],
    }
    expect(
      linesOfPackages({ package: [forked, plain("numpy", "1.26.0"), plain("numpy", "2.0.0")] }, "uv.lock"),
    ).toEqual(["numpy==1.26.0 ; (python_full_version < '3.12')", "numpy==2.0.0 ; (python_full_version >= '3.12')"])
  })

  test.skipIf(noPython !== undefined)(
    titled("is read as a file, and what is not one of them is refused", noPython),
    () => {
      const path = fileOf(
        "uv.lock",
        'version = 1\n[[package]]\nname = "mine"\nversion = "0.1.0"\nsource = { editable = "." }\ndependencies = [\n    { name = "distributed" },\n]\n' +
          '[[package]]\nname = "distributed"\nversion = "2024.1.0"\nsource = { registry = "https://pypi.org/simple" }\n',
      )
      const { lines, pins } = readRequirements(path, undefined)
      expect({ lines, pins: Object.fromEntries(pins) }).toEqual({
        lines: ["distributed==2024.1.0"],
        pins: { distributed: "2024.1.0" },
      })
      const here = { name: "ours", source: { directory: "../ours" } }
      const needs = { ...root, dependencies: [{ name: "ours" }] }
      expect(() => linesOfPackages({ package: [needs, here] }, "uv.lock")).toThrow(/ours is of this machine alone/)
      expect(() => linesOfPackages({}, "uv.lock")).toThrow(/it has no packages: is it a lock of uv/)
    },
  )
})
