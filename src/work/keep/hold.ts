/**
 * Hold: one process at a time has a file. The system lets go of it when the process ends, however that comes: it is an address that is
 * listened at, an abstract one on Linux ("Abstract Unix sockets", Node's net), a pipe on Windows; elsewhere a socket's file, of which
 * one that nobody listens at is taken over.
 */
import { createHash } from "node:crypto"
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

type Net = typeof import("node:net")
type Server = import("node:net").Server

/** @returns what lets go of it; undefined while another one has it. @throws Error when nothing can be listened at. */
export async function hold(what: string): Promise<(() => Promise<void>) | undefined> {
  const net = await import("node:net")
  const address = addressOf(what)
  const isFile = !address.startsWith("\0") && process.platform !== "win32"
  let server = await listening(net, address)
  if (server === undefined && isFile && !(await answers(net, address))) {
    rmSync(address, { force: true })
    server = await listening(net, address)
  }
  if (server === undefined) return undefined
  const own = server
  return () => new Promise((resolve) => void own.close(() => resolve()))
}

function addressOf(what: string): string {
  const name = `muster-${createHash("sha256").update(what).digest("hex").slice(0, 32)}`
  if (process.platform === "linux") return `\0${name}`
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name)
}

function listening({ createServer }: Net, address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined)
      else reject(error)
    })
    // It keeps no process alive.
    server.listen(address, () => resolve(server)).unref()
  })
}

function answers({ connect }: Net, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy()
      resolve(true)
    }).once("error", () => resolve(false))
  })
}
