/** What offers cost: the user's own table first, then what AWS says. A price that cannot be had is not an error. */
import { TransientError } from "../../../src/errors.js"
import { parseOptions } from "../../../src/input/parse.js"
import type { Calls, Market } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { onDemandPrices } from "./pricing.js"
import type { AwsOptions } from "../options.js"
import { chunks, pages } from "../client/pages.js"
import { isAtRegion } from "./zones.js"

export interface Pool {
  readonly instanceType: string
  readonly zone: string
  readonly market: Market
}

export interface Price {
  /** For an hour. */
  readonly usd: number
  readonly source: "spot price history" | "Price List API" | "your table"
}

/** Undefined when it is not known. */
export type PriceOf = (pool: Pool) => Price | undefined

const HISTORY_PAGE = 1000
const TYPES_BATCH = 100

/** Prices of these types on these markets, both asked for at once. */
export async function pricesOf(
  send: Send,
  options: AwsOptions,
  asked: { readonly instanceTypes: readonly string[]; readonly markets: readonly Market[] },
  calls: Calls,
): Promise<PriceOf> {
  const { instanceTypes, markets } = asked
  const open = (market: Market) =>
    markets.includes(market) ? instanceTypes.filter((type) => tablePrice(options, type, market) === undefined) : []
  const [spot, onDemand] = await Promise.all([
    spotPrices(send, open("spot"), calls).catch((error: unknown) => unpriced(error, calls)),
    onDemandPrices(options, open("on-demand"), calls).catch((error: unknown) => unpriced(error, calls)),
  ])
  return ({ instanceType, zone, market }) =>
    tablePrice(options, instanceType, market) ??
    (market === "spot"
      ? priceFrom("spot price history", spot.get(`${instanceType}/${zone}`))
      : isElsewhere(zone, options)
        ? undefined
        : priceFrom("Price List API", onDemand.get(instanceType)))
}

/** What the region's list says is not the price of a Local or a Wavelength Zone. A place that is called by its subnet may be any. */
function isElsewhere(zone: string, { region }: AwsOptions): boolean {
  return !zone.startsWith("subnet-") && !isAtRegion(zone, region)
}

function priceFrom(source: Price["source"], usd: number | undefined): Price | undefined {
  return usd === undefined ? undefined : { usd, source }
}

/** What the user's own table says, and nothing else. */
export function tablePrices(options: AwsOptions): PriceOf {
  return ({ instanceType, market }) => tablePrice(options, instanceType, market)
}

function tablePrice({ prices = {} }: AwsOptions, instanceType: string, market: Market): Price | undefined {
  const price = prices[instanceType]
  const { spot, onDemand } = typeof price === "number" ? { onDemand: price } : (price ?? {})
  return priceFrom("your table", market === "spot" ? spot : onDemand)
}

/** Without the right, the service or the network there is no price; only an abort is the caller's own. What passes is not kept. */
function unpriced(error: unknown, calls: Calls): ReadonlyMap<string, number> {
  calls.signal.throwIfAborted()
  if (error instanceof TransientError) calls.note?.(`prices are not known: ${error.message}`)
  return new Map()
}

/** With start and end at this moment the history is the price in force ("DescribeSpotPriceHistory", EC2 API Reference). */
async function spotPrices(
  send: Send,
  instanceTypes: readonly string[],
  calls: Calls,
): Promise<ReadonlyMap<string, number>> {
  if (instanceTypes.length === 0) return new Map()
  const now = parseOptions("now", (z) => z.coerce.date(), calls.now())
  // Above a few hundred types everything there is takes fewer requests than asking for each hundred.
  const batches = instanceTypes.length > 3 * TYPES_BATCH ? [undefined] : chunks(instanceTypes, TYPES_BATCH)
  const read = await Promise.all(
    batches.map((batch) => {
      const named = batch === undefined ? {} : { InstanceTypes: [...batch] as never[] }
      const input = {
        StartTime: now,
        EndTime: now,
        ProductDescriptions: ["Linux/UNIX"],
        MaxResults: HISTORY_PAGE,
        ...named,
      }
      return pages(send, calls, "DescribeSpotPriceHistory", { input, what: "reading spot prices" })
    }),
  )
  const rows = read
    .flat()
    .flatMap((page) => page.SpotPriceHistory ?? [])
    .sort((a, b) => (a.Timestamp?.getTime() ?? 0) - (b.Timestamp?.getTime() ?? 0))
  return new Map(
    rows.flatMap(({ InstanceType, AvailabilityZone, SpotPrice }): [string, number][] =>
      Number(SpotPrice) > 0 ? [[`${InstanceType ?? ""}/${AvailabilityZone ?? ""}`, Number(SpotPrice)]] : [],
    ),
  )
}
