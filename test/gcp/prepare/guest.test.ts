/** The startup script, run by real shells: the machine around it is a folder, its metadata server a small one of ours. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import {
  property,
  string,
  stringMatching,
  dictionary,
  assert,
  asyncProperty,
  constantFrom,
  oneof,
} from "../../support/property.js"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { guestScript } from "../../../providers/gcp/prepare/guest.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { BASE, type Machine, machine } from "../../guest/machine.js"
import { isLong } from "../../support/long.js"
import { lacking, titled } from "../../support/tools.js"

const run = promisify(execFile)

const noCurl = lacking("curl")

const OWNER: Owner = {
  cluster: "render",
  uid: "0123456789abcdef",
  owner: "default",
  generation: 1,
  deadline: "1767312000",
  claim: "c1",
}
const GROUP: GroupRequest = { name: "gpu", environment: {}, publicAddress: "auto", tags: {}, archs: ["x86_64"] }

let place: Machine
let metadata: Server
let asked: string[]

beforeEach(async () => {
  place = await machine()
  asked = []
  metadata = createServer((request, response) => {
    asked.push(request.url ?? "")
    if (request.headers["metadata-flavor"] !== "Google") response.writeHead(403).end()
    else if (request.url === "/computeMetadata/v1/instance/name") response.end("render-gpu-0a1b2c3d4e5f")
    else if (request.url === "/computeMetadata/v1/instance/zone") response.end("projects/12345/zones/us-central1-a")
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => metadata.listen(0, "127.0.0.1", resolve))
})

afterEach(async () => {
  await new Promise((resolve) => metadata.close(resolve))
  await place.remove()
})

interface Booted {
  readonly group?: Partial<GroupRequest>
  readonly shell?: string
  /** The only commands it has; all of this machine's when left out. */
  readonly commands?: readonly string[]
}

/** Boots, and returns what the startup has printed. */
async function boot({ group = {}, shell = "dash", commands }: Booted): Promise<string> {
  const script = guestScript(OWNER, { ...GROUP, ...group }, "us-central1")
  const environment = { MUSTER_METADATA_URL: `http://127.0.0.1:${(metadata.address() as AddressInfo).port}` }
  await place.boot({ script, shell, environment, ...(commands === undefined ? {} : { commands }) })
  await place.done()
  return place.read("var/lib/muster/boot.log")
}

const startup =
  'printf "%s|" "$MUSTER_PROVIDER" "$MUSTER_REGION" "$MUSTER_ZONE" "$MUSTER_NAME" "$MUSTER_ID" "$MUSTER_CLUSTER" "$MUSTER_GROUP" "$MUSTER_DEADLINE" "$GREETING"'
const TOLD = ["gcp", "us-central1", "us-central1-a", "render-gpu-0a1b2c3d4e5f"]
const KNOWN = [...TOLD, "us-central1-a/render-gpu-0a1b2c3d4e5f", "render", "gpu", OWNER.deadline]

describe.each(isLong ? ["dash", "bash"] : ["dash"])("in %s", (shell) => {
  test.skipIf(noCurl !== undefined)(
    titled("the startup finds its environment, its name and its zone", noCurl),
    async () => {
      const environment = { GREETING: "it's \"5 o'clock\" $HOME `date`\nand more\\" }
      const stdout = await boot({ shell, group: { environment, startup } })
      expect(stdout.split("|")).toEqual([...KNOWN, environment.GREETING, ""])
      expect(asked).toEqual(["/computeMetadata/v1/instance/name", "/computeMetadata/v1/instance/zone"])
    },
  )

  test("the second boot does nothing", async () => {
    expect(await boot({ shell, group: { startup: "echo once" } })).toBe("once\n")
    expect(await boot({ shell, group: { startup: "echo twice" } })).toBe("once\n")
    expect((await place.marks()).slice(-2)).toEqual(["done startup 0", "reboot ended 0"])
  })

  test("a startup of another language, with lines that look like the end of it", async () => {
    const lines = [
      "#!/usr/bin/env node",
      "console.log(`",
      "MUSTER_STARTUP",
      "MUSTER_STARTUP_",
      "`, process.argv.length)",
    ]
    const stdout = await boot({ shell, group: { startup: lines.join("\n") } })
    expect(stdout).toBe("\nMUSTER_STARTUP\nMUSTER_STARTUP_\n 2\n")
  })
})

test("without curl it asks with wget", async () => {
  const answers =
    'case "$*" in *"Metadata-Flavor: Google"*/instance/name) echo n1;; *"Metadata-Flavor: Google"*/zone) echo p/zones/z1;; esac'
  await place.command("wget", answers)
  const stdout = await boot({ group: { startup }, commands: BASE })
  expect(stdout.split("|").slice(2, 5)).toEqual(["z1", "n1", "z1/n1"])
})

test("without either its own name has to do", async () => {
  const stdout = await boot({ group: { startup }, commands: [...BASE, "hostname"] })
  const { stdout: host } = await run("hostname", [])
  expect(stdout.split("|")[3]).toBe(host.trim().split(".")[0])
})

test("the environment and the startup are what was given, whatever is in them", async () => {
  const NASTY = [
    "'",
    "''",
    "\\'",
    "$(touch x)",
    "`id`",
    "\n",
    "; exit 1",
    "EOF",
    "MUSTER_STARTUP",
    "%s",
    "\\n",
    "!",
    "\u0001",
    "ü",
    "𝌆",
  ]
  const text = oneof(
    string({ unit: "grapheme" }),
    constantFrom(...NASTY),
    string({ unit: constantFrom(...NASTY) }),
  ).map((value) =>
    // A shell's variable can hold everything but this.
    value.replaceAll("\u0000", ""),
  )
  const names = stringMatching(/^MINE_[A-Z0-9_]{1,8}$/)
  await assert(
    asyncProperty(dictionary(names, text, { maxKeys: 4 }), text, async (environment, note) => {
      await place.remove()
      place = await machine()
      const print = Object.keys(environment).map((name) => `printf "%s\\0" "$${name}"`)
      // A heredoc takes any text; so must ours that is around it.
      const body = `cat <<'NOTE_END_OF_IT' >/dev/null\n${note.replaceAll("NOTE_END_OF_IT", "")}\nNOTE_END_OF_IT`
      const stdout = await boot({ group: { environment, startup: [...print, body, "printf done"].join("\n") } })
      expect(stdout.split("\0")).toEqual([...Object.values(environment), "done"])
      expect(existsSync("x")).toBe(false)
    }),
    { numRuns: isLong ? 40 : 15 },
  )
})

test("a group's name and region come into the script only between quotes", () => {
  const hostile = string({ unit: "binary" })
  assert(
    property(hostile, hostile, (name, region) => {
      const script = guestScript({ ...OWNER, cluster: name }, { ...GROUP, name }, region)
      const quoted = `'${name.replaceAll("'", "'\\''")}'`
      expect(script).toContain(`export MUSTER_GROUP=${quoted}\n`)
      expect(script).toContain(`export MUSTER_CLUSTER=${quoted}\n`)
      expect(script).toContain(`export MUSTER_REGION='${region.replaceAll("'", "'\\''")}'\n`)
    }),
  )
})

test("the startup lies where only its owner reads it", async () => {
  await boot({ group: { startup: "true" } })
  const home = join(place.root, "var/lib/muster")
  expect(await readFile(join(home, "startup"), "utf8")).toBe("true\n")
  for (const file of ["guest", "startup", "environment"]) {
    expect([file, (await stat(join(home, file))).mode & 0o077]).toEqual([file, 0])
  }
})
