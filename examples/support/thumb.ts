/** Small pictures of large ones, without a library: of each square of pixels the mean. Its functions run on workers. */
import type { TaskContext } from "muster-vms"

/** A picture as netpbm has it (P6): "P6\n640 480\n255\n" and three bytes for each pixel. */
export interface Picture {
  readonly name: string
  readonly ppm: Uint8Array
}

export function thumb({ name, ppm }: Picture, { log }: TaskContext): Picture {
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(Buffer.from(ppm.subarray(0, 64)).toString("latin1"))
  if (head === null) throw new TypeError(`${name} is no picture of the form P6`)
  const [text, width, height] = [head[0], Number(head[1]), Number(head[2])]
  const [w, h] = [Math.ceil(width / 8), Math.ceil(height / 8)]
  const [sums, counts] = [new Float64Array(w * h * 3), new Uint32Array(w * h)]
  for (let at = 0; at < width * height; at += 1) {
    const to = Math.floor(Math.floor(at / width) / 8) * w + Math.floor((at % width) / 8)
    counts[to] = (counts[to] ?? 0) + 1
    for (let part = 0; part < 3; part += 1)
      sums[to * 3 + part] = (sums[to * 3 + part] ?? 0) + (ppm[text.length + at * 3 + part] ?? 0)
  }
  log(`${name}: ${width} x ${height} to ${w} x ${h}\n`)
  const pixels = sums.map((sum, at) => sum / (counts[Math.floor(at / 3)] ?? 1))
  return { name: `small-${name}`, ppm: Buffer.concat([Buffer.from(`P6\n${w} ${h}\n255\n`), Uint8Array.from(pixels)]) }
}
