/** One owner: a launch template's name can be taken only once, so the one named by a generation is its claim. */
import { createHash } from "node:crypto"
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError, OwnershipError, TransientError } from "../../src/errors.js"
import type { Calls, Owner } from "../../src/provider.js"
import type { Send } from "./client.js"
import { pages } from "./pages.js"
import { isOutOfReach } from "./subnets.js"
import { clusterTags } from "./templates.js"

/** Whose claim it is, on the template. */
const CLAIM_TAG = "muster-claim"

/** Who holds a generation: nobody yet, or somebody; `hidden` where templates may not be read. */
export type Holder = { readonly claim?: string } | "hidden"

/**
 * Takes the generation, or finds that it is ours already. Where templates may not be made and read, or there are as many as
 * there may be, tags alone decide: the notes say so.
 *
 * @param holder what `holderOf` has found.
 * @throws OwnershipError when another process holds it: its claim has been read.
 */
export async function claimGeneration(
  send: Send,
  owner: Owner,
  holder: Holder,
  calls: Calls,
): Promise<readonly string[]> {
  // One that we could make and not find again would stay behind.
  if (holder === "hidden") return [unclaimed("ec2:DescribeLaunchTemplates is not allowed")]
  if (holder.claim !== undefined) return held(owner, holder.claim)
  try {
    const what = `claiming generation ${owner.generation} of cluster "${owner.cluster}"`
    await send(calls, "CreateLaunchTemplate", { CreateLaunchTemplate: 1 }, claimTemplate(owner), { what })
    return []
  } catch (error) {
    if (isOutOfReach(error)) return [unclaimed("ec2:CreateLaunchTemplate is not allowed")]
    if (codeOf(error) === "MaxTemplateLimitExceeded")
      return [unclaimed("the account has no room for a launch template")]
    if (codeOf(error) !== "InvalidLaunchTemplateName.AlreadyExistsException") throw error
    const now = await holderOf(send, owner, calls)
    if (now !== "hidden" && now.claim !== undefined) return held(owner, now.claim)
    // Somebody took it a moment ago; whoever it was, lists do not tell yet.
    throw new TransientError(
      `claiming generation ${owner.generation} of cluster "${owner.cluster}": launch template ${nameOf(owner)} was just made, and EC2 does not show by whom yet`,
      { code: "InvalidLaunchTemplateName.AlreadyExistsException", cause: error },
    )
  }
}

/** Takes it for a process that launches nothing yet. @throws OwnershipError when another process holds it. */
export async function claim(send: Send, owner: Owner, calls: Calls): Promise<void> {
  await claimGeneration(send, owner, await holderOf(send, owner, calls), calls)
}

/** @throws OwnershipError when it is not ours. */
function held(owner: Owner, claim: string): readonly string[] {
  if (claim === owner.claim) return []
  const { generation, cluster } = owner
  throw new OwnershipError(
    `claiming generation ${generation} of cluster "${cluster}": another process holds it (launch template ${nameOf(owner)}); attach to the cluster anew`,
  )
}

function nameOf({ uid, generation }: Owner): string {
  return `muster-${uid}-generation-${generation}`
}

/** The token makes a repeated request harmless, as long as EC2 remembers it; after that the tag tells whose it is. */
function claimTemplate(owner: Owner) {
  const { uid, generation, claim } = owner
  return {
    LaunchTemplateName: nameOf(owner),
    ClientToken: createHash("sha256").update(`${uid}/${generation}/${claim}`).digest("hex").slice(0, 32),
    // A template must say something, and nothing is launched from this one.
    LaunchTemplateData: { InstanceInitiatedShutdownBehavior: "terminate" },
    TagSpecifications: [
      { ResourceType: "launch-template", Tags: [...clusterTags(owner), { Key: CLAIM_TAG, Value: claim }] },
    ],
  } satisfies Ec2.CreateLaunchTemplateCommandInput
}

/** Whose claim a generation is. */
export async function holderOf(send: Send, owner: Owner, calls: Calls): Promise<Holder> {
  const name = nameOf(owner)
  const input = { Filters: [{ Name: "launch-template-name", Values: [name] }] }
  try {
    const read = await pages(send, calls, "DescribeLaunchTemplates", { input, what: `reading launch template ${name}` })
    const [template] = read.flatMap((page) => page.LaunchTemplates ?? [])
    if (template === undefined) return {}
    return { claim: template.Tags?.find(({ Key }) => Key === CLAIM_TAG)?.Value ?? "" }
  } catch (error) {
    if (!isOutOfReach(error)) throw error
    return "hidden"
  }
}

function unclaimed(why: string): string {
  return `the cluster is claimed by tags alone (${why}): of two processes that take it over in the same moment, each finds out by the other's first launch`
}

function codeOf(error: unknown): string | undefined {
  return error instanceof MusterError ? error.code : undefined
}
