/** What a spec may name as its provider: a name that resolves by itself, or an object of the seam's shape. */
import type { Z } from "../input/parse.js"
import type { Provider } from "../provider.js"

/** The names that resolve to an adapter by themselves. */
export const PROVIDER_NAMES = ["local", "aws", "gcp", "azure"] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

/** A region of each cloud, for messages. */
export const REGION_EXAMPLES = { aws: "eu-west-2", gcp: "europe-west2", azure: "uksouth" } as const

/** What every provider has, beside its name and region. */
const SEAM = ["limits", "offers", "prepare", "split", "launch", "settle", "list", "terminate"] as const

/** @param isData whether a value is plain data: its problems are reported elsewhere. */
export const providerSchema = (z: Z, isData: (value: unknown) => boolean) => {
  const names = PROVIDER_NAMES.map((known) => `"${known}"`).join(", ")
  const error = ({ input }: { readonly input?: unknown }) => {
    if (typeof input === "function") return "use what it returns: call it, as in local() or aws({ region })"
    const lacking = lackingOf(input)
    if (lacking.length < SEAM.length) return `lacks ${lacking.join(", ")}: it was made for another version of the seam`
    return `use one of ${names}, one with its options ({ aws: { region } }), or an object made by a factory such as aws({ region })`
  }
  const isProvider = (value: unknown) => lackingOf(value).length === 0
  return z.union([
    z.enum(PROVIDER_NAMES, { error }),
    z.custom<Provider>((value) => isProvider(value) || isData(value), { error }),
  ])
}

/** What of the seam something lacks. */
function lackingOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return SEAM
  const candidate = value as Partial<Provider>
  return SEAM.filter((part) => typeof candidate[part] !== (part === "limits" ? "object" : "function"))
}
