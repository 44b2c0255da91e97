/** Clouds where everything is looked up, as by somebody who names only a region. */
import type { AwsOptions } from "../../../providers/aws/index.js"
import type { Offer, OfferQuery } from "../../../src/provider.js"
import { type Cloud, ec2 } from "./cloud.js"

export const onDemand = { markets: ["on-demand"] } as const

export function anywhere(aws: Partial<AwsOptions> = {}): Promise<Cloud> {
  return ec2({ aws: { subnetIds: undefined, imageId: undefined, ...aws } as never })
}

export function offersFor(cloud: Cloud, query: OfferQuery): Promise<readonly Offer[]> {
  return cloud.run(cloud.provider.offers(query, cloud.bare()))
}

/** The principal may not call these from now on. */
export function forbid(cloud: Cloud, ...apis: readonly string[]): void {
  for (const api of apis) cloud.world.faults.rate(api, 1, { kind: "fail", error: "auth" })
}
