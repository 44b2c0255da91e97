/** On-demand prices from the Price List API, where its client is installed beside Muster or given. */
import type * as Pricing from "@aws-sdk/client-pricing"
import type { Calls } from "../../../src/provider.js"
import { type Deliver, delivering, type Resent } from "../client/credentials.js"
import { toMusterError } from "../client/errors.js"
import { clientSettings } from "../client/handler.js"
import type { AwsClient, AwsOptions } from "../options.js"
import { optionalPackage, PRICING } from "../client/packages.js"

/** The regions that answer for all others of their partition ("AWS Price List endpoints"); GovCloud has none. */
function endpointRegion(region: string): string {
  if (region.startsWith("cn-")) return "cn-northwest-1"
  if (region.startsWith("eu-")) return "eu-central-1"
  return region.startsWith("ap-") ? "ap-south-1" : "us-east-1"
}

/** Linux on shared hardware, no software of others on it, used on demand (Karpenter asks for the same). */
const TERMS: Readonly<Record<string, string>> = {
  tenancy: "Shared",
  operatingSystem: "Linux",
  preInstalledSw: "NA",
  capacitystatus: "Used",
  marketoption: "OnDemand",
}

/** For more types than this one list of the whole region takes fewer requests than one for each. */
const FEW_TYPES = 20
const PRODUCTS_PAGE = 100

/** USD per hour by type; empty where the client is neither given nor installed. */
export async function onDemandPrices(
  options: AwsOptions,
  instanceTypes: readonly string[],
  calls: Calls,
): Promise<ReadonlyMap<string, number>> {
  const connection = instanceTypes.length === 0 ? undefined : connect(options)
  if (connection === undefined) return new Map()
  const asked = instanceTypes.length > FEW_TYPES ? [{}] : instanceTypes.map((instanceType) => ({ instanceType }))
  const prices = await Promise.all(asked.map((type) => readPrices(connection, options.region, type, calls)))
  return new Map(prices.flat())
}

interface Connection {
  readonly deliver: Deliver
  readonly sdk: typeof Pricing
}

/** A test's or a private endpoint of EC2 says nothing of prices: then only a client that was given is asked. */
export function mayReadPrices({ clients, endpoint, client }: AwsOptions): boolean {
  return clients?.pricing !== undefined || (endpoint === undefined && client === undefined)
}

function connect(options: AwsOptions): Connection | undefined {
  const given = options.clients?.pricing
  if (!mayReadPrices(options)) return undefined
  const sdk = optionalPackage<typeof Pricing>(PRICING)
  if (sdk === undefined) return undefined
  return { sdk, deliver: delivering(given ?? makeClient(sdk, options)) }
}

function makeClient(sdk: typeof Pricing, options: AwsOptions): AwsClient {
  const region = endpointRegion(options.region)
  return new sdk.PricingClient({ region, ...clientSettings(options) }) as AwsClient
}

async function readPrices(
  { sdk, deliver }: Connection,
  region: string,
  type: Readonly<Record<string, string>>,
  calls: Calls,
): Promise<readonly (readonly [string, number])[]> {
  const terms = Object.entries({ ...TERMS, regionCode: region, ...type })
  const Filters = terms.map(([Field, Value]) => ({ Type: "TERM_MATCH" as const, Field, Value }))
  const found: (readonly [string, number])[] = []
  let NextToken: string | undefined
  do {
    const page: string | undefined = NextToken
    const input = { ServiceCode: "AmazonEC2", Filters, MaxResults: PRODUCTS_PAGE, NextToken: page }
    const resent: Resent = new Set()
    const reply = await calls.send("GetProducts", { GetProducts: 1 }, async ({ signal }) => {
      try {
        const sent = await deliver(new sdk.GetProductsCommand(input), { signal, resent })
        return sent as Pricing.GetProductsCommandOutput
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw toMusterError(error, { what: "reading on-demand prices", region })
      }
    })
    found.push(...(reply.PriceList ?? []).flatMap(priceIn))
    NextToken = reply.NextToken
  } while (NextToken !== undefined && NextToken !== "")
  return found
}

interface Product {
  readonly product?: { readonly attributes?: { readonly instanceType?: string } }
  readonly terms?: {
    readonly OnDemand?: Readonly<Record<string, { readonly priceDimensions?: Readonly<Record<string, Dimension>> }>>
  }
}

interface Dimension {
  readonly unit?: string
  readonly pricePerUnit?: { readonly USD?: string }
}

/** One product of the list is a JSON text of its own, in a String object of the SDK's. */
function priceIn(text: unknown): readonly (readonly [string, number])[] {
  const { product, terms } = JSON.parse(String(text)) as Product
  const dimensions = Object.values(terms?.OnDemand ?? {}).flatMap((term) => Object.values(term.priceDimensions ?? {}))
  const price = Number(dimensions.find(({ unit }) => unit === "Hrs")?.pricePerUnit?.USD)
  const type = product?.attributes?.instanceType
  return type !== undefined && price > 0 ? [[type, price]] : []
}
