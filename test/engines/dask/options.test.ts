import { describe, expect, test } from "vitest"
import { checkGroups } from "../../../src/engines/dask/check.js"
import { configOf } from "../../../src/engines/dask/config.js"
import { type DaskOptions, dask } from "../../../src/engines/dask/index.js"
import { memoryLimitOf } from "../../../src/engines/dask/memory.js"
import { checkClientAndHead, checkVersions, differences } from "../../../src/engines/dask/versions.js"
import { SpecError } from "../../../src/errors.js"

function problemOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof SpecError) return error.message
    throw error
  }
  return "none"
}

describe("an option that is wrong is named, with what to give", () => {
  test.each<[options: Record<string, unknown>, words: RegExp]>([
    [{ version: "2024" }, /^dask\.version: is "2024"; use the whole number of a release: "2024\.1\.0"$/],
    [{ python: "3" }, /^dask\.python: is "3"; use major and minor/],
    [{ nthreads: 0 }, /^dask\.nthreads: is 0; use 1 or more/],
    [{ memoryLimit: "lots" }, /^dask\.memoryLimit: is "lots"; use bytes, an amount with its unit \("8GiB"\)/],
    [{ memoryLimit: 1024 }, /^dask\.memoryLimit: is 1024; use 64 MiB at least/],
    [{ memoryLimit: -1 }, /^dask\.memoryLimit: is -1; use/],
    [{ deathTimeout: "60" }, /^dask\.deathTimeout: is "60"; use a number with a unit/],
    [{ port: 80 }, /^dask\.port: is 80; use a port from 1024 to 65535/],
    [{ port: 8787 }, /^dask\.dashboardPort: is 8787, as port is; give another one/],
    [{ env: { MUSTER_NAME: "x" } }, /^dask\.env\.MUSTER_NAME: .*not beginning with a digit, "MUSTER_"/],
    [{ resources: { big: { "a b": 1 } } }, /^dask\.resources\.big\.a b: /],
    [{ resources: { big: { MEM: 0 } } }, /^dask\.resources\.big\.MEM: is 0; use more than 0/],
    [{ n_workers: 4 }, /^dask\.n_workers: unknown option \(value 4\); cluster\.scale\(n\)/],
    [{ memory_limit: "4GB" }, /did you mean "memoryLimit"\?/],
    [{ security: true }, /did you mean "tls"\?/],
    [{ requirements: [] }, /^dask\.requirements: is \[\]; name at least one/],
  ])("%j", (options, words) => {
    expect(problemOf(() => dask(options as DaskOptions))).toMatch(words)
  })

  test("all of them at once", () => {
    expect(problemOf(() => dask({ memoryLimit: "x", requirements: ["pandas"] }))).toMatch(/^2 problems:/)
  })
})

test.each([
  ["auto", "auto", undefined],
  [false, "0", undefined],
  [0.9, "0.9", undefined],
  [1, "1.0", undefined],
  ["8GiB", String(8 * 1024 ** 3), 8 * 1024 ** 3],
  ["8 GB", "8000000000", 8e9],
  ["512m", "512000000", 512e6],
  [2 ** 30, String(2 ** 30), 2 ** 30],
] as const)("memoryLimit %j is --memory-limit %s", (given, flag, bytes) => {
  expect(memoryLimitOf(given)).toEqual({ flag, bytes, problems: [] })
})

test("what another process makes the same engine from is plain, with the requirements that were read", () => {
  const { recipe } = dask({ requirements: ["dask[distributed]"], version: "2024.1.0", nthreads: 2, env: { A: "b" } })
  expect(recipe).toEqual({
    requirements: ["dask[distributed]", "dask==2024.1.0", "distributed==2024.1.0"],
    nthreads: 2,
    env: { A: "b" },
  })
  const group = { name: "default", fields: {} }
  expect(dask(recipe).worker(group)).toMatchObject({ setup: dask({ ...recipe }).worker(group).setup })
})

test("no secret is in a script or a variable", async () => {
  const engine = dask({ tls: true, client: false })
  const boots = [engine.head({ name: "head", fields: {} }), engine.worker({ name: "default", fields: {} })]
  expect(boots.map(({ secrets }) => Object.keys(secrets ?? {}))).toEqual([
    ["ENGINE_TOKEN", "ENGINE_TLS"],
    ["ENGINE_TLS"],
  ])
  const again = dask({ tls: true, client: false })
  expect(again.head({ name: "head", fields: {} }).startup).toBe(boots[0]?.startup)
})

describe("groups", () => {
  test.each<[options: DaskOptions, fields: object, words: RegExp]>([
    [
      { memoryLimit: "64GiB" },
      { memoryGiB: { max: 32 } },
      /^dask\.memoryLimit: is 64 GiB, and a worker of group "big" has 32 GiB/,
    ],
    [
      { resources: { bag: { A: 1 } } },
      {},
      /^dask\.resources\.bag: is for a group that the spec does not have; its groups are big/,
    ],
  ])("%j with %j", (options, fields, words) => {
    expect(problemOf(() => checkGroups(configOf(options), [{ name: "big", fields }]))).toMatch(words)
  })

  test("give a worker their name, labels and GPUs as resources", () => {
    const engine = dask({ resources: { big: { MEM: 64e9 } } })
    const fields = { tags: { disk: "nvme" }, gpu: { count: 2 } }
    expect(engine.worker({ name: "big", fields }).startup).toContain(
      '--resources "big=$dask_threads disk:nvme=$dask_threads GPU=2 MEM=64000000000"',
    )
  })
})

describe("versions", () => {
  test("differ in what Dask cannot bridge, in words", () => {
    const here = { distributed: "2022.12.1+ds.1", dask: "2022.12.1", python: "3.11.2" }
    expect(differences(here, { distributed: "2022.12.1", python: "3.11" }, "on the head")).toEqual([])
    expect(differences(here, { distributed: "2024.1.0", dask: "2022.12.0", python: "3.12.1" }, "on the head")).toEqual([
      "distributed 2022.12.1+ds.1 here, 2024.1.0 on the head",
      "python 3.11.2 here, 3.12.1 on the head",
    ])
    expect(differences({ dask: "2024.01.0" }, { dask: "2024.1.1" }, "")).toEqual([])
  })

  test("that do not fit are a problem of the option that says them", () => {
    const debian = { distributed: "2022.12.1+ds.1", dask: "2022.12.1", python: "3.11.2" }
    const [newer, python] = [
      { ...debian, distributed: "2024.1.0", dask: "2024.1.0" },
      { ...debian, python: "3.12.1" },
    ]
    const problem = (options: DaskOptions, here: typeof debian, head: typeof debian) =>
      problemOf(() => checkClientAndHead(configOf(options), here, head))
    // The head was launched with another one.
    expect(problem({ version: "2024.1.0" }, debian, debian)).toBe(
      'dask.version: is "2024.1.0", and the head has 2022.12.1+ds.1, since it was launched: give version "2022.12.1", or leave it out; for "2024.1.0" close the cluster and make another one',
    )
    expect(problem({ version: "2024.1.0" }, debian, newer)).toBe(
      'dask.version: is "2024.1.0": distributed 2022.12.1+ds.1 here, 2024.1.0 on the head; dask 2022.12.1 here, 2024.1.0 on the head: a client of python3 would fail; give version "2022.12.1", install 2024.1.0 here, or give another client, or client: false where no client runs on this machine',
    )
    expect(problem({ requirements: ["distributed==2024.1.0"] }, debian, newer)).toMatch(
      /^dask\.requirements: .*; give both the same versions, another client, or client: false/,
    )
    expect(problem({ version: "2022.12.1", python: "3.12" }, debian, python)).toMatch(
      /^dask\.python: python 3\.11\.2 here, 3\.12\.1 on the head/,
    )
    checkClientAndHead(configOf({ version: "2024.1.0" }), undefined, newer)
  })

  test("are not asked for where nothing says what workers will have, nor where no client is", async () => {
    const { signal } = new AbortController()
    await checkVersions(configOf({ client: "/nowhere/python" }), signal)
    await checkVersions(configOf({ client: false, version: "2000.1.0" }), signal)
    const asked = checkVersions(configOf({ client: "/nowhere/python", version: "2000.1.0" }), signal)
    await expect(asked).rejects.toThrow(
      /^dask\.client: is "\/nowhere\/python", which cannot be asked .*give false where/,
    )
  })
})
