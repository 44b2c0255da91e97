/** The startup script, run by real shells: the machine around it is a folder, its metadata server a small one of ours. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
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
import { isLong } from "../../support/long.js"

const run = promisify(execFile)

const OWNER: Owner = {
  cluster: "render",
  uid: "0123456789abcdef",
  owner: "default",
  generation: 1,
  deadline: "1767312000",
  claim: "c1",
}
const GROUP: GroupRequest = { name: "gpu", environment: {}, publicAddress: "auto", tags: {}, archs: ["x86_64"] }

let root: string
let metadata: Server
let asked: string[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "muster-guest-"))
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
  await rm(root, { recursive: true })
})

interface Machine {
  readonly group?: Partial<GroupRequest>
  readonly shell?: string
  /** The only commands it has; all of this machine's when left out. */
  readonly commands?: readonly string[]
}

async function boot({ group = {}, shell = "sh", commands }: Machine): Promise<string> {
  const script = guestScript(OWNER, { ...GROUP, ...group }, "us-central1")
  await writeFile(join(root, "startup-script"), script)
  const bin = join(root, "bin")
  await mkdir(bin, { recursive: true })
  for (const command of commands ?? []) {
    const { stdout } = await run("sh", ["-c", `command -v ${command}`])
    await symlink(stdout.trim(), join(bin, command))
  }
  const env = {
    PATH: commands === undefined ? (process.env.PATH ?? "") : bin,
    MUSTER_ROOT: root,
    MUSTER_METADATA_URL: `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`,
  }
  const { stdout } = await run(`/bin/${shell}`, [join(root, "startup-script")], { env, timeout: 20_000 })
  return stdout
}

const startup =
  'printf "%s|" "$MUSTER_PROVIDER" "$MUSTER_REGION" "$MUSTER_ZONE" "$MUSTER_NAME" "$MUSTER_ID" "$MUSTER_CLUSTER" "$MUSTER_GROUP" "$MUSTER_DEADLINE" "$GREETING"'
const TOLD = ["gcp", "us-central1", "us-central1-a", "render-gpu-0a1b2c3d4e5f"]
const KNOWN = [...TOLD, "us-central1-a/render-gpu-0a1b2c3d4e5f", "render", "gpu", OWNER.deadline]

describe.each(["dash", "bash"])("in %s", (shell) => {
  test("the startup finds its environment, its name and its zone", async () => {
    const environment = { GREETING: "it's \"5 o'clock\" $HOME `date`\nand more\\" }
    const stdout = await boot({ shell, group: { environment, startup } })
    expect(stdout.split("|")).toEqual([...KNOWN, environment.GREETING, ""])
    expect(asked).toEqual(["/computeMetadata/v1/instance/name", "/computeMetadata/v1/instance/zone"])
  })

  test("the second boot does nothing", async () => {
    expect(await boot({ shell, group: { startup: "echo once" } })).toBe("once\n")
    expect(await boot({ shell, group: { startup: "echo twice" } })).toBe("")
    expect(existsSync(join(root, "var/lib/muster/started"))).toBe(true)
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

const TOOLS = ["mkdir", "cat", "chmod", "cut", "sh"]

test("without curl it asks with wget", async () => {
  await mkdir(join(root, "bin"))
  const answers =
    'case "$*" in *"Metadata-Flavor: Google"*/instance/name) echo n1;; *"Metadata-Flavor: Google"*/zone) echo p/zones/z1;; esac'
  await writeFile(join(root, "bin/wget"), `#!/bin/sh\n${answers}\n`, { mode: 0o755 })
  const stdout = await boot({ group: { startup }, commands: TOOLS })
  expect(stdout.split("|").slice(2, 5)).toEqual(["z1", "n1", "z1/n1"])
})

test("without either its own name has to do", async () => {
  const stdout = await boot({ group: { startup }, commands: [...TOOLS, "hostname"] })
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
      await rm(root, { recursive: true })
      await mkdir(root)
      const print = Object.keys(environment).map((name) => `printf "%s\\0" "$${name}"`)
      // A heredoc takes any text; so must ours that is around it.
      const body = `cat <<'NOTE_END_OF_IT' >/dev/null\n${note.replaceAll("NOTE_END_OF_IT", "")}\nNOTE_END_OF_IT`
      const stdout = await boot({ group: { environment, startup: [...print, body, "printf done"].join("\n") } })
      expect(stdout.split("\0")).toEqual([...Object.values(environment), "done"])
      expect(existsSync(join(root, "x"))).toBe(false)
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
  const path = join(root, "var/lib/muster/startup")
  expect(await readFile(path, "utf8")).toBe("#!/bin/sh\ntrue\n")
  expect((await stat(path)).mode & 0o777).toBe(0o700)
})
