/** What an image asks of the types that boot it. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { AwsOptions } from "../options.js"
import type { Calls, OfferQuery } from "../../../src/provider.js"
import { IMAGE_ID } from "../options-check.js"
import type { ImageTraits } from "./misfits.js"
import { RejectedError } from "../../../src/errors.js"
import type { Send } from "../client/send.js"
import { isOutOfReach } from "../client/errors.js"
import { sharedPages } from "../client/pages.js"

/** Whether a query is for what boots the image that is looked up for GPUs. A query that boots nothing needs no driver. */
export function isForGpuImage({ imageId }: AwsOptions, { boots, gpu }: OfferQuery): boolean {
  return boots !== undefined && (boots.image ?? imageId ?? (gpu === undefined ? "ubuntu" : "gpu")) === "gpu"
}

/**
 * What an image asks of types; undefined for one that asks nothing, or of which nothing can be read. Images that are looked up by
 * name boot either way and have ENA, and an image that is not there is reported by `prepare`.
 */
export async function imageTraits(
  send: Send,
  { imageId }: AwsOptions,
  query: OfferQuery,
  calls: Calls,
): Promise<ImageTraits | undefined> {
  const asked = query.boots?.image ?? imageId
  if (typeof asked !== "string" || !IMAGE_ID.test(asked)) return undefined
  try {
    const [image] = await readImages(send, { ImageIds: [asked] }, `reading image ${asked}`, calls)
    const { BootMode: bootMode, EnaSupport: hasEna, VirtualizationType: virtualization } = image ?? {}
    return {
      id: asked,
      isLicensed: isLicensed(image),
      ...(bootMode === undefined ? {} : { bootMode }),
      ...(hasEna === undefined ? {} : { hasEna }),
      ...(virtualization === undefined ? {} : { virtualization }),
    }
  } catch (error) {
    if (isOutOfReach(error) || error instanceof RejectedError) return undefined
    throw error
  }
}

/**
 * Software on it is paid for by the hour, beside the instance: "UsageOperation" is "RunInstances" for what has none ("AMI billing
 * information fields"), and products of the Marketplace have a code.
 */
function isLicensed({ UsageOperation = "RunInstances", ProductCodes = [] }: Ec2.Image = {}): boolean {
  return UsageOperation !== "RunInstances" || ProductCodes.some(({ ProductCodeType: type }) => type === "marketplace")
}

export async function readImages(
  send: Send,
  input: Ec2.DescribeImagesCommandInput,
  what: string,
  calls: Calls,
): Promise<readonly Ec2.Image[]> {
  const read = await sharedPages(send, calls, "DescribeImages", { input, what })
  return read.flatMap((page) => page.Images ?? [])
}
