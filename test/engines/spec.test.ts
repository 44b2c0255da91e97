/** What may stand beside an engine in a spec. */
import { expect, test } from "vitest"
import type { Engine } from "../../src/engines/engine.js"
import { bothSetups } from "../../src/engines/dressed.js"
import { loadEngine } from "../../src/engines/registry.js"
import { SpecError } from "../../src/errors.js"
import { fileSchema } from "../../src/file/json-schema.js"
import { parseFile } from "../../src/file/parse.js"
import { isWatched } from "../../src/spec/ready/fields.js"
import { type ClusterFields, resolveSpec } from "../../src/spec.js"

const engine: Engine = {
  ...{ name: "toy", ports: { scheduler: 1 }, recipe: {} },
  head: () => ({ startup: "exec head" }),
  worker: () => ({ startup: "exec worker" }),
  state: () => Promise.reject(new Error("nobody asks")),
  drain: () => Promise.resolve([]),
  client: () => Promise.reject(new Error("nobody asks")),
}

function problemsOf(fields: Partial<ClusterFields>): readonly string[] {
  try {
    resolveSpec({ provider: "aws", region: "eu-west-2", engine, ...fields })
    return []
  } catch (error) {
    return error instanceof SpecError ? error.problems.map(({ option, message }) => `${option} ${message}`) : ["?"]
  }
}

test.each<readonly [Partial<ClusterFields>, string]>([
  [{ groups: { head: {} } }, "cluster.groups.head is the group of toy's own head; give it another name"],
  [{ provider: ["aws", "gcp"], region: "x" }, "cluster.provider names 2 providers"],
  [{ region: ["eu-west-1", "eu-west-2"] }, "cluster.region names 2 regions"],
  [{ access: false }, "cluster.access is false, and toy's head is reached over ssh"],
  [{ peers: false }, "cluster.peers is false, and workers of toy talk to each other"],
  [{ startup: "exec x" }, "cluster.startup is toy's own part; what prepares the machine goes into setup"],
  [{ groups: { a: { startup: "exec x" } } }, "cluster.groups.a.startup is toy's own part"],
  [{ container: { image: "x", command: "y" } }, "cluster.container.command is toy's own part"],
  [{ whenDone: "end" }, 'cluster.whenDone is "end", and what toy runs does not end by itself'],
  [{ setup: "true", ready: { startup: "succeeded" } }, "cluster.ready waits for the end of startup, which is toy's"],
  [{ engine: { dusk: {} } as never }, 'cluster.engine.dusk unknown option; did you mean "dask"?'],
  [{ engine: { dask: 3 } as never }, "cluster.engine.dask is 3; give the options of dask()"],
  [{ engine: (() => engine) as unknown as Engine }, "cluster.engine is a function; use what it returns"],
  [{ idleTimeout: "59s" }, 'cluster.idleTimeout is "59s"; use 1m or more'],
  [{ whenHeadLost: "keep" as "close" }, "cluster.whenHeadLost"],
  [
    { engine: undefined as unknown as Engine, whenHeadLost: "close" },
    "there is no engine whose head it could be about",
  ],
  [
    { engine: { ...engine, drain: 1 } as unknown as Engine },
    "lacks drain: it was made for another version of the seam",
  ],
])("%j: %s", (fields, words) => {
  expect(problemsOf(fields).join("\n")).toContain(words)
})

test("what an engine implies, and where it says so", () => {
  const far = resolveSpec({ provider: "aws", region: "eu-west-2", engine })
  expect(far).toMatchObject({ peers: true, access: { from: ["here"] } })
  expect(far.groups[0]?.notes).toContain(
    "engine toy implies peers: true (every port of a worker is open to the cluster's others) and access: \"here\" (port 22 is open to this machine's own address)",
  )
  expect(resolveSpec({ provider: "local", engine }).access).toBeUndefined()
  const given = resolveSpec({ provider: "aws", region: "eu-west-2", engine, access: "192.0.2.0/24", peers: true })
  expect(given.access?.from).toEqual(["192.0.2.0/24"])
  expect(given.groups[0]?.notes.join()).not.toContain("implies")
})

test("an engine by its name is loaded when it is needed, and its options are named as the spec has them", async () => {
  const { engine: resolved } = resolveSpec({ provider: "local", engine: { dask: { version: "2024.1.0" } } })
  expect(resolved?.given).toEqual({ named: "dask", options: { version: "2024.1.0" } })
  expect((await loadEngine({ named: "dask", options: { tls: false } })).name).toBe("dask")
  await expect(loadEngine({ named: "dask", options: { nthreads: 0 } })).rejects.toThrow("cluster.engine.dask.nthreads")
})

test("a file names an engine with its options, and its schema knows them", async () => {
  const text = "provider: local\nengine:\n  dask: { nthreads: 2 }\n"
  const { clusters } = await parseFile(text, { path: "muster.yaml" })
  expect(clusters[0]?.spec.engine).toEqual({ dask: { nthreads: 2 } })
  await expect(parseFile(text.replace("dask", "dusk"), { path: "muster.yaml" })).rejects.toThrow('did you mean "dask"?')
  expect(JSON.stringify(await fileSchema())).toContain('"nthreads"')
})

test("with an engine a time alone says until when workers must have joined; elsewhere it is no check", () => {
  const { groups } = resolveSpec({
    provider: "local",
    engine,
    ready: { timeout: "5m" },
    groups: { a: {}, b: { ready: { tcp: 1 } } },
  })
  expect(groups.map(({ name, ready }) => [name, ready])).toEqual([
    ["a", { checks: [], timeoutMs: 300_000 }],
    ["b", { checks: [{ tcp: 1 }], timeoutMs: 900_000 }],
  ])
  expect(groups.filter(isWatched).map(({ name }) => name)).toEqual(["b"])
  expect(problemsOf({ ready: { timeout: "500ms" } })).toEqual(['cluster.ready.timeout is 500 ms; use "1s" at least'])
  const wrong = /cluster\.ready.* use exactly one of \{ tcp: 8786 \}.*; a timeout alone is for a cluster with an engine/
  expect(problemsOf({ engine: undefined as never, access: "here", ready: { timeout: "5m" } }).join()).toMatch(wrong)
  expect(problemsOf({ ready: [{ timeout: "5m" }] as never }).join()).toContain("use exactly one of")
  expect(problemsOf({ ready: {} as never }).join()).toContain("use exactly one of")
})

test("a file may say until when workers of an engine must have joined", async () => {
  const text = "provider: local\nengine: { dask: {} }\nready: { timeout: 5m }\n"
  const { clusters } = await parseFile(text, { path: "muster.yaml" })
  expect(clusters[0]?.spec.ready).toEqual({ timeout: "5m" })
  await expect(parseFile(text.replace("engine: { dask: {} }\n", ""), { path: "muster.yaml" })).rejects.toThrow(
    "use exactly one of",
  )
})

test("without an engine a group may be called head", () => {
  expect(resolveSpec({ provider: "local", groups: { head: {} } }).groups[0]?.name).toBe("head")
})

test("both setups run, the engine's first, each in its own language", () => {
  expect(bothSetups("a", undefined)).toBe("a")
  expect(bothSetups(undefined, "b")).toBe("b")
  expect(bothSetups("set -e\na\n", "b\n")).toBe(
    '#!/bin/sh\n(\nset -e\na\n)\nmuster_code=$?\n[ "$muster_code" -eq 0 ] || exit "$muster_code"\nb\n',
  )
  expect(bothSetups("a", "#!/usr/bin/env python3\nb\n")).toContain('/usr/bin/env python3 "$muster_own"')
})
