/** Places: the providers that a spec names, and what is loaded for them. */
import { SpecError, type SpecProblem } from "../../errors.js"
import { nearest, show } from "../../input/parse.js"
import type { Json, JsonObject, Provider } from "../../provider.js"
import { PROVIDER_NAMES, type ProviderName } from "../../spec/provider-schema.js"
import { single } from "../parse.js"
import type { Given, Surroundings } from "../surroundings.js"
import { splitAssignment } from "./spec-flags.js"

/** A provider as data: what its factory is given. */
export interface Place {
  readonly provider: ProviderName
  readonly region?: string
  readonly options: JsonObject
}

/** What flags and variables say of where: anything they leave out is another's to say. */
export interface GivenPlaces {
  readonly provider?: ProviderName
  readonly regions: readonly string[]
  readonly options: JsonObject
}

/** @throws SpecError for a provider that there is not, and an option that cannot be read. */
export function givenPlaces(given: Given): GivenPlaces {
  const options = Object.fromEntries(
    (given.values.option ?? []).map((one) => splitAssignment("--option", one)),
  ) as JsonObject
  const named = (given.values.region ?? []).flatMap((text) => text.split(","))
  const regions = [...new Set(named.map((region) => region.trim()).filter((region) => region !== ""))]
  const name = single(given, "provider")
  return { ...(name === undefined ? {} : { provider: providerName(name, "--provider") }), regions, options }
}

/** What else can be done where no provider is named. */
export const WRITE_FIRST = ", or write a muster.yaml: muster init"

/** @throws SpecError when the provider is missing. @param orElse what can be done instead of naming it. */
export function placesOf({ provider, regions, options }: GivenPlaces, orElse = WRITE_FIRST): readonly Place[] {
  if (provider === undefined) {
    const names = PROVIDER_NAMES.join(", ")
    throw new SpecError([{ option: "--provider", message: `is missing; use one of ${names}${orElse}` }])
  }
  if (regions.length === 0 && provider !== "local") {
    throw new SpecError([{ option: "--region", message: `is missing; ${provider} needs one, or several with commas` }])
  }
  const asked = regions.length === 0 ? [undefined] : regions
  return asked.map((region) => ({ provider, ...(region === undefined ? {} : { region }), options }))
}

/**
 * The places of a spec as data: `provider: "aws"` with a region beside it, `provider: { aws: { region } }`, or a list of them.
 *
 * @throws SpecError for anything else.
 */
export function placesOfSpec(spec: { readonly provider?: Json; readonly region?: Json }): readonly Place[] {
  const regions = [spec.region ?? []].flat() as readonly string[]
  return ([spec.provider ?? []].flat() as readonly Json[]).flatMap((one): readonly Place[] => {
    if (typeof one === "string") return placesOf({ provider: providerName(one, "provider"), regions, options: {} })
    const [entry, ...more] = typeof one === "object" && one !== null ? Object.entries(one) : []
    if (entry === undefined || more.length > 0) {
      const message = `is ${show(one)}; use one of ${PROVIDER_NAMES.join(", ")}, or one of them with its options`
      throw new SpecError([{ option: "provider", value: one, message }])
    }
    const [name, given] = entry
    const { region, location, ...options } = (given ?? {}) as JsonObject
    const at = (region ?? location) as string | readonly string[] | undefined
    const own = at === undefined ? regions : [at].flat()
    return placesOf({ provider: providerName(name, "provider"), regions: own as readonly string[], options })
  })
}

/** @throws SpecError when a provider refuses its region or options. */
export async function providersAt(
  places: readonly Place[],
  { load, clock }: Pick<Surroundings, "load" | "clock">,
): Promise<readonly Provider[]> {
  const loads = places.map(({ provider, region, options }) => load(provider, region, options))
  return clock.busy("loading providers", Promise.all(loads))
}

function providerName(given: string, option: string): ProviderName {
  const known = PROVIDER_NAMES.find((name) => name === given)
  if (known !== undefined) return known
  const near = nearest(given, PROVIDER_NAMES)
  const message = `is ${show(given)}; ${near === undefined ? `use one of ${PROVIDER_NAMES.join(", ")}` : `did you mean ${near}?`}`
  const problem: SpecProblem = { option, value: given, message }
  throw new SpecError([problem])
}

/** "aws eu-west-2". */
export function placeText({ provider, region }: Pick<Place, "provider" | "region">): string {
  return `${provider} ${region ?? "local"}`
}
