/** From a spec to the small clouds that it is rehearsed on: one for each provider and region it names. */
import type { Clock } from "../calls/clock.js"
import { SpecError } from "../errors.js"
import type { Provider } from "../provider.js"
import type { loadLookalike, loadProvider } from "../registry.js"
import type { ClusterFields, ProviderName, WorkerFields } from "../spec.js"
import { dataProblems, isNamed, ownRegion, providersOf } from "../spec/provider-data.js"
import type { ResolvedProvider } from "../spec/resolved.js"
import type { TypeSpec } from "../simulator/stock/catalogue.js"
import { type Lookalike, unmodelled } from "../simulator/provider/lookalike.js"
import { settingsOf, type WorldOptions } from "../simulator/world/options.js"
import { worldProvider } from "../simulator/provider/provider.js"
import { World } from "../simulator/world/world.js"

/** What a user may have differently from the look-alike; the same for every region. */
export type WorldChanges = Partial<
  Pick<WorldOptions, "types" | "capacity" | "quotas" | "latency" | "listLagMs" | "noticeMs" | "terminatedVisibleMs">
>

export interface Clouds {
  readonly worlds: readonly World[]
  readonly providers: readonly Provider[]
  /** What is not as it would be, in sentences. */
  readonly notes: readonly string[]
}

/** Loads providers and look-alikes. */
export interface Load {
  readonly provider: typeof loadProvider
  readonly lookalike: typeof loadLookalike
}

export async function cloudsFor(
  spec: ClusterFields,
  options: { readonly clock: Clock; readonly seed: number; readonly changes: WorldChanges; readonly load: Load },
): Promise<Clouds> {
  const wrong = dataProblems(spec.provider)
  if (wrong.length > 0) throw new SpecError(wrong)
  const named = providersOf<ProviderName | Provider>(spec.provider)
  const regions = spec.region === undefined ? [undefined] : [spec.region].flat()
  const found = await options.clock.busy(
    "loading what stands in for the clouds",
    Promise.all(named.map((provider) => lookalikesOf(provider, regions, options.load))),
  )
  const { clock, seed, changes } = options
  const made = found.flat().map(({ world: own, provider, note }) => {
    const latency = { ...own.latency, ...changes.latency }
    const base = { ...own, ...changes, latency, clock, seed }
    const { types, notes } = withNamedTypes(settingsOf(base).types, spec, own.provider ?? "")
    const world = new World({ ...base, types })
    return { world, provider: worldProvider(world, provider), notes: [...note, ...notes] }
  })
  return {
    worlds: made.map(({ world }) => world),
    providers: made.map(({ provider }) => provider),
    notes: [...new Set(made.flatMap(({ notes }) => notes))],
  }
}

type Noted = Lookalike & { readonly note: readonly string[] }

/** A provider object is asked for its name, region and limits, and nothing else: it makes no call. */
async function lookalikesOf(
  provider: ResolvedProvider,
  regions: readonly (string | undefined)[],
  load: Load,
): Promise<readonly Noted[]> {
  if (isNamed(provider)) return lookalikesOf(provider.named, [ownRegion(provider) ?? regions].flat(), load)
  if (typeof provider !== "string") return [await lookalikeOf(provider, load)]
  if (provider === "local") return [await lookalikeOf(await load.provider("local", undefined), load)]
  const loading = load.lookalike(provider)
  if (loading === undefined) return []
  const { lookalike } = await loading
  return regions.map((region) => ({ ...lookalike(region), note: [] }))
}

async function lookalikeOf(provider: Provider, load: Load): Promise<Noted> {
  const { name, region } = provider
  const loading = load.lookalike(name)
  if (loading !== undefined) return { ...(await loading).lookalike(region), note: [] }
  const note = `${name} is not modelled: the simulator's own small cloud stands in for it, with its limits and looks`
  return { ...unmodelled(provider), note: [note] }
}

/** Adds types that the spec names and the look-alike lacks, as copies of its first type without a price. */
function withNamedTypes(
  types: readonly TypeSpec[],
  spec: ClusterFields,
  cloud: string,
): { readonly types: readonly TypeSpec[]; readonly notes: readonly string[] } {
  const groups: readonly WorkerFields[] = [spec, ...Object.values(spec.groups ?? {})]
  const asked = groups.flatMap(({ instanceType = [], arch }) => [instanceType].flat().map((name) => ({ name, arch })))
  const known = new Set(types.map(({ name }) => name))
  const pattern = types[0]
  const unknown = asked.filter(({ name }) => !known.has(name))
  if (pattern === undefined || unknown.length === 0) return { types, notes: [] }
  const { price: _price, zones: _zones, markets: _markets, ...shape } = pattern
  const made = unknown.map(({ name, arch = shape.arch }): TypeSpec => ({ ...shape, name, arch }))
  const notes = made.map(
    ({ name }) =>
      `${name} is not among the types modelled for ${cloud}: it is played as ${shape.vcpus} vCPU and ${shape.memoryGiB} GiB without a price; give world.types to have it as it is`,
  )
  return { types: [...types, ...made], notes }
}
