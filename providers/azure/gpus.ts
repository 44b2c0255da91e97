import type { Gpu } from "../../src/provider.js"

/** The list of sizes counts GPUs and does not name them; the sizes' names do ("GPU accelerated VM sizes"). */
const MODELS: readonly { readonly size: RegExp; readonly name: string; readonly memoryGiB: number }[] = [
  { size: /_MI300X/, name: "MI300X", memoryGiB: 192 },
  { size: /_H200/, name: "H200", memoryGiB: 141 },
  { size: /_NCC?\d+\w*_H100|_ND\w*_H100/, name: "H100", memoryGiB: 80 },
  { size: /_ND96asr|_ND96amsr|_A100/, name: "A100", memoryGiB: 80 },
  { size: /_A10/, name: "A10", memoryGiB: 24 },
  { size: /_T4/, name: "T4", memoryGiB: 16 },
  { size: /_NC\d+r?s_v3|_ND40rs_v2/, name: "V100", memoryGiB: 16 },
  { size: /_NV\d+as_v4/, name: "MI25", memoryGiB: 16 },
  { size: /_NV\d+s_v[23]/, name: "M60", memoryGiB: 8 },
]

export function gpuOf(size: string, count: number): Gpu | undefined {
  if (!(count > 0)) return undefined
  const model = MODELS.find((known) => known.size.test(size))
  // Of a part of a GPU, and of one that we do not know, only the number is said; a part counts as one.
  const whole = Math.max(1, Math.floor(count))
  if (model === undefined) return { name: "unknown", count: whole }
  return {
    name: model.name,
    count: whole,
    memoryGiB: count < 1 ? Math.floor(model.memoryGiB * count) : model.memoryGiB,
  }
}
