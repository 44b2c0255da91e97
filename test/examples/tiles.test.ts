/** Tiles are handed out once, and again when their worker is gone. */
import { Agent, request } from "node:http"
import { buffer } from "node:stream/consumers"
import { afterEach, expect, test } from "vitest"
import { renderTile, SPIRAL, type Tile, tilesOf, type View } from "../../examples/demo/mandelbrot.js"
import { TileBoard } from "../../examples/demo/tile-board.js"
import { serveTiles, type Task, type TileServer, WORKER_HEADER } from "../../examples/demo/tile-server.js"

const VIEW: View = { ...SPIRAL, width: 8, height: 4 }
const TILES = tilesOf(VIEW, 4)

let open: TileServer | undefined
const agents: Agent[] = []
afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy()
  open?.close()
})

async function serve(board: TileBoard): Promise<TileServer> {
  open = await serveTiles(VIEW, board, () => {})
  return open
}

interface Hand {
  ask(pixels?: Uint8Array): Promise<Task | undefined>
  die(): void
}

function hand(url: string, name: string): Hand {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return {
    ask: async (pixels = new Uint8Array()) => {
      const body = await new Promise<Buffer>((resolve, reject) => {
        const headers = { [WORKER_HEADER]: name, "content-length": pixels.length }
        const asking = request(url, { method: "POST", agent, headers }, (response) => {
          buffer(response).then(resolve, reject)
        })
        asking.on("error", reject)
        asking.end(pixels)
      })
      return body.length === 0 ? undefined : (JSON.parse(body.toString()) as Task)
    },
    die: () => agent.destroy(),
  }
}

const pixelsOf = (tile: Tile) => renderTile(VIEW, tile)

test("a worker that dies has its tile handed out again, to one that waited for it", async () => {
  const board = new TileBoard(TILES)
  const server = await serve(board)
  const [mortal, other] = [hand(server.url, "mortal"), hand(server.url, "other")]
  const lost = await mortal.ask()
  const first = await other.ask()
  expect([lost?.tile.index, first?.tile.index]).toEqual([0, 1])
  const waiting = other.ask(pixelsOf(first?.tile as Tile))
  mortal.die()
  const again = await waiting
  expect(again?.tile).toEqual(lost?.tile)
  expect(await other.ask(pixelsOf(again?.tile as Tile))).toBeUndefined()
  expect([board.done, board.returned, [...board.made]]).toEqual([2, 1, [["other", 2]]])
  const picture = await server.picture(new AbortController().signal)
  const [whole] = tilesOf(VIEW, 8)
  expect(picture.rgb).toEqual(renderTile(VIEW, whole as Tile))
})

test("pixels that are not those of the tile are not taken", async () => {
  const board = new TileBoard(TILES)
  const server = await serve(board)
  const liar = hand(server.url, "liar")
  await liar.ask()
  await expect(liar.ask(new Uint8Array(5))).rejects.toThrow()
  const honest = hand(server.url, "honest")
  for (let task = await honest.ask(); task !== undefined; ) task = await honest.ask(pixelsOf(task.tile))
  expect([...board.made]).toEqual([["honest", 2]])
})

test("waiting for the picture ends with the signal's reason", async () => {
  const server = await serve(new TileBoard(TILES))
  const reason = new Error("never mind")
  await expect(server.picture(AbortSignal.abort(reason))).rejects.toBe(reason)
  const controller = new AbortController()
  const waiting = server.picture(controller.signal)
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
})
