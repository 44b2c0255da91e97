/** `files` and `secrets` of a spec: what is taken, what is kept of it, and what is refused before any call. */
import { resolve } from "node:path"
import { inspect } from "node:util"
import { afterEach, expect, test, vi } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { SpecError } from "../../src/errors.js"
import { parseFile } from "../../src/file/parse.js"
import { keptSpec, readKept } from "../../src/fleet/state/kept-spec.js"
import { resolveSpec } from "../../src/spec.js"
import { missingSecrets } from "../../src/spec/secrets.js"
import type { ClusterFields, WorkerFields } from "../../src/spec/types.js"

afterEach(() => void vi.unstubAllEnvs())

const groupOf = (fields: WorkerFields, more: Partial<ClusterFields> = {}) => {
  const [group] = resolveSpec({ provider: "local", ...fields, ...more }).groups
  if (group === undefined) throw new Error("a spec has a group")
  return group
}
const problemsOf = (fields: ClusterFields): string[] => {
  try {
    resolveSpec(fields)
    return []
  } catch (error) {
    return (error as SpecError).problems.map(({ option, message }) => `${option}: ${message}`)
  }
}

test("files are directories of this machine, each with a place of its own there", () => {
  expect(groupOf({ files: "." }).files).toEqual([{ from: resolve("."), to: ".", ignore: [] }])
  const { files, asked } = groupOf({ files: [{ from: "a" }, { from: "/b", to: "./lib/x/", ignore: ["*.o"] }] })
  expect(files).toEqual([
    { from: resolve("a"), to: ".", ignore: [] },
    { from: "/b", to: "lib/x", ignore: ["*.o"] },
  ])
  // Whoever attaches may be in another directory.
  expect(asked.files).toEqual([{ from: resolve("a") }, { from: "/b", to: "lib/x", ignore: ["*.o"] }])
  expect(problemsOf({ provider: "local", files: [{ from: "a" }, { from: "b", to: "./" }] })).toEqual([
    'cluster.files: has two entries for "."; give each a "to" of its own',
  ])
  for (const to of ["/srv", "../up", "a/../..", ""])
    expect(problemsOf({ provider: "local", files: [{ from: "a", to }] }).join()).toContain("cluster.files")
})

test("of secrets names and sources are kept, and no value, also where a person looks", () => {
  const secrets = {
    A: { fromEnvironment: "OWN_A" },
    B: { command: "pass show b" },
    C: { value: "planted-7Qx9" },
    D: () => "planted-7Qx9",
  }
  const { asked, ...group } = groupOf({ secrets })
  const kept = { A: secrets.A, B: secrets.B, C: { notKept: true }, D: { notKept: true } }
  expect(asked.secrets).toEqual(kept)
  const { text } = keptSpec({ ...group, asked }, undefined)
  expect(text).not.toContain("planted")
  const recalled = readKept("default", text)?.group
  expect([...(recalled?.secrets ?? [])]).toEqual(Object.entries(kept))
  const missing = missingSecrets(recalled ?? group, { OWN_A: "" })
  expect(missing.map(({ option, message }) => `${option} ${message}`)).toEqual([
    "cluster.secrets.A is empty: the variable OWN_A holds nothing; set it",
    expect.stringMatching(/^cluster.secrets.C was given by the program that made the cluster/),
    expect.stringMatching(/^cluster.secrets.D was given by the program/),
  ])
  const cluster = new Cluster({ provider: "local", secrets })
  expect(inspect(cluster, { depth: 20, getters: true })).not.toContain("planted")
})

test("a spec without them says the same to its instances as before", () => {
  expect(keptSpec(groupOf({ startup: "exec true" }), undefined).text).toBe(
    '{"asked":{"startup":"exec true"},"layout":1}',
  )
})

test("a group has those of the whole spec and its own", () => {
  const spec = { provider: "local", secrets: ["A"], groups: { web: { secrets: { B: { command: "b" } } } } } as const
  const [web] = resolveSpec(spec).groups
  expect([...(web?.secrets.keys() ?? [])]).toEqual(["A", "B"])
})

test("what could never work is refused, and says what to do", () => {
  const cloud = { provider: "aws", region: "eu-west-2" } as const
  const line = 'add this line to the spec: access: "here"'
  expect(problemsOf({ ...cloud, files: ".", secrets: ["A"] })).toEqual([
    `cluster.files: is brought over ssh, and nobody may reach the workers; ${line}`,
    `cluster.secrets: is brought over ssh, and nobody may reach the workers; ${line}`,
  ])
  expect(problemsOf({ ...cloud, files: ".", secrets: ["A"], access: "here" })).toEqual([])
  expect(problemsOf({ provider: "local", secrets: ["A"], environment: { A: "x" } })).toEqual([
    "cluster.secrets.A: is in environment as well, which is no secret; leave it out of one of them",
  ])
  expect(problemsOf({ provider: "local", secrets: ["HTTPS_PROXY"], container: "a" }).join()).toContain("docker itself")
  expect(problemsOf({ provider: "local", secrets: { A: { value: "a\0b" } } }).join()).toContain("NUL")
  expect(problemsOf({ provider: "local", secrets: { A: { value: "" } } }).join()).toContain("cluster.secrets")
  for (const name of ["1A", "a-b", "PATH", "MUSTER_X", "LD_PRELOAD", "a b", "ü"])
    expect(problemsOf({ provider: "local", secrets: [name] }).join()).toContain("name of a variable")
  const startup = "#cloud-config\nruncmd: [ls]\n"
  expect(problemsOf({ provider: "local", startup, files: "." }).join()).toContain("with files use a shell script")
})

test("a variable that is not set is told before any call, but not where nothing would be launched", async () => {
  vi.stubEnv("OWN_A", undefined)
  const cluster = new Cluster({ provider: "local", secrets: { A: { fromEnvironment: "OWN_A" } } }, { journal: false })
  await expect(cluster.scale(1)).rejects.toThrow("cluster.secrets.A: is not given: the variable OWN_A is not set")
  await expect(cluster.plan(1)).rejects.toThrow(SpecError)
  vi.stubEnv("OWN_A", "")
  await expect(cluster.scale(1)).rejects.toThrow("holds nothing")
  expect(cluster.workers).toEqual([])
  await cluster.close()
})

test("a file names directories from its own, and holds no value", async () => {
  const text = "provider: local\nfiles: src\ngroups:\n  a: { files: [{ from: lib, to: x }] }\n  b: {}\n"
  const [cluster] = (await parseFile(text, { path: "/somewhere/muster.yaml" })).clusters
  expect(cluster?.spec).toMatchObject({
    files: "/somewhere/src",
    groups: { a: { files: [{ from: "/somewhere/lib", to: "x" }] }, b: {} },
  })
  const wrong = "provider: local\nsecrets:\n  A: { value: planted-7Qx9 }\n"
  const error = await parseFile(wrong, { path: "muster.yaml" }).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('is no place for a value; use { fromEnvironment: "A" } or { command }')
})
