/** Prepares one group: image, network, claim and templates, all checked before anything is made. */
import { SpecError, type SpecProblem } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, GroupRequest, JsonObject, Owner, Prepared } from "../../../src/provider.js"
import { accessNotes, accessProblems } from "./groups/access-check.js"
import { type Blueprint, launchOptions } from "./blueprint.js"
import { claimGeneration, claimantsOf, needsClaim } from "./claim.js"
import type { Send } from "../client/send.js"
import { imagesOf } from "./images.js"
import { USER_DATA_BYTES } from "../limits.js"
import { leaseProblems } from "./lease-check.js"
import { networkOf } from "./network.js"
import { noticeNotes } from "./guest-notice.js"
import { registryProblems } from "./registry.js"
import { containerNotes } from "../../../src/guest/image.js"
import type { AwsOptions } from "../options.js"
import type { ToMake } from "./groups/security-groups.js"
import { freeUntil, recounted, type Subnet } from "../offers/subnets.js"
import { cloudConfigProblems } from "../../../src/tables/cloud-config.js"
import { groupTagProblems } from "../../../src/tables/tag-rules.js"
import { leaseTagProblems, TAG_RULES } from "../tag-rules.js"
import { makeTemplates, templatesFor } from "./templates.js"
import { userDataOf } from "./user-data.js"

/**
 * Pins image, network, tags and user data of one group, and claims the owner's generation; makes Muster's security group and
 * a fleet's template where there is none. What a principal may not read is left to EC2, with a note.
 *
 * @throws SpecError with all that EC2 would refuse of the request, OwnershipError when another process has claimed the generation.
 */
export async function prepare(
  send: Send,
  options: AwsOptions,
  request: { readonly owner: Owner; readonly group: GroupRequest },
  calls: Calls,
): Promise<Prepared> {
  calls.signal.throwIfAborted()
  const { owner, group } = request
  const data = userDataOf(owner, group, options.region)
  const problems = problemsOf(options, request, data.bytes.length)
  if (problems.length > 0) throw new SpecError(problems)
  const [found, network, claimants] = await Promise.all([
    imagesOf(send, options, group, calls),
    networkOf(send, options, request, calls),
    !calls.readOnly && needsClaim(options, owner) ? claimantsOf(send, owner, calls) : undefined,
  ])
  const body: Blueprint = {
    images: found.images,
    subnets: network.subnets,
    securityGroupIds: network.securityGroupIds,
    userData: data.bytes.toString("base64"),
    tags: { ...options.tags, ...group.tags },
    ...(options.tags === undefined ? {} : { commonTags: options.tags }),
    publicAddress: group.publicAddress,
    options: launchOptions(options),
    overrides: options.overrides ?? {},
    ...(group.spec === undefined ? {} : { spec: group.spec.digest }),
    owner: { ...owner },
  }
  // Nothing is made for a request that was refused until here.
  const [claimed, noTemplates] = await Promise.all([
    claimants === undefined ? [] : claimGeneration(send, { owner, tags: options.tags ?? {} }, claimants, calls),
    makeTemplates(send, body, group, calls),
  ])
  const { blueprint, lack } = withoutTemplates(body, noTemplates)
  const guest = [...data.notes, ...noticeNotes(options, group), ...containerNotes(group)]
  const opened = accessNotes(options, group)
  const notes = [...found.notes, ...network.notes, ...opened, ...claimed, ...lack, ...guest]
  const toMake = calls.readOnly ? { toMake: setUpOf(options, body, request, network.toMake) } : {}
  return { notes, body: blueprint as unknown as JsonObject, ...freshness(network.subnets, calls), ...toMake }
}

function problemsOf(
  options: AwsOptions,
  { owner, group }: { readonly owner: Owner; readonly group: GroupRequest },
  userDataBytes: number,
): readonly SpecProblem[] {
  return [
    ...deadlineProblems(owner),
    ...groupTagProblems(group, options.tags ?? {}, TAG_RULES),
    ...leaseTagProblems(group, options.tags),
    ...registryProblems(options, group),
    ...environmentProblems(group),
    ...cloudConfigProblems(group),
    ...startupProblems(group),
    ...leaseProblems(options, group),
    ...accessProblems(options, group),
    ...sizeProblems(userDataBytes),
  ]
}

/** What the first launch consumes before it: the claim, the group's templates, and what the network lacks. */
function setUpOf(
  options: AwsOptions,
  blueprint: Blueprint,
  { owner, group }: { readonly owner: Owner; readonly group: GroupRequest },
  network: ToMake,
): ToMake {
  const claim = needsClaim(options, owner) ? { claim: { DescribeLaunchTemplates: 1, CreateLaunchTemplate: 1 } } : {}
  const templates = templatesFor(blueprint, group).map(({ LaunchTemplateName: name }) => [
    `template ${String(name)}`,
    { CreateLaunchTemplate: 1 },
  ])
  return { ...claim, ...(Object.fromEntries(templates) as ToMake), ...network }
}

/** Fleets launch from templates; RunInstances needs none. With `fleet: true` the first fleet reports it. */
function withoutTemplates(blueprint: Blueprint, why: string | undefined) {
  if (why === undefined || blueprint.options.fleet === true) return { blueprint, lack: [] }
  const lack = [`fleets cannot be used, as no launch template can be made (${why}): RunInstances is`]
  return { blueprint: { ...blueprint, options: { ...blueprint.options, fleet: false } }, lack }
}

/** Counts the free addresses of the subnets again; everything else stays pinned. */
export async function refresh(send: Send, prepared: Prepared, calls: Calls): Promise<Prepared> {
  const subnets = await recounted(send, (prepared.body as unknown as Blueprint).subnets, calls)
  return { ...prepared, body: { ...prepared.body, subnets }, ...freshness(subnets, calls) }
}

function freshness(subnets: readonly Subnet[], { now }: Calls): Pick<Prepared, "freshUntil"> {
  const freshUntil = freeUntil(subnets, now())
  return freshUntil === undefined ? {} : { freshUntil }
}

function environmentProblems({ name, environment }: GroupRequest): readonly SpecProblem[] {
  return Object.entries(environment).flatMap(([key, value]) => {
    const option = `groups.${name}.environment.${key}`
    // The script's own variables are written small.
    if (/^muster_/i.test(key))
      return [{ option, value, message: "begins with MUSTER_, which is kept for Muster; rename it" }]
    if (!/^[A-Za-z_]\w*$/.test(key))
      return [{ option, value, message: "is no name of a shell variable; use letters, digits and _" }]
    return value.includes("\0") ? [{ option, value, message: "contains a NUL, which no environment can hold" }] : []
  })
}

/** The deadline comes from tags when an owner adopts the cluster, and goes into a script. */
function deadlineProblems({ cluster, deadline }: Owner): readonly SpecProblem[] {
  if (/^\d{1,12}$/.test(deadline)) return []
  const message = `of cluster "${cluster}" is no number of seconds since 1970; its tag ${TAG.deadline} was changed: correct it`
  return [{ option: "deadline", value: deadline, message }]
}

/** A startup with a NUL would be cut by any shell. */
function startupProblems({ startup = "" }: GroupRequest): readonly SpecProblem[] {
  return startup.includes("\0") ? [{ option: "startup", message: "contains a NUL, which no script can hold" }] : []
}

function sizeProblems(bytes: number): readonly SpecProblem[] {
  if (bytes <= USER_DATA_BYTES) return []
  const message = `startup, environment and Muster's own part are ${bytes} bytes of user data, compressed; EC2 takes ${USER_DATA_BYTES}. Let startup fetch what is large`
  return [{ option: "startup", message }]
}
