import { inflateSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { renderTile, SPIRAL, tilesOf, type View } from "../../examples/demo/mandelbrot.js"
import { encodePng, type Picture } from "../../examples/demo/png.js"

interface Chunk {
  readonly type: string
  readonly body: Buffer
  readonly sum: number
}

function chunksOf(png: Buffer): readonly Chunk[] {
  const chunks: Chunk[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    const end = at + 8 + length
    chunks.push({
      type: png.toString("latin1", at + 4, at + 8),
      body: png.subarray(at + 8, end),
      sum: png.readUInt32BE(end),
    })
    at = end + 4
  }
  return chunks
}

/** CRC-32 as annex D of the PNG specification has it, bit by bit. */
function crcOf(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** The pixels of rows that are stored with filter types 0 (as they are) and 2 (as differences from the row above). */
function pixelsOf(rows: Buffer, width: number, height: number): Uint8Array {
  const stride = width * 3
  const rgb = new Uint8Array(stride * height)
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (stride + 1)]
    expect([0, 2]).toContain(filter)
    for (let x = 0; x < stride; x += 1) {
      const above = filter === 2 && y > 0 ? (rgb[(y - 1) * stride + x] ?? 0) : 0
      rgb[y * stride + x] = (rows[y * (stride + 1) + 1 + x] ?? 0) + above
    }
  }
  return rgb
}

function noise(width: number, height: number): Picture {
  const rgb = Uint8Array.from(
    { length: width * height * 3 },
    (_, index) => (index * 7919 + (index >> 3) * 104_729) & 255,
  )
  return { width, height, rgb }
}

describe("the PNG encoder", () => {
  test.each([
    [1, 1],
    [1, 9],
    [13, 1],
    [31, 17],
  ])("%d x %d pixels come back as they went in", (width, height) => {
    const picture = noise(width, height)
    const chunks = chunksOf(encodePng(picture))
    expect(chunks.map(({ type }) => type)).toEqual(["IHDR", "IDAT", "IEND"])
    const [header, pixels] = chunks
    expect([header?.body.readUInt32BE(0), header?.body.readUInt32BE(4)]).toEqual([width, height])
    expect([...(header?.body.subarray(8) ?? [])]).toEqual([8, 2, 0, 0, 0])
    expect(pixelsOf(inflateSync(pixels?.body ?? Buffer.alloc(0)), width, height)).toEqual(picture.rgb)
  })

  test("begins with the signature, and every chunk has its checksum", () => {
    const png = encodePng(noise(5, 4))
    expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n")
    for (const { type, body, sum } of chunksOf(png)) {
      expect(sum, type).toBe(crcOf(Buffer.concat([Buffer.from(type, "latin1"), body])))
    }
  })

  test("refuses pixels that are not as many as the size says", () => {
    expect(() => encodePng({ width: 2, height: 2, rgb: new Uint8Array(11) })).toThrow("11 bytes are not 2 x 2 pixels")
  })
})

describe("tiles", () => {
  test.each([
    [1536, 1024, 128, 96],
    [300, 200, 128, 6],
    [100, 50, 128, 1],
  ])("of %d x %d cover every pixel once", (width, height, size, count) => {
    const tiles = tilesOf({ width, height }, size)
    expect(tiles).toHaveLength(count)
    expect(tiles.map(({ index }) => index)).toEqual(tiles.map((_, index) => index))
    const seen = new Uint8Array(width * height)
    for (const tile of tiles) {
      for (let y = tile.top; y < tile.top + tile.height; y += 1) {
        for (let x = tile.left; x < tile.left + tile.width; x += 1) {
          const at = y * width + x
          seen[at] = (seen[at] ?? 0) + 1
        }
      }
    }
    expect(seen.every((times) => times === 1)).toBe(true)
  })

  test("rendered one by one are the picture rendered at once", () => {
    const view: View = { ...SPIRAL, width: 24, height: 16 }
    const [whole] = tilesOf(view, 24)
    const all = whole === undefined ? new Uint8Array() : renderTile({ view, tile: whole })
    for (const tile of tilesOf(view, 7)) {
      const part = renderTile({ view, tile })
      for (let y = 0; y < tile.height; y += 1) {
        const from = ((tile.top + y) * view.width + tile.left) * 3
        expect(part.subarray(y * tile.width * 3, (y + 1) * tile.width * 3)).toEqual(
          all.subarray(from, from + tile.width * 3),
        )
      }
    }
  })

  test("the middle of the set is dark, far outside is lit", () => {
    const at = (x: number, y: number) => {
      const view = { x, y, span: 1e-6, width: 1, height: 1 }
      const [tile] = tilesOf(view, 1)
      return tile === undefined ? 0 : renderTile({ view, tile }).reduce((sum, channel) => sum + channel, 0)
    }
    expect(at(-0.1, 0)).toBe(2 + 3 + 14)
    expect(at(1.5, 1.5)).toBeGreaterThan(60)
  })
})
