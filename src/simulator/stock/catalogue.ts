/** What this cloud sells: types × zones × markets, as offers. */
import type { Arch, Gpu, Market, Offer } from "../../provider.js"

export interface TypeSpec {
  readonly name: string
  /** The quota family. */
  readonly family: string
  readonly vcpus: number
  readonly memoryGiB: number
  readonly arch: Arch
  readonly gpu?: Gpu
  readonly localDiskGiB?: number
  /** USD per hour; a market without a price is sold all the same, its price unknown. */
  readonly price?: { readonly [M in Market]?: number }
  /** The zones that sell it; all when left out. */
  readonly zones?: readonly string[]
  /** The markets that sell it; both when left out. */
  readonly markets?: readonly Market[]
}

/** A spot price is often about a third of the on-demand one. */
const SPOT_SHARE = 0.35

/** Small to large, two architectures, one GPU: enough to make every choice of a request matter. */
export const DEFAULT_TYPES: readonly TypeSpec[] = [
  type("s1.small", "standard", 1, 2, "x86_64", 0.02),
  type("m1.large", "standard", 2, 8, "x86_64", 0.1),
  type("m1.4xlarge", "standard", 16, 64, "x86_64", 0.8),
  type("c1.4xlarge", "standard", 16, 32, "x86_64", 0.68),
  type("a1.large", "standard", 2, 8, "arm64", 0.08),
  type("a1.4xlarge", "standard", 16, 32, "arm64", 0.58),
  { ...type("d1.2xlarge", "storage", 8, 64, "x86_64", 0.7), localDiskGiB: 1900 },
  {
    ...type("g1.xlarge", "gpu", 4, 16, "x86_64", 0.9),
    gpu: { name: "L4", count: 1, memoryGiB: 24 },
    localDiskGiB: 250,
  },
]

function type(name: string, family: string, vcpus: number, memoryGiB: number, arch: Arch, price: number): TypeSpec {
  return { name, family, vcpus, memoryGiB, arch, price: { "on-demand": price, spot: price * SPOT_SHARE } }
}

export interface Place {
  readonly provider: string
  readonly region: string
  readonly zones: readonly string[]
}

export class Catalogue {
  readonly offers: readonly Offer[]
  readonly #byKey: ReadonlyMap<string, Offer>

  constructor(place: Place, types: readonly TypeSpec[]) {
    this.offers = types.flatMap((spec) =>
      (spec.zones ?? place.zones).flatMap((zone) =>
        (spec.markets ?? (["on-demand", "spot"] as const)).map((market) => offerOf(place, zone, spec, market)),
      ),
    )
    this.#byKey = new Map(this.offers.map((offer) => [poolKey(offer), offer]))
  }

  /** The offer of a pool; undefined when it is not sold. */
  find(pool: Pool): Offer | undefined {
    return this.#byKey.get(poolKey(pool))
  }
}

export type Pool = Pick<Offer, "zone" | "instanceType" | "market">

export function poolKey(pool: Pool): string {
  return `${pool.zone}/${pool.instanceType}/${pool.market}`
}

function offerOf(place: Place, zone: string, spec: TypeSpec, market: Market): Offer {
  const { name, family, vcpus, memoryGiB, arch, gpu, localDiskGiB } = spec
  const price = spec.price?.[market]
  return {
    provider: place.provider,
    region: place.region,
    zone,
    instanceType: name,
    market,
    family,
    vcpus,
    memoryGiB,
    arch,
    ...(gpu === undefined ? {} : { gpu }),
    ...(localDiskGiB === undefined ? {} : { localDiskGiB }),
    ...(price === undefined ? {} : { pricePerHour: price }),
  }
}
