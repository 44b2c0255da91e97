/** What runs in the instances, in a real shell, against a metadata service and an ARM of our own. */
import { spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { guestScript } from "../../../providers/azure/prepare/guest.js"
import { lacking, titled } from "../../support/tools.js"
import { GROUP, OWNER, SUBSCRIPTION } from "../support/cloud.js"

const IDENTITY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workers`
const ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/MUSTER-G/providers/Microsoft.Compute/virtualMachines/default-0123`

const noCurl = lacking("curl")

const PLACE = { location: "westeurope", manager: "https://management.azure.com" } as const

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

interface Request {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Answers metadata, tokens and deletes; the first token is refused, as right after a role was assigned. */
async function services(): Promise<{ readonly url: string; readonly requests: Request[] }> {
  const requests: Request[] = []
  const server: Server = createServer((request, response) => {
    const { method = "", url = "", headers } = request
    requests.push({ method, url, headers })
    const tokens = requests.filter((one) => one.url.includes("oauth2")).length
    if (method === "DELETE") response.writeHead(202).end()
    else if (headers.metadata !== "true") response.writeHead(400).end()
    else if (url.includes("oauth2") && tokens === 1) response.writeHead(503).end()
    else if (url.includes("oauth2")) response.end('{"access_token":"secret-1","expires_in":"3599"}')
    else if (url.includes("resourceId")) response.end(ID)
    else if (url.includes("/name")) response.end("default-0123")
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  cleanups.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

function rootDirectory(): string {
  const root = mkdtempSync(join(tmpdir(), "muster-azure-"))
  cleanups.push(() => rmSync(root, { recursive: true, force: true }))
  return root
}

async function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve))
  expect(code, output).toBe(0)
  return output
}

const later = { ...OWNER, deadline: "4102444800" }

test.skipIf(noCurl !== undefined)(
  titled("the startup script knows who it is and has its environment", noCurl),
  async () => {
    const { url } = await services()
    const root = rootDirectory()
    const startup = '#!/bin/sh\necho "$MUSTER_ID $MUSTER_NAME $MUSTER_GROUP $COLOUR"'
    const script = guestScript(later, { ...GROUP, startup }, PLACE)
    await run("sh", ["-c", script], { MUSTER_METADATA_URL: url, MUSTER_ROOT: root })
    const status = () => readFileSync(join(root, "var/lib/muster/status"), "utf8")
    await expect.poll(status).toContain("done startup 0")
    const output = readFileSync(join(root, "var/lib/muster/boot.log"), "utf8")
    expect(output.trim()).toBe(`${ID.toLowerCase()} default-0123 default blue`)
    expect(script).not.toContain("oauth2")
  },
)

test("with an identity: a timer on the wall clock starts the watchdog at the deadline", async () => {
  const { url } = await services()
  const root = rootDirectory()
  mkdirSync(join(root, "run/systemd/system"), { recursive: true })
  mkdirSync(join(root, "bin"))
  writeFileSync(join(root, "bin/systemctl"), `#!/bin/sh\necho "$@" >> ${root}/systemctl.log\n`)
  chmodSync(join(root, "bin/systemctl"), 0o755)
  const script = guestScript(later, GROUP, { ...PLACE, identity: IDENTITY })
  const environment = { MUSTER_METADATA_URL: url, MUSTER_ROOT: root, PATH: `${root}/bin:${process.env.PATH}` }
  await run("sh", ["-c", script], environment)
  expect(readFileSync(join(root, "etc/systemd/system/muster-deadline.timer"), "utf8")).toContain(
    "OnCalendar=@4102444800",
  )
  const service = readFileSync(join(root, "etc/systemd/system/muster-deadline.service"), "utf8")
  expect(service).toContain(`ExecStart=/bin/sh ${root}/var/lib/muster/watchdog\n`)
  expect(readFileSync(join(root, "systemctl.log"), "utf8")).toContain("start muster-deadline.timer")
})

const DELETES = "the watchdog deletes its own resource by force, and goes on until Azure accepts it"
test.skipIf(noCurl !== undefined)(titled(DELETES, noCurl), async () => {
  const { url, requests } = await services()
  const root = rootDirectory()
  const script = guestScript(later, { ...GROUP, startup: "true" }, { ...PLACE, identity: IDENTITY })
  mkdirSync(join(root, "run/systemd/system"), { recursive: true })
  mkdirSync(join(root, "bin"))
  writeFileSync(join(root, "bin/systemctl"), "#!/bin/sh\n", { mode: 0o755 })
  const path = `${root}/bin:${process.env.PATH}`
  await run("sh", ["-c", script], { MUSTER_ROOT: root, MUSTER_METADATA_URL: url, PATH: path })
  const watchdog = join(root, "var/lib/muster/watchdog")
  expect(existsSync(watchdog)).toBe(true)
  const environment = {
    MUSTER_METADATA_URL: url,
    MUSTER_ARM_URL: url,
    MUSTER_SPREAD: "1",
    MUSTER_PAUSE: "0",
    MUSTER_ONCE: "1",
  }
  await run("sh", [watchdog], environment)
  const deletes = requests.filter(({ method }) => method === "DELETE")
  expect(deletes).toHaveLength(1)
  expect(deletes[0]?.url).toBe(`${ID}?api-version=2024-11-01&forceDeletion=true`)
  expect(deletes[0]?.headers.authorization).toBe("Bearer secret-1")
  const tokens = requests.filter((one) => one.url.includes("oauth2"))
  expect(tokens).toHaveLength(2)
  expect(new URL(tokens[0]?.url ?? "", url).searchParams.get("msi_res_id")).toBe(IDENTITY)
})
