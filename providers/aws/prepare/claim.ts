/**
 * Claims keep a cluster to one owner. EC2 gives the name of a launch template only once, so the template that is named by a
 * generation is the claim of that generation, and the template that is named by a new cluster is the claim of its name.
 */
import { createHash } from "node:crypto"
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError, NAME_TAKEN, OwnershipError, RefusedError, TransientError } from "../../../src/errors.js"
import { TAG, YOUNG_CLAIM_MS } from "../../../src/fleet/tags.js"
import type { Calls, Owner } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import type { AwsOptions } from "../options.js"
import { pages } from "../client/pages.js"
import { isOutOfReach } from "../client/errors.js"
import type { Tags } from "../../../src/tables/tag-rules.js"
import { clusterTags, lacksRoomForTemplates } from "./templates.js"
import { hasAllFacts } from "../offers/types.js"

/** Whose claim it is, on the template. */
const CLAIM_TAG = "muster-claim"

/**
 * A new cluster of which everything is named, so that the launch is its first request, sends no request for a claim: of two
 * such clusters of one name lists decide afterwards which one stays.
 */
export function needsClaim(options: AwsOptions, { generation }: Owner): boolean {
  return generation > 1 || !hasAllFacts(options)
}

/** The owner that claims, and the user's own tags for what it makes. */
interface Claiming {
  readonly owner: Owner
  readonly tags: Tags
}

/** So many older clusters of a name may have left their claims. */
const MOST_BESIDE = 5

interface Claimant {
  readonly claim: string
  readonly uid: string
  /** When it was made, in milliseconds since 1970, where EC2 says so. */
  readonly at?: number
}

/** The claimants of a generation, by the names of the templates; `hidden` where templates may not be read. */
export type Claimants = ReadonlyMap<string, Claimant> | "hidden"

/**
 * Claims the generation, or finds that this owner has claimed it already. Where templates may not be made and read, or there are as many as
 * there may be, tags alone decide: the notes say so.
 *
 * @param claimants what `claimantsOf` has found.
 * @throws OwnershipError when another process has claimed it, with code NAME_TAKEN when another new cluster has the name.
 */
export async function claimGeneration(
  send: Send,
  { owner, tags }: Claiming,
  claimants: Claimants,
  calls: Calls,
): Promise<readonly string[]> {
  // A claim that can be made and not be found again would become a leftover.
  if (claimants === "hidden") return [unclaimed("ec2:DescribeLaunchTemplates is not allowed")]
  for (const name of namesOf(owner)) {
    const claimant = claimants.get(name) ?? (await makeClaim(send, { owner, tags }, name, calls))
    if (typeof claimant === "string") return [unclaimed(claimant)]
    if (claimant.claim === owner.claim) return []
    // The claim is a leftover of an older cluster of the name: the next name is tried.
    if (owner.generation > 1 || claimant.uid === owner.uid || isYoung(claimant, calls.now()))
      throw claimedByAnother(owner, name, claimant)
  }
  return [unclaimed(`${MOST_BESIDE} earlier clusters of the name have left theirs`)]
}

/** This owner when the claim could be made, else the owner that was faster; a text says why no claim can be made. */
async function makeClaim(
  send: Send,
  { owner, tags }: Claiming,
  name: string,
  calls: Calls,
): Promise<Claimant | string> {
  try {
    const what = `claiming generation ${owner.generation} of cluster "${owner.cluster}"`
    await send(calls, "CreateLaunchTemplate", { CreateLaunchTemplate: 1 }, claimTemplate({ owner, tags }, name), {
      what,
    })
    return owner
  } catch (error) {
    if (isOutOfReach(error)) return "ec2:CreateLaunchTemplate is not allowed"
    if (lacksRoomForTemplates(error)) return `the region has no room for another launch template: ${adviceOf(error)}`
    if (codeOf(error) !== "InvalidLaunchTemplateName.AlreadyExistsException") throw error
    const now = await claimantsOf(send, owner, calls)
    const claimant = now === "hidden" ? undefined : now.get(name)
    if (claimant !== undefined) return claimant
    // Another owner made it a moment ago, and lists do not show it yet.
    throw new TransientError(
      `claiming generation ${owner.generation} of cluster "${owner.cluster}": launch template ${name} was just made, and EC2 does not show by whom yet`,
      { code: "InvalidLaunchTemplateName.AlreadyExistsException", cause: error },
    )
  }
}

function isYoung({ at }: Claimant, now: number): boolean {
  return at !== undefined && now - at < YOUNG_CLAIM_MS
}

/** Claims the generation for a process that launches nothing yet. @throws OwnershipError when another process has claimed it. */
export async function claim(send: Send, options: AwsOptions, owner: Owner, calls: Calls): Promise<void> {
  if (needsClaim(options, owner)) {
    const claiming = { owner, tags: options.tags ?? {} }
    await claimGeneration(send, claiming, await claimantsOf(send, owner, calls), calls)
  }
}

function claimedByAnother(
  { generation, cluster, uid, owner }: Owner,
  name: string,
  claimant: Claimant,
): OwnershipError {
  if (generation === 1 && claimant.uid !== uid) {
    return new OwnershipError(
      `starting cluster "${cluster}" (owner "${owner}"): another new cluster has taken the name a moment ago (uid ${claimant.uid}, launch template ${name}); use existing: "connect" to go on with that one, or another name. If its process has ended: muster delete ${cluster}`,
      { code: NAME_TAKEN },
    )
  }
  return new OwnershipError(
    `claiming generation ${generation} of cluster "${cluster}": another process holds it (launch template ${name}); attach to the cluster anew`,
  )
}

/** The first generation is claimed by the cluster's name: no other owner can have its uid. */
function namesOf({ owner, cluster, uid, generation }: Owner): readonly string[] {
  if (generation > 1) return [`muster-${uid}-generation-${generation}`]
  const name = `muster-name-${cluster}-${digestOf(owner).slice(0, 16)}`
  return Array.from({ length: MOST_BESIDE }, (_, index) => `${name}${index === 0 ? "" : `-${index + 1}`}-generation-1`)
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** The token makes a repeated request harmless, as long as EC2 remembers it; after that the tag says whose it is. */
function claimTemplate({ owner, tags }: Claiming, name: string) {
  const { uid, generation, claim } = owner
  return {
    LaunchTemplateName: name,
    // Another process of the same claim may have other tags: its request is another one.
    ClientToken: digestOf(`${uid}/${generation}/${claim}/${name}/${JSON.stringify(tags)}`).slice(0, 32),
    // A template must say something, and nothing is launched from this one.
    LaunchTemplateData: { InstanceInitiatedShutdownBehavior: "terminate" },
    TagSpecifications: [
      { ResourceType: "launch-template", Tags: [...clusterTags(owner, tags), { Key: CLAIM_TAG, Value: claim }] },
    ],
  } satisfies Ec2.CreateLaunchTemplateCommandInput
}

/** Reads who has claimed a generation. */
export async function claimantsOf(send: Send, owner: Owner, calls: Calls): Promise<Claimants> {
  const names = namesOf(owner)
  const input = { Filters: [{ Name: "launch-template-name", Values: [...names] }] }
  const what = `reading launch template ${names[0] ?? ""}`
  try {
    const read = await pages(send, calls, "DescribeLaunchTemplates", { input, what })
    const templates = read.flatMap((page) => page.LaunchTemplates ?? [])
    return new Map(templates.map((template) => [template.LaunchTemplateName ?? "", claimantIn(template)]))
  } catch (error) {
    if (!isOutOfReach(error)) throw error
    return "hidden"
  }
}

function claimantIn({ Tags = [], CreateTime }: Ec2.LaunchTemplate): Claimant {
  const tagOf = (key: string) => Tags.find(({ Key }) => Key === key)?.Value ?? ""
  const at = CreateTime === undefined ? {} : { at: CreateTime.getTime() }
  return { claim: tagOf(CLAIM_TAG), uid: tagOf(TAG.uid), ...at }
}

function unclaimed(why: string): string {
  return `the cluster is claimed by tags alone (${why}): of two processes that take it over in the same moment, each finds out by the other's first launch`
}

function adviceOf(error: unknown): string {
  return (error instanceof RefusedError ? error.advice : undefined) ?? "delete some that nothing uses"
}

function codeOf(error: unknown): string | undefined {
  return error instanceof MusterError ? error.code : undefined
}
