/** What a size's GPUs are. */
import type { Gpu, OfferQuery } from "../../../src/provider.js"

interface Model {
  readonly size: RegExp
  readonly name: string
  readonly memoryGiB: number
  readonly isAmd?: true
}

/** The list of sizes counts GPUs and does not name them; the sizes' names do ("GPU accelerated VM sizes"). */
const MODELS: readonly Model[] = [
  { size: /_MI300X/, name: "MI300X", memoryGiB: 192, isAmd: true },
  { size: /_GB300/, name: "GB300", memoryGiB: 288 },
  { size: /_GB200/, name: "GB200", memoryGiB: 192 },
  { size: /_H200/, name: "H200", memoryGiB: 141 },
  { size: /_NCC?\d+\w*_H100|_ND\w*_H100/, name: "H100", memoryGiB: 80 },
  { size: /_RTXPRO6000/, name: "RTXPRO6000", memoryGiB: 96 },
  { size: /_ND96asr|_ND96amsr|_A100/, name: "A100", memoryGiB: 80 },
  { size: /_A10/, name: "A10", memoryGiB: 24 },
  { size: /_V710/, name: "V710", memoryGiB: 28, isAmd: true },
  { size: /_T4/, name: "T4", memoryGiB: 16 },
  { size: /_NC\d+r?s_v3|_ND40rs_v2/, name: "V100", memoryGiB: 16 },
  { size: /_NV\d+as_v4/, name: "MI25", memoryGiB: 16, isAmd: true },
  { size: /_NV\d+s_v[23]/, name: "M60", memoryGiB: 8 },
]

/**
 * Sizes with a part of a GPU, by their vCPUs; the list counts it as one. A whole one has so many ("NVadsA10 v5", "NVads V710 v5"
 * and "NVv4" series: 6 of 36, 4 of 24 and 4 of 32 vCPUs are a sixth, a sixth and an eighth).
 */
const SHARED: readonly { readonly size: RegExp; readonly wholeVcpus: number }[] = [
  { size: /_NV(\d+)adm?s_A10_v5/, wholeVcpus: 36 },
  { size: /_NV(\d+)adm?s_V710_v5/, wholeVcpus: 24 },
  { size: /_NV(\d+)as_v4/, wholeVcpus: 32 },
]

/** FPGAs are counted as GPUs too ("NP-series"). */
const NO_GPU = /_NP\d+/

/** @param counted what the list of sizes says. */
export function gpuOf(size: string, counted: number): Gpu | undefined {
  if (!(counted > 0) || NO_GPU.test(size)) return undefined
  const model = MODELS.find((known) => known.size.test(size))
  const count = partOf(size) ?? counted
  if (model === undefined) return { name: "unknown", count }
  const memoryGiB = count < 1 ? Math.floor(model.memoryGiB * count) : model.memoryGiB
  return { name: model.name, count, memoryGiB }
}

/** To three digits; undefined where the GPUs are whole. */
function partOf(size: string): number | undefined {
  for (const { size: pattern, wholeVcpus } of SHARED) {
    const vcpus = Number(pattern.exec(size)?.[1] ?? Number.NaN)
    if (vcpus < wholeVcpus) return Math.round((1000 * vcpus) / wholeVcpus) / 1000
  }
  return undefined
}

/** A query for a GPU without a name means one that CUDA runs on. AMD's GPUs and unknown ones are offered only by name. */
export function isEligible(gpu: Gpu | undefined, { gpu: asked }: Pick<OfferQuery, "gpu">): boolean {
  if (asked === undefined || asked.name !== undefined || gpu === undefined) return true
  return MODELS.some(({ name, isAmd }) => name === gpu.name && isAmd !== true)
}
