/** What may go wrong on the way to a worker: each has an end, in time, and words that say what to do. */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect as connectTo, createServer, type Server as NetServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server as SshServer } from "ssh2"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { acceleratedClock } from "../../src/calls/derived-clocks.js"
import { AuthError, HostKeyError, TimeoutError, TransientError } from "../../src/errors.js"
import { localRemote } from "../../src/remote/local.js"
import { MOST_OUTPUT_BYTES, runCommand } from "../../src/remote/output.js"
import { Connections } from "../../src/remote/ssh/connections.js"
import { makeKeyPair } from "../../src/remote/ssh/keys.js"
import { type SshPlace, sshRemote } from "../../src/remote/ssh/remote.js"
import { heldBytes, MEBIBYTE } from "../support/held.js"
import { isLong } from "../support/long.js"
import { noSshd, PORT, type Sshd, startSshd } from "./support/sshd.js"

const HOST = "127.0.25.1"
const JUMP = "127.0.25.2"
/** The pauses between tries are seconds. */
const quick = acceleratedClock(systemClock, 50)
/** A real sshd takes its time on a busy machine. */
const patient = acceleratedClock(systemClock, 4)
const DIRECT = { kind: "direct" } as const
const own = makeKeyPair("own")

function sshTo(server: Partial<SshPlace["server"]>, way: SshPlace["way"] = DIRECT, clock = quick) {
  const connections = new Connections({ workers: () => 1 })
  onTestFinished(() => connections.close())
  const { host = HOST, port = PORT } = server
  const whole = { name: "w-1", user: "root", privateKey: own.privateFile, ...server, host, port }
  return sshRemote({ id: `${host}:${port}`, server: whole, way }, connections, clock)
}

async function listenOn(server: NetServer, host = HOST): Promise<number> {
  server.listen(0, host)
  await once(server, "listening")
  return (server.address() as { port: number }).port
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as Error,
  )

test("a port where nothing listens", async () => {
  const server = createServer()
  const port = await listenOn(server)
  await new Promise((resolve) => server.close(resolve))
  const error = await failure(runCommand(sshTo({ port }), "true", { worker: "w-1" }))
  expect(error).toBeInstanceOf(TransientError)
  expect(error?.message).toBe(
    `w-1: root@${HOST}:${port}: connect ECONNREFUSED ${HOST}:${port}; see whether its sshd runs and whether a firewall is between`,
  )
})

test("a server that takes a connection and says nothing", async () => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket))
  const port = await listenOn(server)
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const error = await failure(runCommand(sshTo({ port }), "true", { worker: "w-1" }))
  expect(error).toBeInstanceOf(TimeoutError)
  expect(error?.message).toContain(`${HOST}:${port} did not let us in within 30 s; see whether its sshd runs`)
  expect(sockets.size).toBe(1)
})

test("a proxy command that ends, with what it said", async () => {
  const way = { kind: "command", command: "sh -c 'echo no such gate >&2; exit 7'" } as const
  const error = await failure(runCommand(sshTo({}, way, patient), "true", { worker: "w-1" }))
  expect(error).toBeInstanceOf(TransientError)
  expect(error?.message).toContain("the proxy command ended with exit code 7: no such gate")
})

test("another host key is refused, by a hundred of a hundred, and nothing was told to who showed it", async () => {
  const shown = makeKeyPair("between")
  const told: string[] = []
  let connections = 0
  const server = new SshServer({ hostKeys: [shown.privateFile] }, (client) => {
    connections += 1
    client.on("authentication", ({ username, method }) => told.push(`${username} ${method}`)).on("error", () => {})
  })
  const port = await listenOn(server as unknown as NetServer, "0.0.0.0")
  onTestFinished(() => void server.close())
  const hostKeys = [own.publicLine.split(" ")[1] ?? ""]
  const environment = { SECRET: "planted" }
  const errors = await Promise.all(
    Array.from({ length: 100 }, (_, index) => {
      const remote = sshTo({ host: `127.0.26.${index + 1}`, port, hostKeys }, DIRECT, systemClock)
      return failure(runCommand(remote, "true", { worker: `w-${index}` }, { environment }))
    }),
  )
  expect(errors.filter((error) => !(error instanceof HostKeyError))).toEqual([])
  expect([connections, told]).toEqual([100, []])
})

describe.skipIf(noSshd !== undefined)(`a real sshd${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  let sshd: Sshd
  let jump: Sshd
  beforeAll(async () => {
    sshd = await startSshd([HOST], PORT)
    jump = await startSshd([JUMP], PORT, ["AllowTcpForwarding no"])
  })
  afterAll(() => Promise.all([sshd.stop(), jump.stop()]))
  const known = () => ({ privateKey: sshd.privateKey, user: sshd.user, hostKeys: [sshd.hostKey] })

  test("a jump host that lets nobody through", async () => {
    const { hostKey, user, privateKey } = jump
    const server = { name: "jump", host: JUMP, port: PORT, user, privateKey, hostKeys: [hostKey] }
    const way = { kind: "jump", place: { id: "jump", server, way: { kind: "direct" } } } as const
    const error = await failure(runCommand(sshTo(known(), way, patient), "true", { worker: "w-1" }))
    expect(error).toBeInstanceOf(TransientError)
    expect(error?.message).toMatch(/^w-1: the jump host does not get to 127\.0\.25\.1:\d+: .*open failed/)
  })

  test("a server that does not know our key", async () => {
    const error = await failure(
      runCommand(sshTo({ ...known(), privateKey: own.privateFile }, DIRECT, patient), "true", { worker: "w" }),
    )
    expect(error).toBeInstanceOf(AuthError)
    expect(error?.message).toContain("the server does not take our key")
  })

  test.runIf(isLong).each(["setsid sleep 60 & sleep 60", "trap '' TERM; while :; do sleep 1; done"])(
    "a time that is over ends what will not end: %s",
    async (command) => {
      const local = localRemote({ words: ["/usr/bin/env"], address: "127.0.0.1" }, patient)
      for (const remote of [sshTo(known(), DIRECT, patient), local]) {
        const error = await failure(runCommand(remote, command, { worker: "w-1" }, { timeoutMs: 5000 }))
        expect(error?.message).toBe("the command did not end within 5 s and was ended")
      }
    },
  )

  test("a worker that goes while its command runs", async () => {
    // What sshd started is ended by it; here sshd goes first.
    const error = await failure(
      runCommand(sshTo(known(), DIRECT, patient), "kill -KILL $PPID; sleep 60", { worker: "w-1" }),
    )
    expect(error).toBeInstanceOf(TransientError)
    expect(error?.message).toBe("w-1: the connection was lost while the command ran; whether it goes on is unknown")
  })

  test("a key that an agent has, and an agent that has another one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-agent-"))
    const agent = join(folder, "socket")
    const running = spawn("ssh-agent", ["-D", "-a", agent], { stdio: ["ignore", "pipe", "ignore"] })
    onTestFinished(() => {
      running.kill()
      rmSync(folder, { recursive: true, force: true })
    })
    await once(running.stdout, "data")
    const add = (key: string) => {
      writeFileSync(join(folder, "key"), key, { mode: 0o600 })
      execFileSync("ssh-add", ["-q", join(folder, "key")], { env: { ...process.env, SSH_AUTH_SOCK: agent } })
    }
    const { privateKey: _, ...server } = { ...known(), agent }
    const remote = () => {
      const connections = new Connections({ workers: () => 1 })
      onTestFinished(() => connections.close())
      const place = {
        id: "w-1",
        way: { kind: "direct" },
        server: { name: "w-1", host: HOST, port: PORT, ...server },
      } as const
      return sshRemote(place, connections, patient)
    }
    add(own.privateFile)
    expect(await failure(runCommand(remote(), "true", { worker: "w-1" }))).toBeInstanceOf(AuthError)
    add(sshd.privateKey)
    expect((await runCommand(remote(), "echo in", { worker: "w-1" })).stdout).toBe("in\n")
    // Beside a key of another, the agent is asked after it.
    const both = sshTo({ ...server, privateKey: own.privateFile }, DIRECT, patient)
    expect((await runCommand(both, "echo in", { worker: "w-1" })).stdout).toBe("in\n")
  })

  test.skipIf(!isLong)(
    "a connection that falls silent is given up within a minute",
    async () => {
      const pairs: Socket[] = []
      const proxy = createServer((socket) => {
        const other = connectTo(PORT, HOST)
        pairs.push(socket, other)
        for (const one of [socket, other]) one.on("error", () => {})
        socket.pipe(other).pipe(socket)
      })
      const port = await listenOn(proxy)
      onTestFinished(() => {
        for (const socket of pairs) socket.destroy()
        proxy.close()
      })
      const running = await sshTo({ ...known(), port }, { kind: "direct" }, systemClock).spawn("echo begun; sleep 600")
      const end = failure(running.ended)
      await new Promise((resolve) => running.stdout.once("data", resolve))
      for (const socket of pairs) socket.unpipe().pause()
      expect(await end).toBeInstanceOf(TransientError)
    },
    300_000,
  )

  test.skipIf(!isLong).each([
    ["zero", 1_000_000_000],
    ["urandom", 100_000_000],
  ] as const)(
    "much of /dev/%s, without a line's end",
    async (device, size) => {
      const before = heldBytes()
      let [most, chunks, letters] = [0, 0, 0]
      const { isCut, stdout } = await runCommand(
        sshTo(known(), DIRECT, systemClock),
        `head -c ${size} /dev/${device}; echo; echo last`,
        { worker: "w-1" },
        {
          onOutput: (_, text) => {
            letters += text.length
            chunks += 1
            if (chunks % 500 === 0) most = Math.max(most, heldBytes() - before)
          },
        },
      )
      expect([isCut, stdout.endsWith("\nlast\n")]).toEqual([true, true])
      expect(stdout.length).toBeLessThanOrEqual(MOST_OUTPUT_BYTES + MEBIBYTE)
      if (device === "zero") expect(letters).toBe(size + 6)
      expect(chunks).toBeGreaterThan(1000)
      expect(most / MEBIBYTE).toBeLessThan(100)
    },
    900_000,
  )
})
