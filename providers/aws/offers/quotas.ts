/** Service Quotas, where its client is installed beside Muster or given. */
import type * as Quotas from "@aws-sdk/client-service-quotas"
import type { Calls } from "../../../src/provider.js"
import { delivering, type Resent } from "../client/credentials.js"
import { toMusterError } from "../client/errors.js"
import { clientSettings } from "../client/handler.js"
import type { AwsClient, AwsOptions } from "../options.js"
import { optionalPackage, SERVICE_QUOTAS } from "../client/packages.js"

/** The value of a quota for this account and region; undefined where there is no client to ask with. */
export async function quota(
  options: AwsOptions,
  service: string,
  code: string,
  calls: Calls,
): Promise<number | undefined> {
  const given = options.clients?.serviceQuotas
  if (given === undefined && (options.endpoint !== undefined || options.client !== undefined)) return undefined
  const sdk = optionalPackage<typeof Quotas>(SERVICE_QUOTAS)
  if (sdk === undefined) return undefined
  const deliver = delivering(given ?? makeClient(sdk, options))
  const resent: Resent = new Set()
  const input = { ServiceCode: service, QuotaCode: code }
  return calls.send("GetServiceQuota", { GetServiceQuota: 1 }, async ({ signal }) => {
    try {
      const reply = await deliver(new sdk.GetServiceQuotaCommand(input), { signal, resent })
      return (reply as Quotas.GetServiceQuotaCommandOutput).Quota?.Value
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw toMusterError(error, { what: `reading quota ${code}`, region: options.region })
    }
  })
}

function makeClient(sdk: typeof Quotas, options: AwsOptions): AwsClient {
  return new sdk.ServiceQuotasClient({ region: options.region, ...clientSettings(options) }) as AwsClient
}
