/** The one place where a provider's name becomes its adapter, loaded when it is first needed. */
import { SpecError, type SpecProblem } from "./errors.js"
import { show } from "./input/parse.js"
import type { JsonObject, Provider } from "./provider.js"
import type { RightsBook } from "./rights.js"
import { isNamed, type NamedProvider, ownRegion, REGION_OPTION } from "./spec/provider-data.js"
import { type ProviderName, REGION_EXAMPLES } from "./spec/provider-schema.js"
import type { ResolvedProvider } from "./spec/resolved.js"

/** How a name becomes an adapter: from a region and, where more is told, the options of its factory. */
type Load = (region: string | undefined, options: JsonObject) => Promise<Provider>

const LOAD: Readonly<Record<ProviderName, Load>> = {
  local: async (region, options) => {
    if (region !== undefined && region !== "local") {
      const message = `is ${show(region)}; this machine is the region "local", leave it out`
      throw new SpecError([{ option: "cluster.region", value: region, message }])
    }
    return (await import("../providers/local/index.js")).local(options)
  },
  aws: async (region, options) =>
    (await import("../providers/aws/index.js")).aws({ ...options, region: given(region, "aws") }),
  gcp: async (region, options) =>
    (await import("../providers/gcp/index.js")).gcp({ ...options, region: given(region, "gcp") }),
  azure: async (region, options) => {
    const location = given(region, "azure")
    const subscriptionId = options.subscriptionId ?? process.env.AZURE_SUBSCRIPTION_ID
    if (subscriptionId === undefined) {
      const message = `is "azure", which needs a subscription: set AZURE_SUBSCRIPTION_ID, or give azure({ subscriptionId, location })`
      throw new SpecError([{ option: "cluster.provider", value: "azure", message }])
    }
    return (await import("../providers/azure/index.js")).azure({
      ...options,
      subscriptionId: String(subscriptionId),
      location,
    })
  },
}

function given(region: string | undefined, name: keyof typeof REGION_EXAMPLES): string {
  if (region !== undefined) return region
  const example = REGION_EXAMPLES[name]
  throw new SpecError([
    { option: "cluster.region", message: `is missing; ${name} needs one, such as ${show(example)}` },
  ])
}

/**
 * @param options of its factory, beside the region; they are checked there.
 * @throws SpecError when the adapter does not know the region, or must be told one, or refuses its options.
 */
export function loadProvider(
  name: ProviderName,
  region: string | undefined,
  options: JsonObject = {},
): Promise<Provider> {
  return LOAD[name](region, options)
}

/**
 * The adapters of a provider that was given as data, one for each region.
 *
 * @param regions those of the spec, where its options name none.
 * @throws SpecError that names its options as the spec does: "cluster.provider.aws.keyName".
 */
export async function loadNamed(
  provider: NamedProvider,
  regions: readonly (string | undefined)[],
): Promise<readonly Provider[]> {
  const { named, at, options } = provider
  const own = ownRegion(provider)
  const places = own === undefined ? regions : [own]
  try {
    return await Promise.all(places.map((region) => loadProvider(named, region, options)))
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    const region = own === undefined ? `${named}.${REGION_OPTION[named]}` : undefined
    const inSpec = error.problems.map((problem) => {
      if (problem.option === region) return { ...problem, option: "cluster.region" }
      return problem.option.startsWith(`${named}.`) ? { ...problem, option: `${at}.${problem.option}` } : problem
    })
    throw new SpecError(inSpec, { cause: error })
  }
}

/** What is wrong with a provider's options and regions, as its adapter says; one that was made already is sound. */
export async function checkNamed(
  provider: ResolvedProvider,
  regions: readonly (string | undefined)[],
): Promise<readonly SpecProblem[]> {
  if (typeof provider === "object" && !isNamed(provider)) return []
  const named = isNamed(provider) ? provider : { named: provider, at: "cluster.provider", options: {} }
  try {
    await loadNamed(named, regions)
    return []
  } catch (error) {
    if (error instanceof SpecError) return error.problems
    throw error
  }
}

/** What each factory can be told, as schemas: for the schema of a file. */
export async function loadOptionSchemas() {
  const [local, aws, gcp, azure] = await Promise.all([
    import("../providers/local/options.js"),
    import("../providers/aws/options-check.js"),
    import("../providers/gcp/options-check.js"),
    import("../providers/azure/options-check.js"),
  ])
  return {
    local: local.optionsSchema,
    aws: aws.optionsSchema,
    gcp: gcp.optionsSchema,
    azure: azure.optionsSchema,
  }
}

/** What a principal needs on a cloud: data, for which no SDK is loaded. Undefined for this machine, where nobody is asked. */
export async function loadRights(name: ProviderName): Promise<RightsBook | undefined> {
  switch (name) {
    case "aws":
      return (await import("../providers/aws/rights/index.js")).book
    case "gcp":
      return (await import("../providers/gcp/rights/index.js")).book
    case "azure":
      return (await import("../providers/azure/rights/index.js")).book
    case "local":
      return undefined
  }
}

/** What a rehearsal plays instead of a cloud, by the provider's name; undefined for a provider that has no model. */
export function loadLookalike(name: string) {
  switch (name) {
    case "aws":
      return import("../providers/aws/wire/lookalike.js")
    case "gcp":
      return import("../providers/gcp/wire/lookalike.js")
    case "azure":
      return import("../providers/azure/wire/lookalike.js")
    default:
      return undefined
  }
}
