/** PNG, as far as a picture of plain colours needs it: 8 bits for each of red, green and blue, one IDAT chunk. */
import { crc32, deflateSync } from "node:zlib"

export interface Picture {
  readonly width: number
  readonly height: number
  /** Red, green, blue for each pixel, rows from the top. */
  readonly rgb: Uint8Array
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const CHANNELS = 3
const BITS = 8
/** PNG specification, 11.2.2: colour type 2 is truecolour. */
const TRUECOLOUR = 2
/** PNG specification, 9.2: filter type 2 stores each byte as its difference from the one above. */
const FILTER_UP = 2

/** The bytes of a PNG file. */
export function encodePng(picture: Picture): Buffer {
  const pixels = deflateSync(filtered(picture), { level: 6 })
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header(picture)),
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ])
}

function header({ width, height }: Picture): Buffer {
  const bytes = Buffer.alloc(13)
  bytes.writeUInt32BE(width, 0)
  bytes.writeUInt32BE(height, 4)
  bytes.set([BITS, TRUECOLOUR], 8)
  return bytes
}

function filtered({ width, height, rgb }: Picture): Buffer {
  const stride = width * CHANNELS
  if (rgb.length !== stride * height) throw new RangeError(`${rgb.length} bytes are not ${width} x ${height} pixels`)
  const rows = Buffer.alloc((stride + 1) * height)
  for (let y = 0; y < height; y += 1) {
    const row = y * (stride + 1)
    rows[row] = FILTER_UP
    for (let x = 0; x < stride; x += 1) {
      const above = y === 0 ? 0 : (rgb[(y - 1) * stride + x] ?? 0)
      rows[row + 1 + x] = (rgb[y * stride + x] ?? 0) - above
    }
  }
  return rows
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}
