/** The wire and the adapter in processes of their own, as a bare Node runs them. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { EC2 } from "../../providers/aws/client/packages.js"
import { installCommand } from "../../src/client/package.js"

const root = join(import.meta.dirname, "../..")
const programs = join(root, ".cache", "js")
let folder: string
let wire: ChildProcess
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-aws-"))
  const options = { region: "eu-west-2", latency: { requestMs: 0, createMs: 0, bootMs: 0, stopMs: 0 } }
  wire = spawn(process.execPath, [join(programs, "providers/aws/wire/main.js"), JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  if (wire.stdout === null) throw new Error("no output")
  const [line] = (await once(createInterface(wire.stdout), "line")) as [string]
  url = line
})

afterAll(async () => {
  if (wire.exitCode === null) wire.kill()
  await rm(folder, { recursive: true })
})

/** Runs a program beside a copy of the package that has only these dependencies. */
async function run(program: string, dependencies: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const place = await mkdtemp(join(folder, "program-"))
  for (const part of ["src", "providers"]) await cp(join(programs, part), join(place, part), { recursive: true })
  await mkdir(join(place, "node_modules"))
  for (const name of dependencies) await symlink(join(root, "node_modules", name), join(place, "node_modules", name))
  await writeFile(join(place, "package.json"), JSON.stringify({ type: "module" }))
  await writeFile(join(place, "program.js"), PREAMBLE + program)
  return promisify(execFile)(process.execPath, [join(place, "program.js")], { timeout: 120_000 })
}

const PREAMBLE = `
  import { createRequire } from "node:module"
  import { aws } from "./providers/aws/index.js"
  import { bareCalls } from "./src/calls/send.js"
  import { systemClock } from "./src/calls/clock.js"
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }
  const calls = bareCalls({ clock: systemClock })
`

const ALL = ["zod", "p-limit", "@aws-sdk", "@smithy"]

test("a program that is done with its cloud ends by itself, and prints nothing of the SDK's", async () => {
  const { stdout, stderr } = await run(
    `const cloud = aws({ region: "eu-west-2", endpoint: ${JSON.stringify(url)}, credentials })
     console.log(JSON.stringify(await cloud.list({ uid: "0123" }, calls)))`,
    ALL,
  )
  expect([stdout, stderr]).toEqual(["[]\n", ""])
})

test("the SDK is loaded by the first request, not by the factory", async () => {
  const { stdout } = await run(
    `aws({ region: "eu-west-2" })
     const files = Object.keys(createRequire(import.meta.url).cache)
     console.log(files.some((file) => file.includes("zod")), files.some((file) => file.includes("@aws-sdk")))`,
    ALL,
  )
  expect(stdout).toBe("true false\n")
})

test("without the SDK the first request says how to install it", async () => {
  const { stdout } = await run(
    `await aws({ region: "eu-west-2" }).list({ uid: "0123" }, calls).catch((error) => console.log(error.name, error.message))`,
    ["zod", "p-limit"],
  )
  expect(stdout).toBe(`SpecError provider: the AWS SDK is not installed here; run: ${installCommand(EC2)}\n`)
})

test("the wire ends with its standard input", async () => {
  const exited = once(wire, "exit")
  wire.stdin?.end()
  const [code] = (await exited) as [number]
  expect(code).toBe(0)
})
