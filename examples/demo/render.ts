/** Act 1: a real burst. Workers, each processes of its own, render the tiles of a picture and are gone. */
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { remote } from "muster-vms"
import { SPIRAL, type Tile, tilesOf, type View } from "./mandelbrot.js"
import { encodePng } from "./png.js"
import { receiptTable } from "./receipt.js"
import type { Performance, Stage } from "./stage.js"

const { renderTile } = remote<typeof import("./mandelbrot.js")>(new URL("./mandelbrot.js", import.meta.url))

const TILE_PIXELS = 128
const CHANNELS = 3

export async function render(stage: Stage): Promise<readonly string[]> {
  const { workers, width } = stage.options
  const view: View = { ...SPIRAL, width, height: Math.round((width * 2) / 3) }
  const inputs = tilesOf(view, TILE_PIXELS).map((tile) => ({ view, tile }))
  const rgb = new Uint8Array(view.width * view.height * CHANNELS)
  const made = new Map<string, number>()
  const spec = { name: "demo-picture", provider: stage.local(), instanceType: "local-1", groups: { render: {} } }
  const work = async ({ cluster, scale }: Performance) => {
    await scale(workers)
    const options = { slots: 1, signal: stage.signal } as const
    for await (const { index, value, worker } of cluster.map(inputs, renderTile, options)) {
      paste(rgb, view, inputs[index]?.tile, value)
      made.set(worker, (made.get(worker) ?? 0) + 1)
    }
    return cluster.close()
  }
  const receipt = await stage.perform(`act 1: ${workers} workers render ${inputs.length} tiles`, spec, work)
  const path = join(tmpdir(), `muster-demo-${process.pid}.png`)
  await writeFile(path, encodePng({ width: view.width, height: view.height, rgb }))
  const notes = new Map([...made].map(([worker, count]) => [worker, `${count} tiles`]))
  return [`picture: ${path} (${view.width} x ${view.height})`, ...receiptTable(receipt, notes)]
}

function paste(rgb: Uint8Array, view: View, tile: Tile | undefined, pixels: Uint8Array): void {
  if (tile === undefined) return
  const stride = tile.width * CHANNELS
  for (let y = 0; y < tile.height; y += 1) {
    rgb.set(pixels.subarray(y * stride, (y + 1) * stride), ((tile.top + y) * view.width + tile.left) * CHANNELS)
  }
}
