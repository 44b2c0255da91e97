/** What a guest looks at to be ready and healthy, in real shells, and on machines that lack tools. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { verdictOn } from "../../src/guest/marks.js"
import { type GuestCloud, guestProgram } from "../../src/guest/program.js"
import type { Check, GroupRequest, Owner } from "../../src/provider.js"
import { isLong } from "../support/long.js"
import { BASE, type Boot, type Machine, machine } from "./machine.js"

const OWNER: Owner = {
  ...{ cluster: "c", uid: "0123456789abcdef", owner: "o", generation: 1, deadline: "4102444800", claim: "c" },
}
const GROUP: GroupRequest = { name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: [] }
const CLOUD: GuestCloud = {
  ...{ provider: "test", region: "r", identity: ["MUSTER_NAME=w1 MUSTER_ID=i", "export MUSTER_NAME MUSTER_ID"] },
  end: [],
}
const hasBusybox = spawnSync("busybox", ["true"]).status === 0
/** All of them in the longer suites. Without busybox it is left out: `apt-get install busybox-static`. */
const SHELLS = ["dash", ...(isLong ? ["bash", ...(hasBusybox ? ["/usr/bin/busybox sh"] : [])] : [])]
const HOME = "var/lib/muster"

let place: Machine
beforeEach(async () => {
  place = await machine()
})
afterEach(() => place.remove())

async function start(group: Partial<GroupRequest>, how: Partial<Boot> = {}): Promise<void> {
  await place.boot({ script: guestProgram(CLOUD, OWNER, { ...GROUP, ...group }), ...how })
}

const ready = (checks: readonly Check[], timeoutSeconds = 60) => ({ checks, timeoutSeconds })
const words = () => place.read(`${HOME}/check.words`)
const own = async () => (await place.marks()).filter((mark) => /^(?:ready|health) /.test(mark))

async function told(mark: string): Promise<void> {
  await expect.poll(own, { timeout: 60_000, interval: 20 }).toContain(mark)
}

describe.each(SHELLS)("in %s", (shell) => {
  test("is looked at from when startup has begun, and ready once it passed, as the script is given its environment", async () => {
    const startup = 'echo "$A" >"$HOME/up"; sleep 100000'
    const command = 'grep -q "it\'s" "$HOME/up" && [ "$A" = "it\'s" ] && [ "$MUSTER_NAME" = w1 ]'
    const environment = { A: "it's", HOME: place.root }
    await start({ startup, environment, ready: ready([{ command }]) }, { shell })
    await told("ready ended 0")
    expect((await place.marks()).slice(-3)).toEqual(["startup begun", "ready begun", "ready ended 0"])
    expect(await words()).toBe("")
  })

  test("what never passes is told with its words, and does not mix with those of startup", async () => {
    const command = "echo 'no \"licence\"' >&2; seq 100 | sed 's/^/line /'; exit 7"
    await start({ startup: "echo mine; exit 3", ready: ready([{ command }], 3) }, { shell })
    await told("ready ended 7")
    const lines = Array.from({ length: 20 }, (_, at) => `line ${81 + at}`)
    expect((await words()).split("\n").slice(1, -1)).toEqual(lines)
    expect((await words()).split("\n")[0]).toMatch(/^7 command "echo 'no /)
    expect(await place.read("dev/console")).toContain("ready| line 100\n")
    expect(verdictOn(await place.read("dev/console"), OWNER.uid)).toMatchObject({ exitCode: 3, tail: "mine" })
  })

  test.runIf(isLong)("what hangs is ended with all that it has started, and tried again", async () => {
    // Others may run these tests on the same machine.
    const sleep = `sleep 8${process.pid}`
    const command = `[ -e "$HOME/again" ] && exit 0; : >"$HOME/again"; ${sleep} & ${sleep}`
    const environment = { HOME: place.root }
    await start(
      { environment, startup: "sleep 100000", ready: ready([{ command }]) },
      { shell, environment: { MUSTER_TRY_S: "1" } },
    )
    await told("ready ended 0")
    const { stdout } = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" })
    expect(stdout).not.toContain(sleep)
    expect(await place.read("dev/console")).not.toContain("ready|")
  })
})

test("what hangs is ended when the worker's own time is over, and told so", async () => {
  const command = "echo looking; exec sleep 87653"
  await start({ startup: "sleep 100000", ready: ready([{ command }], 3) })
  await told("ready ended 124")
  // As many seconds as were left when that try began.
  expect(await words()).toMatch(
    /^124 command "echo looking; exec sleep 87653"\nlooking\nmuster: it did not end within [1-3] s\n$/,
  )
})

test.runIf(isLong)("all of a list must pass in one round", async () => {
  const checks = [{ command: `echo 1 >>"$HOME/first"` }, { command: `[ "$(wc -l <"$HOME/first")" -ge 2 ]` }]
  await start({ environment: { HOME: place.root }, startup: "sleep 100000", ready: ready(checks) })
  await told("ready ended 0")
  expect(await place.read("first")).toBe("1\n1\n")
})

test.runIf(isLong)(
  "a text in the log counts from startup on; a startup by its end, and a failed one never",
  async () => {
    const setup = "echo up and running"
    await start({ setup, startup: "sleep 1.2; echo up and running", ready: ready([{ log: "up and" }]) })
    await told("ready ended 0")
    expect((await place.marks()).indexOf("ready ended 0")).toBeGreaterThan(
      (await place.marks()).indexOf("startup begun"),
    )
    expect(await words()).toBe("")
  },
)

test.runIf(isLong)("a startup that has failed is not waited for any longer", async () => {
  await start({ startup: "sleep 0.3; exit 4", ready: ready([{ startup: "succeeded" }], 600) })
  await told("ready ended 4")
  expect(await words()).toBe("4 startup succeeded\nstartup ended with exit code 4\n")
})

test.runIf(isLong)("without a script the boot itself is what comes before", async () => {
  await start({ ready: ready([{ command: "true" }]) })
  await told("ready ended 0")
  expect(existsSync(join(place.root, HOME, "startup"))).toBe(false)
})

describe("with a server", () => {
  let server: Server
  let status = 503
  beforeEach(async () => {
    status = 503
    server = createServer((_, response) => response.writeHead(status).end())
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))
  const port = () => (server.address() as AddressInfo).port

  const TOOLS = { tcp: ["bash", "python3", "perl", "nc"], http: ["curl", "wget", "python3"] } as const
  const cases = Object.entries(TOOLS).flatMap(([kind, tools]) => tools.map((tool) => [kind, tool] as const))
  const lacks = (tool: string) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0
  /** The first of each in `npm test`; those that this machine lacks cannot be tried. */
  const tried = cases.filter(([, tool]) => !lacks(tool) && (isLong || tool === "bash" || tool === "curl"))
  const commands = [...BASE, "grep", "setsid", "hostname"]

  test.each(tried)("%s is asked by %s where that is what there is", async (kind, tool) => {
    const check: Check = kind === "tcp" ? { tcp: port() } : { http: `http://127.0.0.1:${port()}/health` }
    status = 200
    await start({ startup: "sleep 100000", ready: ready([check]) }, { commands: [...commands, tool] })
    await told("ready ended 0")
  })

  test.runIf(isLong)("who does not answer yet, or answers with an error, is asked again", async () => {
    await start({ startup: "sleep 100000", ready: ready([{ http: `http://127.0.0.1:${port()}/health` }]) })
    await expect.poll(words, { timeout: 60_000, interval: 20 }).toMatch(/^\d+ http http:\/\/127.*\n.*503/)
    status = 200
    await told("ready ended 0")
  })

  test("a tool that is nowhere is named", async () => {
    const checks: Check[] = [{ tcp: port() }]
    await start({ startup: "sleep 100000", ready: ready(checks, 3) }, { commands })
    await told("ready ended 127")
    expect(await words()).toMatch(/^127 tcp \d+\nmuster: a tcp check needs bash, python3, perl or nc on the machine/)
  })
})

test.runIf(isLong)(
  "health is told after so many failures in a row, and when it is back; who flaps is healthy",
  async () => {
    const command = `[ -e "$HOME/well" ]`
    const health = { checks: [{ command }], everySeconds: 1, failures: 2 }
    const group = { environment: { HOME: place.root }, startup: "sleep 100000", health }
    await start(group, { environment: { HOME: place.root } })
    await told("health ended 1")
    expect(await place.read(`${HOME}/health`)).toBe("unhealthy 1\n")
    await writeFile(join(place.root, "well"), "")
    await told("health ended 0")
    expect(await place.read(`${HOME}/health`)).toBe("healthy 0\n")
  },
)

test("without checks nothing of it is in the program", () => {
  const script = guestProgram(CLOUD, OWNER, { ...GROUP, startup: "true" })
  expect(script).not.toMatch(/muster_(?:watch|check|round|beside)|check\.words/)
})
