/** Act 1: a real burst. Workers, each a process of its own, render the tiles of a picture and are gone. */
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { SPIRAL, tilesOf, type View } from "./mandelbrot.js"
import { encodePng } from "./png.js"
import { receiptTable } from "./receipt.js"
import type { Performance, Stage } from "./stage.js"
import { TileBoard } from "./tile-board.js"
import { serveTiles } from "./tile-server.js"

const WORKER = fileURLToPath(new URL("./tile-worker.js", import.meta.url))
const TILE_PIXELS = 128

export async function render(stage: Stage): Promise<readonly string[]> {
  const { workers, width } = stage.options
  const view: View = { ...SPIRAL, width, height: Math.round((width * 2) / 3) }
  const board = new TileBoard(tilesOf(view, TILE_PIXELS))
  let onTile = (_latest: string) => {}
  const tiles = await serveTiles(view, board, (tile, worker) => onTile(`tile ${tile.index} by ${worker}`))
  const spec = {
    name: "demo-picture",
    provider: stage.local(),
    instanceType: "local-1",
    groups: { render: {} },
    startup: 'exec "$NODE" "$TILE_WORKER"',
    environment: { NODE: process.execPath, TILE_WORKER: WORKER, TILES_URL: tiles.url },
  }
  const work = async (play: Performance) => {
    onTile = (latest) => play.tell({ noun: "tile", done: board.done, total: board.total, latest })
    onTile("")
    await play.scale(workers)
    const picture = await tiles.picture(stage.signal)
    return { picture, receipt: await play.cluster.close() }
  }
  try {
    const title = `act 1: ${workers} workers render ${board.total} tiles`
    const { picture, receipt } = await stage.perform(title, spec, work)
    const path = join(tmpdir(), `muster-demo-${process.pid}.png`)
    await writeFile(path, encodePng(picture))
    const made = new Map([...board.made].map(([worker, count]) => [worker, `${count} tiles`]))
    return [`picture: ${path} (${view.width} x ${view.height})`, ...receiptTable(receipt, made)]
  } finally {
    tiles.close()
  }
}
