/** The picture itself: a piece of the edge of the Mandelbrot set, lit from the side. Pure. */

/** What the picture shows of the complex plane: `span` is the width of the picture there. */
export interface View {
  readonly x: number
  readonly y: number
  readonly span: number
  readonly width: number
  readonly height: number
}

/** A rectangle of the picture, in pixels. */
export interface Tile {
  readonly index: number
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** The tail of a seahorse, in the valley between the head and the body of the set. */
export const SPIRAL = { x: -0.74352, y: 0.1314, span: 0.0026 } as const

/** Enough for this depth: with more, less than one point in a thousand changes. */
const ITERATIONS = 2000
/** Far outside the circle of radius 2 the smooth count has no visible steps. */
const ESCAPE_SQUARED = 1e6
/** 2 x 2 points of each pixel: edges without stairs. */
const SAMPLES = 2
/** Turns through the palette each time that the count doubles, and where it starts: chosen by eye. */
const TURNS = 0.55
const PHASE = 0.22
/** Where the light comes from, and how high it stands (1.5 is 56 degrees). */
const LIGHT = { x: Math.SQRT1_2, y: Math.SQRT1_2, height: 1.5 } as const

type Colour = readonly [red: number, green: number, blue: number]

/** Night, sea, foam, amber, ember, and back to night; positions of the stops in one turn. */
const PALETTE: readonly { readonly at: number; readonly colour: Colour }[] = [
  { at: 0, colour: [4, 8, 54] },
  { at: 0.18, colour: [28, 92, 178] },
  { at: 0.4, colour: [236, 248, 250] },
  { at: 0.6, colour: [250, 176, 40] },
  { at: 0.8, colour: [106, 18, 22] },
  { at: 1, colour: [4, 8, 54] },
]
const INSIDE: Colour = [2, 3, 14]

/** The tiles of a picture, row by row; those at the right and lower edge may be smaller. */
export function tilesOf({ width, height }: Pick<View, "width" | "height">, size: number): readonly Tile[] {
  const columns = Math.ceil(width / size)
  return Array.from({ length: columns * Math.ceil(height / size) }, (_, index) => {
    const left = (index % columns) * size
    const top = Math.floor(index / columns) * size
    return { index, left, top, width: Math.min(size, width - left), height: Math.min(size, height - top) }
  })
}

/** The pixels of one tile: red, green, blue, rows from the top. Workers run it: it takes one input. */
export function renderTile({ view, tile }: { readonly view: View; readonly tile: Tile }): Uint8Array {
  const rgb = new Uint8Array(tile.width * tile.height * 3)
  for (let y = 0; y < tile.height; y += 1) {
    for (let x = 0; x < tile.width; x += 1) {
      rgb.set(pixel(view, tile.left + x, tile.top + y), (y * tile.width + x) * 3)
    }
  }
  return rgb
}

/** The mean of the pixel's points. Squares are close to light as it adds up; bytes are not. */
function pixel(view: View, left: number, top: number): Colour {
  const step = view.span / view.width
  const sums: [number, number, number] = [0, 0, 0]
  for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
    const dx = left + ((sample % SAMPLES) + 0.5) / SAMPLES - view.width / 2
    const dy = top + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES - view.height / 2
    const [red, green, blue] = point(view.x + dx * step, view.y - dy * step)
    sums[0] += red * red
    sums[1] += green * green
    sums[2] += blue * blue
  }
  const mean = (sum: number) => Math.round(Math.sqrt(sum / (SAMPLES * SAMPLES)))
  return [mean(sums[0]), mean(sums[1]), mean(sums[2])]
}

/** Iterates z = z² + c together with its derivative, which says in which direction the surface slopes. */
function point(cx: number, cy: number): Colour {
  let [x, y, dx, dy] = [0, 0, 0, 0]
  for (let count = 0; count < ITERATIONS; count += 1) {
    const nextDx = 2 * (x * dx - y * dy) + 1
    dy = 2 * (x * dy + y * dx)
    dx = nextDx
    const nextX = x * x - y * y + cx
    y = 2 * x * y + cy
    x = nextX
    const squared = x * x + y * y
    if (squared > ESCAPE_SQUARED) return lit(count + 1 - Math.log2(Math.log2(squared) / 2), slope(x, y, dx, dy))
  }
  return INSIDE
}

/** How much light falls on the surface here, from 0 to 1: the direction of z divided by its derivative is its normal. */
function slope(x: number, y: number, dx: number, dy: number): number {
  const across = x * dx + y * dy
  const along = y * dx - x * dy
  const length = Math.hypot(across, along) || 1
  const facing = (across * LIGHT.x + along * LIGHT.y) / length
  return Math.max(0, (facing + LIGHT.height) / (1 + LIGHT.height))
}

function lit(count: number, light: number): Colour {
  const [red, green, blue] = paletteAt(Math.log2(count) * TURNS + PHASE)
  const shade = 0.35 + 0.65 * light
  return [red * shade, green * shade, blue * shade]
}

function paletteAt(turns: number): Colour {
  const at = turns - Math.floor(turns)
  const next = PALETTE.findIndex((stop) => stop.at > at)
  const [from, to] = [PALETTE[next - 1], PALETTE[next]]
  if (from === undefined || to === undefined) return INSIDE
  const part = (at - from.at) / (to.at - from.at)
  const eased = part * part * (3 - 2 * part)
  const mix = (index: 0 | 1 | 2) => from.colour[index] + (to.colour[index] - from.colour[index]) * eased
  return [mix(0), mix(1), mix(2)]
}
