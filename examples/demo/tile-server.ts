/**
 * Hands out tiles and takes pixels. One request does both: its body is the last tile's pixels, its answer the next tile. A
 * worker keeps one connection, so a connection that closes is a worker that is gone.
 */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { buffer } from "node:stream/consumers"
import type { Tile, View } from "./mandelbrot.js"
import type { Picture } from "./png.js"
import type { TileBoard } from "./tile-board.js"

/** What a worker is told: what to render, or (204) that all is done. */
export interface Task {
  readonly view: View
  readonly tile: Tile
}

export const WORKER_HEADER = "muster-worker"
const CHANNELS = 3

export interface TileServer {
  readonly url: string
  /** The whole picture. Rejects with the signal's reason when that is aborted. */
  picture(signal: AbortSignal): Promise<Picture>
  close(): void
}

/** Starts the server on a free port of 127.0.0.1. `onTile` hears of each tile that came in. */
export async function serveTiles(
  view: View,
  board: TileBoard,
  onTile: (tile: Tile, worker: string) => void,
): Promise<TileServer> {
  const rgb = new Uint8Array(view.width * view.height * CHANNELS)
  const workers = new Map<Socket, string>()
  const asking = new Map<string, ServerResponse>()
  let complete = () => {}
  const completed = new Promise<void>((resolve) => {
    complete = resolve
  })

  const answerAll = () => {
    for (const [worker, response] of asking) {
      const tile = board.take(worker)
      if (tile === undefined && board.done < board.total) return
      asking.delete(worker)
      if (tile === undefined) response.writeHead(204).end()
      else response.end(JSON.stringify({ view, tile } satisfies Task))
    }
    if (board.done === board.total) complete()
  }
  const takeIn = async (request: IncomingMessage, response: ServerResponse) => {
    const worker = String(request.headers[WORKER_HEADER])
    workers.set(request.socket, worker)
    const pixels = await buffer(request)
    const tile = pixels.length === 0 ? undefined : board.tileOf(worker)
    if (tile !== undefined) {
      paste(rgb, view, tile, pixels)
      board.finish(worker)
      onTile(tile, worker)
    }
    asking.set(worker, response)
    answerAll()
  }
  const server = createServer((request, response) => {
    takeIn(request, response).catch(() => request.socket.destroy())
  })
  server.on("connection", (socket) => {
    socket.on("close", () => {
      const worker = workers.get(socket)
      workers.delete(socket)
      if (worker === undefined) return
      asking.delete(worker)
      board.lose(worker)
      answerAll()
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    picture: async (signal) => {
      await unlessAborted(completed, signal)
      return { width: view.width, height: view.height, rgb }
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Throws when the pixels are not those of the tile: the connection is closed and the tile handed out again. */
function paste(rgb: Uint8Array, view: View, tile: Tile, pixels: Uint8Array): void {
  const stride = tile.width * CHANNELS
  if (pixels.length !== stride * tile.height)
    throw new RangeError(`tile ${tile.index} came with ${pixels.length} bytes`)
  for (let y = 0; y < tile.height; y += 1) {
    rgb.set(pixels.subarray(y * stride, (y + 1) * stride), ((tile.top + y) * view.width + tile.left) * CHANNELS)
  }
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })
  })
  await Promise.race([work, aborted])
}
