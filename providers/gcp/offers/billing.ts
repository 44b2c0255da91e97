/**
 * The Cloud Billing Catalog, read with plain requests: it is another service than Compute Engine, and its own client would be
 * another package for one list. The same credentials, sockets and `calls.send` as everything else.
 */
import { MusterError, TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { Connection } from "../client/send.js"
import { toMusterError } from "../client/errors.js"
import { jsonOf } from "../client/json.js"
import type { GcpOptions } from "../options.js"
import type { NativeSku } from "./skus.js"

/** Compute Engine's number among the services of the catalogue ("services.list"). */
const SERVICE = "services/6F81-5844-456A"
const ENDPOINT = "https://cloudbilling.googleapis.com"

/** "Results are limited to 5000 SKUs per page"; Compute Engine has some 33,000. */
const PAGE_SKUS = 5_000
/** Twice what there is now: a list that does not end is no list. */
const MOST_PAGES = 16

const FIELDS =
  "skus(description,category(resourceFamily,resourceGroup,usageType),serviceRegions,pricingInfo(pricingExpression(usageUnit,tieredRates))),nextPageToken"

/** Where prices are asked for; nowhere when Compute Engine's own endpoint is another's, which says nothing of prices. */
export function billingEndpoint({ apiEndpoint, billingEndpoint: given }: GcpOptions): string | undefined {
  return given ?? (apiEndpoint === undefined ? ENDPOINT : undefined)
}

interface SkuPage {
  readonly skus?: readonly NativeSku[]
  readonly nextPageToken?: string
}

/**
 * Every SKU of Compute Engine.
 *
 * @throws what the catalogue refuses with, and TransientError for a list that does not end.
 */
export async function readSkus(
  connection: Connection,
  endpoint: string,
  region: string,
  calls: Calls,
): Promise<readonly NativeSku[]> {
  const what = "reading prices (Cloud Billing Catalog)"
  const found: NativeSku[] = []
  let pageToken = ""
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { skus = [], nextPageToken = "" } = await readPage(connection, { endpoint, region, what, pageToken }, calls)
    // Sold elsewhere: nine tenths of them.
    found.push(...skus.filter(({ serviceRegions }) => serviceRegions?.includes(region)))
    if (nextPageToken === "") return found
    pageToken = nextPageToken
  }
  throw new TransientError(`${what}: the list has not ended after ${MOST_PAGES} pages`)
}

interface Asked {
  readonly endpoint: string
  readonly region: string
  readonly what: string
  readonly pageToken: string
}

/** One attempt: without a price a launch goes on, and should not wait for the fourth time that there is none. */
async function readPage({ exchange }: Connection, asked: Asked, calls: Calls): Promise<SkuPage> {
  const { endpoint, region, what, pageToken } = asked
  const query = new URLSearchParams({ currencyCode: "USD", pageSize: String(PAGE_SKUS), fields: FIELDS })
  if (pageToken !== "") query.set("pageToken", pageToken)
  const url = `${endpoint.replace(/\/$/, "")}/v1/${SERVICE}/skus?${query}`
  const api = "cloudbilling.services.skus.list"
  return calls.send(api, { billing: 1 }, async ({ signal }) => {
    try {
      return jsonOf(await exchange({ api, url, method: "GET", headers: {}, signal })) as SkuPage
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const refused = toMusterError(error, { what, region, endpoint, now: calls.now })
      throw refused instanceof TransientError ? new MusterError(refused.message, { cause: refused }) : refused
    }
  })
}
