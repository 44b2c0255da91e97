/**
 * Workers of each cloud's wire over ssh: the guest's program runs as the wire got it, plants the cluster's key and tells its host
 * keys, and a real sshd of the same machine answers at the addresses that the wire tells.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { run } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import { HostKeyError, TransientError } from "../../src/errors.js"
import type { AccessFields, ClusterFields } from "../../src/spec/types.js"
import { type Place, type PlaceName, placeOf } from "../guest/world/clouds.js"
import { isLong } from "../support/long.js"
import { addressOf, noMachines, OTHERS, type SshMachines, sshMachines, sshTargets } from "./support/machines.js"
import { startSshd } from "./support/sshd.js"

const CLOUDS = ["aws", "gcp", "azure"] as const satisfies readonly PlaceName[]
/** One of them, in what is not the longer suites. */
const CLOUDS_NOW = isLong ? CLOUDS : CLOUDS.slice(0, 1)

const missing = await noMachines()

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-wires-"))
  // Commands there are those of another user.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, "open"))
  chmodSync(join(folder, "open"), 0o777)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Scene {
  readonly place: Place
  readonly machines: SshMachines
  readonly cluster: Cluster
}

const ACCESS = { from: "127.0.0.1/32" } as const

async function scene(
  name: PlaceName,
  access: Partial<AccessFields> = {},
  fields: Partial<ClusterFields> = {},
  machines = sshMachines(),
): Promise<Scene> {
  const place = await placeOf(name, machines)
  onTestFinished(() => place.close())
  const { provider, clock, instanceType } = place
  const spec = { name: "render", provider, instanceType, access: { ...ACCESS, ...access }, ...fields }
  const cluster = new Cluster(spec as ConstructorParameters<typeof Cluster>[0], { clock, journal: journal() })
  onTestFinished(async () => void (await cluster.close().catch(() => {})))
  return { place, machines, cluster }
}

const journal = () => join(folder, "journal")

/** The program, as another process of this machine. */
async function muster({ place }: Scene, words: readonly string[], out?: (text: string) => void, unread?: AbortSignal) {
  let [wrote, said] = ["", ""]
  const access = ["--access", ACCESS.from]
  const code = await run([...words.slice(0, 2), "--region", place.provider.region, ...access, ...words.slice(2)], {
    version: "1.2.3",
    clock: place.clock,
    load: () => Promise.resolve(place.provider),
    out: (text) => {
      wrote += text
      out?.(text)
    },
    say: (text) => {
      said += text
    },
    ask: undefined,
    directory: folder,
    env: { XDG_STATE_HOME: join(folder, "state"), MUSTER_PROVIDER: place.provider.name, MUSTER_JOURNAL: journal() },
    ...(unread === undefined ? {} : { unread }),
  })
  return { code, out: wrote, said }
}

/** A worker that writes a line, and another one once the file is there. */
const startup = () => `echo up; while [ ! -e ${folder}/open/more ]; do sleep 1; done; echo "more came"; sleep 100000`

describe.skipIf(missing !== undefined)(`over ssh${missing === undefined ? "" : ` (${missing})`}`, () => {
  test.each(CLOUDS_NOW)("%s: scale, exec, cp, logs -f, close", async (name) => {
    const own = await scene(name, {}, { startup: startup(), environment: { MINE: "it's mine", f: "F", n: "N" } })
    const { cluster, place } = own
    await cluster.scale(2)
    // At once: the workers boot meanwhile, and let nobody in.
    const answers = await cluster.exec("id -un; ls /var/lib/muster/host-keys")
    const known = await cluster.exec('echo "$MUSTER_CLUSTER:$MUSTER_NAME:$MINE:$f:$n"')
    expect(known.map(({ stdout }) => stdout)).toEqual(known.map(({ worker: own }) => `render:${own}:it's mine:F:N\n`))
    expect(answers.map(({ stdout }) => stdout)).toEqual([
      "muster\n/var/lib/muster/host-keys\n",
      "muster\n/var/lib/muster/host-keys\n",
    ])
    const addresses = cluster.workers.flatMap(({ publicIp, privateIp }) => publicIp ?? privateIp ?? [])
    const [{ name: worker = "" } = {}] = cluster.workers
    await cluster.detach()

    const all = await muster(own, ["exec", "render", "--", "echo here; exit 3"])
    expect([all.code, all.said]).toEqual([3, expect.stringContaining(`${worker}: exit code 3\n`)])
    expect(all.out.trimEnd().split("\n")).toHaveLength(2)

    writeFileSync(join(folder, "in put"), "it's\n")
    expect((await muster(own, ["cp", "in put", `render/${worker}:data/`])).said).toContain("1 file sent")
    const capitals = await muster(own, ["exec", "render", "-w", worker, "tr a-z A-Z <'data/in put' >data/output"])
    expect(capitals).toEqual({ code: 0, out: "", said: "" })
    expect(await muster(own, ["cp", `render/${worker}:data/output`, "back"])).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder, "back"), "utf8")).toBe("IT'S\n")

    let heard = ""
    const read = new AbortController()
    const following = muster(
      own,
      ["logs", "render", worker, "-f"],
      (text) => {
        heard += text
        if (heard.includes("more")) read.abort()
      },
      read.signal,
    )
    await expect.poll(() => heard).toContain("up\n")
    await muster(own, ["exec", "render", "-w", worker, `touch ${folder}/open/more`])
    expect((await following).code).toBe(0)
    expect(heard).toContain("up\nmore came\n")

    expect(readdirSync(journal()).filter((file) => /\.(key|hosts)$/.test(file))).toHaveLength(2)
    const { provider, clock } = place
    await (await Cluster.attach("render", { provider }, { clock, journal: journal() })).close()
    expect(place.world?.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
    expect(readdirSync(journal())).toEqual([])
    await expect.poll(() => Promise.all(addresses.map(isOpen))).toEqual([false, false])
  })
})

function isOpen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 22 }, () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })
}

describe.skipIf(missing !== undefined || !isLong)("over ssh, by other ways", () => {
  test.each(CLOUDS)("%s: by a jump host, with a key of the user's", async (name) => {
    const jump = await startSshd([addressOf(OTHERS)], 22)
    onTestFinished(() => jump.stop())
    const keyFile = join(folder, "id")
    writeFileSync(keyFile, jump.privateKey, { mode: 0o600 })
    const { cluster } = await scene(
      name,
      { via: { jump: `root@${addressOf(OTHERS)}` }, keyFile },
      { publicAddress: false },
    )
    await cluster.scale(3)
    const answers = await cluster.exec("id -un")
    expect(answers.map(({ stdout }) => stdout)).toEqual(Array(3).fill("muster\n"))
    expect(sshTargets()).toEqual([addressOf(OTHERS)])
    const [{ name: worker = "" } = {}] = cluster.workers
    writeFileSync(join(folder, "input"), "in")
    await cluster.worker(worker).send(join(folder, "input"), "data/")
    await cluster.worker(worker).fetch(["data/input"], join(folder, "back"))
    expect(readFileSync(join(folder, "back/data/input"), "utf8")).toBe("in")
  })

  test.each(CLOUDS)("%s: by the worker that has a public address", async (name) => {
    const groups = { head: { publicAddress: true }, rest: { publicAddress: false } }
    const { cluster } = await scene(name, { via: "head" }, { groups })
    await cluster.scale({ head: 1, rest: 3 })
    const answers = await cluster.exec("id -un")
    expect(answers.map(({ stdout }) => stdout)).toEqual(Array(4).fill("muster\n"))
    expect(sshTargets()).toEqual([cluster.group("head").workers[0]?.publicIp])
  })

  test.each(CLOUDS)(
    "%s: a host key that no console tells is proven by the guest, as the user that is let in",
    async (name) => {
      const { place } = await scene(name)
      const { consoleLog: _, ...provider } = place.provider
      const spec = { name: "silent", provider, instanceType: place.instanceType, access: ACCESS } as const
      const cluster = new Cluster(spec, { clock: place.clock, journal: journal() })
      onTestFinished(async () => void (await cluster.close()))
      await cluster.scale(1)
      const [answer] = await cluster.exec("id -un")
      expect(answer?.stdout).toBe("muster\n")
      expect(
        readFileSync(join(journal(), readdirSync(journal()).find((file) => file.endsWith(".hosts")) ?? ""), "utf8"),
      ).toMatch(/ AAAA/)
    },
  )
})

describe.skipIf(missing !== undefined || !isLong)("over ssh, in trouble", () => {
  test("another host key is refused; what has the address of another instance afterwards is not", async () => {
    // Each has the address of the one before.
    const { cluster, machines } = await scene(
      "aws",
      {},
      {},
      sshMachines(() => 1),
    )
    await cluster.scale(1)
    await cluster.exec("true")
    const [before] = cluster.workers
    await cluster.scale(0)
    await cluster.scale(1)
    const [after] = cluster.workers
    expect([after?.publicIp, after?.id === before?.id]).toEqual([before?.publicIp, false])
    expect((await cluster.exec("echo new"))[0]?.stdout).toBe("new\n")
    await machines.rekey(after?.id ?? "")
    await expect.poll(() => cluster.exec("true").catch((error: unknown) => error)).toBeInstanceOf(HostKeyError)
    // Since the new key: it was looked at, and no key or name of ours was told.
    const log = readFileSync(machines.logPath(after?.id ?? ""), "utf8")
    expect(log).toContain("Connection from")
    expect(log).not.toMatch(/publickey|user muster/)
  })

  test("a worker that goes in mid-exec", async () => {
    const { cluster } = await scene("aws")
    await cluster.scale(1)
    const [{ name = "" } = {}] = cluster.workers
    const process = await cluster.worker(name).spawn("echo begun; sleep 600")
    await new Promise((resolve) => process.stdout.once("data", resolve))
    const end = process.ended.catch((error: unknown) => error)
    await cluster.scale(0)
    expect(await end).toBeInstanceOf(TransientError)
    expect(String(await end)).toContain(
      `${name}: the connection was lost while the command ran; whether it goes on is unknown`,
    )
  })
})
