import assert from "node:assert/strict"
import type { Offer, OfferQuery } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import type { Scene } from "../scene.js"

async function everything(scene: Scene): Promise<readonly Offer[]> {
  const offers = await scene.provider.offers({ markets: scene.provider.limits.markets }, scene.calls())
  assert.ok(offers.length > 0, "the provider sells nothing at all")
  return offers
}

function keyOf({ zone, instanceType, market }: Offer): string {
  return `${instanceType} (${market}) in ${zone}`
}

type Queries = (sample: Offer) => readonly Omit<OfferQuery, "markets">[]

/** Each field of the query: what to ask, taken from an offer there is, and what must come of it. */
const FIELDS: readonly {
  readonly field: string
  readonly queries: Queries
  readonly fits: (offer: Offer, sample: Offer) => boolean
}[] = [
  {
    field: "instance types",
    queries: ({ instanceType }) => [{ instanceTypes: [instanceType] }],
    fits: (offer, sample) => offer.instanceType === sample.instanceType,
  },
  {
    field: "vCPUs",
    queries: ({ vcpus = 1 }) => [{ vcpus: { min: vcpus, max: vcpus } }],
    fits: (offer, sample) => offer.vcpus === sample.vcpus,
  },
  {
    field: "least vCPUs",
    queries: ({ vcpus = 1 }) => [{ vcpus: { min: vcpus } }],
    fits: (offer, sample) => (offer.vcpus ?? 0) >= (sample.vcpus ?? 1),
  },
  {
    field: "memory",
    queries: ({ memoryGiB = 1 }) => [{ memoryGiB: { min: memoryGiB, max: memoryGiB } }],
    fits: (offer, sample) => offer.memoryGiB === sample.memoryGiB,
  },
  {
    field: "architecture",
    queries: ({ arch }) => [{ arch }],
    fits: (offer, sample) => offer.arch === sample.arch,
  },
  {
    field: "zones",
    queries: ({ zone }) => [{ zones: [zone] }],
    fits: (offer, sample) => offer.zone === sample.zone,
  },
  {
    field: "local disk",
    queries: ({ localDiskGiB }) => [{ localDiskGiB: { min: localDiskGiB ?? 1 } }],
    fits: (offer, sample) => (offer.localDiskGiB ?? 0) >= (sample.localDiskGiB ?? 1),
  },
  {
    field: "GPU name and count",
    queries: ({ gpu }) => [{ gpu: { name: gpu?.name ?? "none such", count: gpu?.count ?? 1 } }],
    fits: (offer, { gpu }) => gpu !== undefined && offer.gpu?.name === gpu.name && (offer.gpu.count ?? 0) >= gpu.count,
  },
  {
    field: "any GPU",
    queries: () => [{ gpu: {} }],
    fits: (offer) => offer.gpu !== undefined,
  },
]

/** One offer of each kind is enough to ask about; asking about all would take hours on a real cloud. */
function samplesOf(offers: readonly Offer[]): readonly Offer[] {
  const kinds = new Map<string, Offer>()
  for (const offer of offers) kinds.set(`${offer.arch}/${offer.gpu?.name}/${offer.localDiskGiB !== undefined}`, offer)
  return [...kinds.values()].slice(0, 4)
}

const fieldPromises: readonly ProviderPromise[] = FIELDS.map(({ field, queries, fits }) => ({
  promise: `offers: the query's ${field} leaves exactly what fits`,
  async check(scene) {
    const all = await everything(scene)
    const { markets } = scene.provider.limits
    for (const sample of samplesOf(all)) {
      for (const query of queries(sample)) {
        const got = await scene.provider.offers({ ...query, markets }, scene.calls())
        const wanted = all.filter((offer) => fits(offer, sample))
        assert.deepEqual(got.map(keyOf).sort(), wanted.map(keyOf).sort(), JSON.stringify(query))
      }
    }
  },
}))

export const offers: readonly ProviderPromise[] = [
  {
    promise: "offers: every offer is of this provider and region, has a size, and a price above zero if it has one",
    async check(scene) {
      const { name, region } = scene.provider
      for (const offer of await everything(scene)) {
        assert.deepEqual([offer.provider, offer.region], [name, region])
        assert.ok((offer.vcpus ?? 0) > 0 && (offer.memoryGiB ?? 0) > 0, keyOf(offer))
        assert.ok(offer.family !== "" && offer.zone !== "" && offer.instanceType !== "", keyOf(offer))
        assert.ok(offer.pricePerHour === undefined || offer.pricePerHour > 0, keyOf(offer))
      }
    },
  },
  {
    promise: "offers: none is named twice",
    async check(scene) {
      const keys = (await everything(scene)).map(keyOf)
      assert.equal(new Set(keys).size, keys.length)
    },
  },
  {
    promise: "offers: the query's markets leave exactly what fits",
    async check(scene) {
      const all = await everything(scene)
      for (const market of scene.provider.limits.markets) {
        const got = await scene.provider.offers({ markets: [market] }, scene.calls())
        const wanted = all.filter((offer) => offer.market === market)
        assert.deepEqual(got.map(keyOf).sort(), wanted.map(keyOf).sort())
      }
    },
  },
  ...fieldPromises,
  {
    promise: "offers: what nobody sells is an empty list, not an error",
    async check(scene) {
      const { markets } = scene.provider.limits
      const vcpus = { min: 1_000_000 }
      assert.deepEqual(await scene.provider.offers({ markets, vcpus }, scene.calls()), [])
    },
  },
]
