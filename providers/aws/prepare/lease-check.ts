/** What a lease needs of a group: types whose metadata shows a renewal. Pure. */
import type { AwsOptions } from "../options.js"
import type { GroupRequest } from "../../../src/provider.js"
import type { SpecProblem } from "../../../src/errors.js"

/** The families before Nitro ("Instances built on the AWS Nitro System" has all others); `.metal` sizes are Nitro. */
const XEN = /^(c1|c3|c4|cc2|cr1|d2|f1|g2|g3s?|h1|hi1|hs1|i2|i3|m1|m2|m3|m4|p2|p3|r3|r4|t1|t2|x1|x1e)\.(?!metal)/

/**
 * "If you add or remove an instance tag, the instance metadata is updated while the instance is running" on Nitro only ("View
 * tags for your EC2 instances using instance metadata"): elsewhere no renewal would be seen, and every instance would end.
 */
export function leaseProblems({ overrides }: AwsOptions, group: GroupRequest): readonly SpecProblem[] {
  const { name, leaseSeconds, instanceTypes = [] } = group
  if (leaseSeconds === undefined) return []
  const problems: SpecProblem[] = []
  const old = instanceTypes.filter((type) => XEN.test(type))
  if (old.length > 0) {
    const message = `cannot be kept by ${old.join(", ")}: only types of the Nitro system see a renewal while they run; leave these types out, or the lease`
    problems.push({ option: `groups.${name}.lease`, value: leaseSeconds, message })
  }
  const metadata = overrides?.MetadataOptions as
    | { readonly InstanceMetadataTags?: unknown; readonly HttpEndpoint?: unknown }
    | undefined
  if (metadata?.InstanceMetadataTags === "disabled" || metadata?.HttpEndpoint === "disabled") {
    const message =
      "takes from the guest the tags in instance metadata, by which it reads its lease; leave one of them out"
    problems.push({ option: "aws.overrides.MetadataOptions", message })
  }
  return problems
}
