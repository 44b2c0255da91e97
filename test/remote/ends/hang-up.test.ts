/** Connections that are closed: nothing of them stays open, and nobody connects any more. */
import { once } from "node:events"
import { connect as connectTo, createServer, type Server as NetServer, type Socket } from "node:net"
import { Server as SshServer } from "ssh2"
import { expect, onTestFinished, test } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import { acceleratedClock } from "../../../src/calls/derived-clocks.js"
import { connect } from "../../../src/remote/ssh/connect.js"
import { Connections } from "../../../src/remote/ssh/connections.js"
import { makeKeyPair } from "../../../src/remote/ssh/keys.js"
import { meet, type SshPlace } from "../../../src/remote/ssh/remote.js"
import { throughCommand } from "../../../src/remote/ssh/via.js"

const HOST = "127.0.0.1"
/** The patience with a server is seconds: also of a machine that is busy some are left to log in. */
const quick = acceleratedClock(systemClock, 4)
const { privateFile: privateKey } = makeKeyPair("own")

async function portOf(server: NetServer): Promise<number> {
  server.listen(0, HOST)
  await once(server, "listening")
  return (server.address() as { port: number }).port
}

/** A server whose sockets go with the test. */
async function served(heard: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on("error", () => {}))
    heard(socket)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return portOf(server)
}

function placeAt(port: number, more: Partial<SshPlace> = {}): SshPlace {
  const server = { name: "w-1", host: HOST, port, user: "root", privateKey }
  return { id: "i-1", server, way: { kind: "direct" }, ...more }
}

test("who waits for a turn to connect does not connect once they are closed", async () => {
  let [accepted, enough] = [0, () => {}]
  const first = new Promise<void>((resolve) => (enough = resolve))
  const port = await served(() => {
    accepted += 1
    if (accepted === 32) enough()
  })
  const connections = new Connections({ workers: () => 1 })
  const all = Array.from({ length: 40 }, (_, at) => meet(placeAt(port, { id: `i-${at}` }), connections, systemClock))
  await first
  connections.close()
  const errors = (await Promise.allSettled(all)).map((one) => (one.status === "rejected" ? String(one.reason) : one))
  expect(new Set(errors)).toEqual(new Set(["Error: the connections of this cluster are closed"]))
  expect(accepted).toBe(32)
})

test("a server that does not hang up is cut off", async () => {
  const ssh = new SshServer({ hostKeys: [makeKeyPair("host").privateFile] }, (client) => {
    client.on("authentication", (given) => given.accept()).on("error", () => {})
  })
  onTestFinished(() => void ssh.close())
  const sshPort = await portOf(ssh as unknown as NetServer)
  // As a machine that is gone without a word: from then on nothing comes from there.
  let isGone = false
  const port = await served((socket) => {
    const other = connectTo(sshPort, HOST).on("error", () => {})
    socket.on("data", (bytes) => isGone || other.write(bytes))
    other.on("data", (bytes) => isGone || socket.write(bytes))
    onTestFinished(() => void other.destroy())
  })
  const connections = new Connections({ workers: () => 1 })
  const closed = new Promise<void>((resolve, reject) => {
    const place = placeAt(port, {
      connected: ({ client }) => {
        client.once("close", resolve)
        return Promise.resolve()
      },
    })
    meet(place, connections, quick).then(() => {
      isGone = true
      connections.close()
    }, reject)
  })
  await closed
})

test("a proxy command that ends while others connect is told with its words", async () => {
  const server = placeAt(22).server
  const sock = throughCommand("sh -c 'echo no gate >&2; exit 7'", server)
  await new Promise((resolve) => sock.once("close", resolve))
  await expect(connect(server, { clock: quick, sock })).rejects.toThrow(/proxy command ended with exit code 7: no gate/)
})
