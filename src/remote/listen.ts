/** Listen: a port of this machine whose connections are carried elsewhere. */
import { createRequire } from "node:module"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import { MusterError } from "../errors.js"
import type { Forward } from "./remote.js"

const LOOPBACK = "127.0.0.1"

/** An address to connect to, or a stream that leads there. */
export type Way = Duplex | { readonly host: string; readonly port: number }

/**
 * @param open gives the way for one connection; where it fails, the connection is closed and the next one tries again.
 * @param at the port to listen on; a free one when left out.
 * @throws MusterError with code "PortInUse" when something listens there already.
 */
export async function listen(open: () => Promise<Way>, at = 0): Promise<Forward> {
  const net = createRequire(import.meta.url)("node:net") as typeof Net
  const sockets = new Set<Net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket)).on("error", () => {})
    openSafely(open).then(
      (way) => join(socket, "host" in way ? net.connect(way) : way),
      () => socket.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const message = `listening on ${LOOPBACK}:${at}: ${cause.code === "EADDRINUSE" ? "something listens there already; choose another port, or leave it out for a free one" : cause.message}`
      reject(new MusterError(message, { code: cause.code === "EADDRINUSE" ? "PortInUse" : "ListenError", cause }))
    })
    server.listen(at, LOOPBACK, resolve)
  })
  const address = server.address() as Net.AddressInfo
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
  }
  return { port: address.port, close }
}

/** What throws at once is a way that fails too: nobody else would catch it. */
async function openSafely(open: () => Promise<Way>): Promise<Way> {
  return open()
}

function join(socket: Net.Socket, other: Duplex): void {
  const end = () => {
    socket.destroy()
    other.destroy()
  }
  socket.on("close", end)
  other.on("close", end).on("error", end)
  // It may have been closed while the way was sought.
  if (socket.destroyed) end()
  socket.pipe(other).pipe(socket)
}
