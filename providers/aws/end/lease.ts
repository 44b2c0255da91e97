/** Leases: what they need of a request, and how the owner puts off their end. */
import { MusterError, type SpecProblem } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, GroupRequest, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { RESOURCES_BATCH } from "../limits.js"
import type { AwsOptions } from "../options.js"
import { chunks } from "../client/pages.js"

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

/**
 * One CreateTags for each thousand. EC2 refuses a request as a whole for one id that it does not know: it is sent again without
 * those that it names, which are gone, or so new that their first lease has just begun.
 *
 * @throws what EC2 refuses otherwise; the other requests have been sent then.
 */
export async function renew(send: Send, instances: readonly Instance[], until: number, calls: Calls): Promise<void> {
  const ids = [...new Set(instances.map(({ id }) => id))]
  const renewals = chunks(ids, RESOURCES_BATCH).map((some) => renewSome(send, some, until, calls))
  const outcomes = await Promise.allSettled(renewals)
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function renewSome(send: Send, ids: readonly string[], until: number, calls: Calls): Promise<void> {
  if (ids.length === 0) return
  const input = { Resources: [...ids], Tags: [{ Key: TAG.lease, Value: String(Math.floor(until)) }] }
  const what = `renewing the leases of ${ids.length === 1 ? ids[0] : `${ids.length} instances`}`
  try {
    await send(calls, "CreateTags", { CreateTags: 1 }, input, { what })
  } catch (error) {
    const unknown = new Set(error instanceof MusterError ? (error.message.match(/\bi-[0-9a-f]{8,17}\b/g) ?? []) : [])
    const rest = ids.filter((id) => !unknown.has(id))
    const isUnknown = error instanceof MusterError && error.code === "InvalidInstanceID.NotFound"
    if (!isUnknown || rest.length === ids.length) throw error
    await renewSome(send, rest, until, calls)
  }
}
