/** Places: the providers that a command line names. */
import { SpecError } from "../errors.js"
import { nearest, show } from "../input/parse.js"
import type { Json, Provider } from "../provider.js"
import { PROVIDER_NAMES, type ProviderName } from "../spec.js"
import { single } from "./parse.js"
import type { Given, Surroundings } from "./surroundings.js"

/** @throws SpecError when the provider is missing or not known, or refuses its region or options. */
export async function placesOf(given: Given, { load }: Pick<Surroundings, "load">): Promise<readonly Provider[]> {
  const name = providerName(single(given, "provider"))
  const options = Object.fromEntries((given.values.option ?? []).map(optionOf))
  const named = (given.values.region ?? []).flatMap((text) => text.split(","))
  const regions = named.map((region) => region.trim()).filter((region) => region !== "")
  if (regions.length === 0 && name !== "local") {
    throw new SpecError([{ option: "--region", message: `is missing; ${name} needs one, or several with commas` }])
  }
  const asked = regions.length === 0 ? [undefined] : [...new Set(regions)]
  return Promise.all(asked.map((region) => load(name, region, options)))
}

function providerName(given: string | undefined): ProviderName {
  const known = PROVIDER_NAMES.find((name) => name === given)
  if (known !== undefined) return known
  const names = PROVIDER_NAMES.join(", ")
  if (given === undefined) throw new SpecError([{ option: "--provider", message: `is missing; use one of ${names}` }])
  const near = nearest(given, PROVIDER_NAMES)
  const hint = near === undefined ? `use one of ${names}` : `did you mean ${near}?`
  throw new SpecError([{ option: "--provider", value: given, message: `is ${show(given)}; ${hint}` }])
}

/** "key=text", or "key:=json". */
function optionOf(text: string): readonly [string, Json] {
  const at = text.indexOf("=")
  if (at <= 0) {
    const message = `is ${show(text)}; use KEY=VALUE, or KEY:=JSON`
    throw new SpecError([{ option: "--option", value: text, message }])
  }
  const [key, value] = [text.slice(0, at), text.slice(at + 1)]
  if (!key.endsWith(":")) return [key, value]
  try {
    return [key.slice(0, -1), JSON.parse(value) as Json]
  } catch {
    throw new SpecError([{ option: "--option", value: text, message: `is ${show(text)}; what follows := is no JSON` }])
  }
}
