/** The ways to workers over ssh, against a real sshd: keys, host keys, jumps. */
import { execFileSync, spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { ownRange } from "../../src/client/own-address.js"
import { AuthError, HostKeyError, SpecError } from "../../src/errors.js"
import { accessRequest } from "../../src/fleet/launching/access-request.js"
import { ClusterKeys } from "../../src/fleet/state/cluster-keys.js"
import type { Fleet } from "../../src/fleet/state/context.js"
import type { WorkerRecord } from "../../src/fleet/roster/worker-record.js"
import { markPrefix } from "../../src/guest/marks.js"
import { Cluster } from "../../src/cluster.js"
import type { Owner, Provider } from "../../src/provider.js"
import type { Command } from "../../src/remote/remote.js"
import { runCommand } from "../../src/remote/output.js"
import { hostKeyProof } from "../../src/remote/ssh/host-keys.js"
import { readKeyFile } from "../../src/remote/ssh/key-file.js"
import { makeKeyPair } from "../../src/remote/ssh/keys.js"
import { SshWays } from "../../src/session/ssh-ways.js"
import { type ResolvedAccess, resolveAccess } from "../../src/spec/access.js"
import type { AccessFields } from "../../src/spec/types.js"
import { rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"
import { noSshd, PORT, type Sshd, startSshd } from "./support/sshd.js"

const OWNER: Owner = {
  ...{ cluster: "render", uid: "0123456789abcdef", owner: "o", generation: 1, claim: "c" },
  deadline: "4102444800",
}

const agent = process.env.SSH_AUTH_SOCK
let directory: string
beforeEach(() => {
  delete process.env.SSH_AUTH_SOCK
  directory = mkdtempSync(join(tmpdir(), "muster access 100%-"))
  chmodSync(directory, 0o700)
})
afterEach(() => {
  delete process.env.SSH_AUTH_SOCK
  if (agent !== undefined) process.env.SSH_AUTH_SOCK = agent
  rmSync(directory, { recursive: true, force: true })
})

describe.skipIf(noSshd !== undefined)(`a real sshd${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  let sshd: Sshd
  let head: Sshd
  const ends: AbortController[] = []

  beforeAll(async () => {
    // Guests keep their proofs at a path of the machine: these find theirs in the server's directory.
    const settings = [
      `ForceCommand /bin/sh -c "$(printf '%%s' "$SSH_ORIGINAL_COMMAND" | sed s,/var/lib/muster,$PROOFS,)"`,
    ]
    const proofs = mkdtempSync(join(tmpdir(), "muster-proofs-"))
    sshd = await startSshd(
      ["127.0.33.1", "127.0.33.2"],
      PORT,
      settings.map((line) => line.replace("$PROOFS", proofs).replace("%%", "%")),
    )
    head = await startSshd(["127.0.33.9"], PORT)
    Object.assign(sshd, { proofs })
  })
  afterAll(async () => {
    for (const end of ends) end.abort()
    await Promise.all([sshd.stop(), head.stop()])
    rmSync(proofs(), { recursive: true, force: true })
  })
  const proofs = () => (sshd as Sshd & { proofs: string }).proofs

  interface Scene {
    readonly console?: string
    /** What the guest has told the cloud; left out: the cloud keeps no such thing. */
    readonly told?: () => Promise<readonly string[]>
    readonly more?: readonly WorkerRecord[]
  }

  async function scene(fields: Partial<AccessFields> = {}, { console: text = "", more = [], told }: Scene = {}) {
    const keys = new ClusterKeys(directory, OWNER, systemClock)
    const key = await keys.ensure(false)
    for (const server of [sshd, head]) writeFileSync(join(server.directory, "authorized"), `${key.publicLine}\n`)
    const proof = `${sshd.hostKey} ${hostKeyProof(key.nonce, sshd.hostKey)}\n`
    writeFileSync(join(proofs(), "host-keys"), proof)
    const end = new AbortController()
    ends.push(end)
    let asked = 0
    const provider = {
      name: "fake",
      limits: { account: "fake", buckets: {}, attemptMs: 1000 },
      consoleLog: () => {
        asked += 1
        return Promise.resolve(text)
      },
      route: () => ({ kind: "ssh", addresses: ["127.0.33.9"], port: PORT }),
      ...(told === undefined ? {} : { hostKeys: told }),
    }
    const access = resolveAccess({ from: "127.0.0.1/32", user: sshd.user, ...fields }) as ResolvedAccess
    const fleet = {
      ...{ clock: systemClock, owner: OWNER, access, keys, signal: end.signal, emit: () => {} },
      roster: { living: () => more },
    } as unknown as Fleet
    const record = (instance: object) =>
      ({
        provider,
        group: "g",
        state: "running",
        instance: { launchedAt: 1, name: "w-1", tags: {}, ...instance },
      }) as unknown as WorkerRecord
    const ways = new SshWays(fleet)
    const run = async (host: string, id = "i-1", command = "echo here") => {
      const route = { kind: "ssh", addresses: [host], port: PORT } as const
      const remote = await ways.remoteOf(record({ id, privateIp: host }), route)
      return (await runCommand(remote, command, { worker: id })).stdout
    }
    return { run, keys, key, fleet, record, ways, asked: () => asked }
  }

  test("the key is the cluster's own, for its owner alone; first sight is proven, and then known", async () => {
    const { run, keys, asked } = await scene()
    expect(await run("127.0.33.1")).toBe("here\n")
    expect(statSync(keys.path ?? "").mode & 0o777).toBe(0o600)
    const pins = join(directory, "render.0123456789abcdef.hosts")
    expect(readFileSync(pins, "utf8")).toBe(`i-1 ${sshd.hostKey}\n`)
    expect(statSync(pins).mode & 0o777).toBe(0o600)
    expect(asked()).toBe(1)
    // Another process of this machine knows it without asking.
    const second = await scene()
    rmSync(join(proofs(), "host-keys"))
    expect(await second.run("127.0.33.1")).toBe("here\n")
    expect(second.asked()).toBe(0)
  })

  test("first sight with a wrong proof is refused, and nothing is kept", async () => {
    const { run } = await scene()
    writeFileSync(join(proofs(), "host-keys"), `${sshd.hostKey} ${hostKeyProof("another", sshd.hostKey)}\n`)
    await expect(run("127.0.33.1")).rejects.toThrow(HostKeyError)
    expect(existsSync(join(directory, "render.0123456789abcdef.hosts"))).toBe(false)
  })

  test("a key on the console is known; another one at its address is refused", async () => {
    const line = (blob: string) => `${markPrefix(OWNER.uid)}host-key ssh-ed25519 ${blob}\n`
    const known = await scene({}, { console: line(sshd.hostKey) })
    rmSync(join(proofs(), "host-keys"))
    expect(await known.run("127.0.33.1")).toBe("here\n")
    const other = makeKeyPair("x").publicLine.split(" ")[1] ?? ""
    rmSync(join(directory, "render.0123456789abcdef.hosts"))
    const changed = await scene({}, { console: line(other) })
    await expect(changed.run("127.0.33.1")).rejects.toThrow(/nothing was sent/)
  })

  test("what the guest has told the cloud goes before its console; where that cannot be read, the console counts", async () => {
    const line = (blob: string) => `${markPrefix(OWNER.uid)}host-key ssh-ed25519 ${blob}\n`
    const other = makeKeyPair("x").publicLine.split(" ")[1] ?? ""
    const told = await scene({}, { console: line(other), told: () => Promise.resolve([sshd.hostKey]) })
    rmSync(join(proofs(), "host-keys"))
    expect(await told.run("127.0.33.1")).toBe("here\n")
    expect(told.asked()).toBe(0)
    rmSync(join(directory, "render.0123456789abcdef.hosts"))
    const wrong = await scene({}, { console: line(sshd.hostKey), told: () => Promise.resolve([other]) })
    await expect(wrong.run("127.0.33.1")).rejects.toThrow(/nothing was sent/)
    rmSync(join(directory, "render.0123456789abcdef.hosts"))
    const silent = await scene({}, { console: line(sshd.hostKey), told: () => Promise.reject(new AuthError("no")) })
    expect(await silent.run("127.0.33.1")).toBe("here\n")
    expect(silent.asked()).toBe(1)
  })

  test("an address that another instance has now is no false alarm", async () => {
    const { run } = await scene()
    writeFileSync(
      join(directory, "render.0123456789abcdef.hosts"),
      `i-0 ${makeKeyPair("x").publicLine.split(" ")[1]}\n`,
    )
    expect(await run("127.0.33.1", "i-1")).toBe("here\n")
    await expect(run("127.0.33.1", "i-0")).rejects.toThrow(HostKeyError)
  })

  test("by a jump host, whose key is kept from its first sight", async () => {
    const via = { jump: `${head.user}@127.0.33.9:${PORT}` }
    const { run } = await scene({ via })
    expect(await run("127.0.33.2")).toBe("here\n")
    expect(readFileSync(join(directory, "render.0123456789abcdef.hosts"), "utf8")).toContain(
      `jump:${via.jump} ${head.hostKey}\n`,
    )
  })

  test("by the oldest worker with a public address, at private ones", async () => {
    const workers: WorkerRecord[] = []
    const { run, record, key } = await scene({ via: "head" }, { more: workers })
    await expect(run("127.0.33.2")).rejects.toThrow(/no running worker has a public address/)
    workers.push(record({ id: "i-young", publicIp: "127.0.33.200", launchedAt: 9 }))
    workers.push(record({ id: "i-head", publicIp: "127.0.33.9", launchedAt: 2 }))
    expect(key.nonce).toMatch(/^[0-9a-f]{64}$/)
    // The head's own key is checked as well: its proof is not there.
    await expect(run("127.0.33.2")).rejects.toThrow(HostKeyError)
    writeFileSync(join(directory, "render.0123456789abcdef.hosts"), `i-head ${head.hostKey}\n`)
    const pinned = await scene({ via: "head" }, { more: workers })
    expect(await pinned.run("127.0.33.2")).toBe("here\n")
  })

  test("by a proxy command", async () => {
    const { run } = await scene({
      via: {
        proxyCommand: `${process.execPath} -e 'const s=require("net").connect(%p,"%h");process.stdin.pipe(s).pipe(process.stdout)'`,
      },
    })
    expect(await run("127.0.33.2")).toBe("here\n")
  })

  describe("the system's own ssh", () => {
    /** As `runAtTerminal` runs it, with commands that come in. */
    const ssh = ([program = "", ...args]: readonly string[], input = "") =>
      spawnSync(program, args, { input, encoding: "utf8", env: { ...process.env, HOME: directory } })

    async function wordsFor(
      fields: Partial<AccessFields> = {},
      { id = "i-1", more = [] }: Scene & { id?: string } = {},
    ) {
      const { ways, record } = await scene(fields, { more })
      const route = { kind: "ssh", addresses: ["127.0.33.1"], port: PORT } as const
      return async (command?: Command) => ways.systemWords(record({ id, privateIp: "127.0.33.1" }), route, command)
    }

    test("a command, what comes in, and its exit code; the key is proven first, and nothing of the user's is read", async () => {
      mkdirSync(join(directory, ".ssh"))
      writeFileSync(join(directory, ".ssh/config"), "Host *\n  Port 1\n")
      const words = await wordsFor()
      const shell = await words()
      expect(shell.slice(0, 2)).toEqual(["ssh", "-F"])
      for (const path of readdirSync(directory).filter((name) => name.startsWith("render.")))
        expect([path, statSync(join(directory, path)).mode & 0o777]).toEqual([path, 0o600])
      const run = ssh(await words(["printf", "%s|", "it's", 'a "b"', "$HOME"]))
      expect([run.status, run.stdout, run.stderr]).toEqual([0, `it's|a "b"|$HOME|`, ""])
      expect(ssh(await words("cat; exit 7"), "given").stdout).toBe("given")
      expect(ssh(await words("exit 7")).status).toBe(7)
      // Known now: it is not asked for a proof again.
      rmSync(join(proofs(), "host-keys"))
      expect(ssh(await (await wordsFor())("echo here")).stdout).toBe("here\n")
    })

    test("a key that has changed is refused, and nothing is sent", async () => {
      const other = makeKeyPair("x").publicLine.split(" ")[1] ?? ""
      writeFileSync(join(directory, "render.0123456789abcdef.hosts"), `i-1 ${other}\n`)
      const { status, stderr } = ssh(await (await wordsFor())("echo here"))
      expect([status, stderr]).toEqual([255, expect.stringContaining("HOST IDENTIFICATION HAS CHANGED")])
      rmSync(join(directory, "render.0123456789abcdef.hosts"))
      writeFileSync(join(proofs(), "host-keys"), "")
      const unproven = await wordsFor()
      rmSync(join(proofs(), "host-keys"))
      await expect(unproven()).rejects.toThrow(HostKeyError)
    })

    test.skipIf(!isLong)("by a jump host, by a worker that is the head, and by a proxy command", async () => {
      const jump = await wordsFor({ via: { jump: `${head.user}@127.0.33.9:${PORT}` } })
      expect(ssh(await jump("echo jumped"))).toMatchObject({ stderr: "", stdout: "jumped\n" })
      const more: WorkerRecord[] = []
      const { record } = await scene()
      writeFileSync(join(directory, "render.0123456789abcdef.hosts"), `i-1 ${sshd.hostKey}\nhead ${head.hostKey}\n`)
      more.push(record({ id: "head", publicIp: "127.0.33.9" }))
      expect(ssh(await (await wordsFor({ via: "head" }, { more }))("echo by head")).stdout).toBe("by head\n")
      const script = `const s=require("net").connect(%p,"%h");process.stdin.pipe(s).pipe(process.stdout)`
      const proxyCommand = `${process.execPath} -e '${script}' 100%%`
      expect(ssh(await (await wordsFor({ via: { proxyCommand } }))("echo by command")).stdout).toBe("by command\n")
      const lines = await wordsFor({ via: { proxyCommand: "a\nb" } })
      await expect(lines()).rejects.toThrow(/proxyCommand/)
    })

    test.skipIf(!isLong)(
      "a key file, ids that no file of known hosts may have, and a journal that is nowhere",
      async () => {
        const { key, fleet, record } = await scene()
        const copy = join(directory, "a copy of 100% it")
        writeFileSync(copy, key.privateFile, { mode: 0o600 })
        const words = await wordsFor({ keyFile: copy }, { id: "/Sub*/VM 1" })
        expect(ssh(await words("echo here")).stdout).toBe("here\n")
        const without = new SshWays({
          ...fleet,
          keys: new ClusterKeys(false, OWNER, systemClock),
          access: fleet.access,
        } as Fleet)
        process.env.SSH_AUTH_SOCK = "/nowhere"
        const route = { kind: "ssh", addresses: ["127.0.33.1"], port: PORT } as const
        await expect(without.systemWords(record({ id: "i-1" }), route)).rejects.toThrow(/needs a journal directory/)
      },
    )
  })

  test("without access, and without a key on this machine", async () => {
    const { fleet, record } = await scene()
    const route = { kind: "ssh", addresses: ["127.0.33.1"], port: PORT } as const
    const closed = new SshWays({ ...fleet, access: undefined } as Fleet)
    await expect(closed.remoteOf(record({ id: "i-1" }), route)).rejects.toThrow(/access: "here"/)
    const elsewhere = new ClusterKeys(join(directory, "elsewhere"), OWNER, systemClock)
    const other = new SshWays({ ...fleet, keys: elsewhere } as Fleet)
    await expect(other.remoteOf(record({ id: "i-1" }), route)).rejects.toThrow(AuthError)
  })

  test("another machine reaches them with the cluster's key file", async () => {
    const { key } = await scene()
    const copy = join(directory, "copy")
    writeFileSync(copy, key.privateFile, { mode: 0o600 })
    const { fleet, record } = await scene({ keyFile: copy })
    const keys = new ClusterKeys(join(directory, "elsewhere"), OWNER, systemClock)
    const ways = new SshWays({ ...fleet, keys } as Fleet)
    const remote = await ways.remoteOf(record({ id: "i-1" }), { kind: "ssh", addresses: ["127.0.33.1"], port: PORT })
    expect((await runCommand(remote, "echo here", { worker: "w" })).stdout).toBe("here\n")
  })

  test("a key file that is missing, open to others, locked, or public", async () => {
    await expect(readKeyFile(join(directory, "none"))).rejects.toThrow(/keyFile: cannot be read/)
    const file = join(directory, "key")
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", file])
    expect((await readKeyFile(file)).isLocked).toBe(true)
    const { run } = await scene({ keyFile: file })
    await expect(run("127.0.33.1")).rejects.toThrow(/asks for a passphrase; add it to an ssh agent/)
    chmodSync(file, 0o644)
    await expect(readKeyFile(file)).rejects.toThrow(/mode 644\); chmod 600/)
    chmodSync(`${file}.pub`, 0o600)
    await expect(readKeyFile(`${file}.pub`)).rejects.toThrow(/without \.pub/)
  })
})

describe("what a group's guests and its network are told", () => {
  const fleetOf = (access: ResolvedAccess | undefined, journal: string | false, living: readonly unknown[] = []) =>
    ({
      access,
      keys: new ClusterKeys(journal, OWNER, systemClock),
      clock: systemClock,
      owner: OWNER,
      roster: { living: () => living },
    }) as unknown as Fleet

  test("the key is there without access, and nothing else", async () => {
    const fleet = fleetOf(undefined, directory)
    const preview = await accessRequest(fleet, true)
    expect(existsSync(fleet.keys.path ?? "")).toBe(false)
    const request = await accessRequest(fleet, false)
    expect(request).toEqual(preview)
    expect(Object.keys(request).sort()).toEqual(["nonce", "plantedKey"])
    expect(await accessRequest(fleetOf(undefined, directory), false)).toEqual(request)
    expect(await accessRequest(fleetOf(undefined, false), false)).toEqual({})
  })

  test("here is this machine's own address", async () => {
    process.env.MUSTER_ADDRESS = "192.0.2.7"
    try {
      const access = resolveAccess({ from: ["here", "10.0.0.0/8"], via: "private", user: "ops" })
      expect(await accessRequest(fleetOf(access, false), false)).toMatchObject({
        ...{ access: { from: ["192.0.2.7/32", "10.0.0.0/8"], port: 22, isPrivate: true }, user: "ops" },
        plantedKey: expect.stringMatching(/^ssh-ed25519 /) as string,
      })
    } finally {
      delete process.env.MUSTER_ADDRESS
    }
  })

  test("another machine brings the key of the cluster's workers, or launches none that would take another one", async () => {
    const other = join(directory, "elsewhere")
    const living = [{ provider: { limits: { takesKeys: true } } }]
    const made = await new ClusterKeys(directory, OWNER, systemClock).ensure(false)
    const access = (fields: object) => resolveAccess({ from: "10.0.0.0/8", ...fields })
    const request = (fields: object) => accessRequest(fleetOf(access(fields), other, living), false)
    await expect(request({})).rejects.toThrow(/access\.keyFile: is needed: "render" has workers that take the key of/)
    expect(existsSync(other)).toBe(false)
    const copy = join(directory, "copy")
    writeFileSync(copy, made.privateFile, { mode: 0o600 })
    const [type, blob] = made.publicLine.split(" ")
    expect(await request({ keyFile: copy })).toMatchObject({ plantedKey: `${type} ${blob}`, nonce: made.nonce })
    process.env.SSH_AUTH_SOCK = "/nowhere"
    const byAgent = await request({ authorizedKeys: [made.publicLine] })
    expect(byAgent.authorizedKeys).toEqual([made.publicLine])
    expect(byAgent.plantedKey).not.toBe(made.publicLine)
    // Nobody asked for access: what can be opened later is each machine's own affair.
    expect(Object.keys(await accessRequest(fleetOf(undefined, join(directory, "third"), living), false))).toContain(
      "nonce",
    )
  })

  test("an address that nobody tells is an error that says what to give", async () => {
    const clock = { ...systemClock }
    expect(await ownRange(clock, {}, () => Promise.resolve("2001:db8::7\n"))).toBe("2001:db8::7/128")
    expect(await ownRange(clock, {}, () => Promise.reject(new Error("offline")))).toBe("2001:db8::7/128")
    for (const ask of [() => Promise.reject(new Error("offline")), () => Promise.resolve("<html>")]) {
      await expect(ownRange({ ...systemClock }, {}, ask)).rejects.toThrow(SpecError)
    }
    await expect(ownRange(clock, { MUSTER_ADDRESS: "home" }, () => Promise.resolve(""))).rejects.toThrow(
      /MUSTER_ADDRESS/,
    )
  })
})

test("the key is made at the first launch, and goes with the cluster", async () => {
  const { provider, clock } = rig()
  const asked: (string | undefined)[] = []
  const keyed: Provider = {
    ...provider,
    limits: { ...provider.limits, takesKeys: true },
    prepare: (owner, group, calls) => {
      asked.push(group.plantedKey)
      return provider.prepare(owner, group, calls)
    },
  }
  const spec = { name: "render", provider: keyed, instanceType: SMALL } as const
  const cluster = new Cluster(spec, { clock, journal: directory })
  const keys = () => readdirSync(directory).filter((name) => name.endsWith(".key"))
  await clock.run(cluster.plan(1))
  expect(keys()).toEqual([])
  await clock.run(cluster.scale(1))
  expect(keys()).toHaveLength(1)
  expect(asked.at(-1)).toMatch(/^ssh-ed25519 \S+ muster-render$/)
  expect(new Set(asked).size).toBe(1)
  await clock.run(cluster.close())
  expect(keys()).toEqual([])
})
