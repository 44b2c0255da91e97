import { SpecError, type SpecProblem } from "../../src/errors.js"
import { TAG_PREFIX } from "../../src/fleet/tags.js"
import { show } from "../../src/parse.js"
import type { Calls, GroupRequest, JsonObject, Owner, Prepared } from "../../src/provider.js"
import type { Send } from "./client.js"
import { guestScript } from "./guest.js"
import { USER_DATA_BYTES } from "./limits.js"
import { type AwsOptions, IMAGE_ID } from "./options.js"
import { knownSubnets, readSubnets, type Subnet } from "./subnets.js"

/** What `split` makes launch calls of: `Prepared.body`, plain JSON. */
export type Blueprint = {
  readonly imageId: string
  /** Empty: each zone's default subnet. */
  readonly subnets: readonly Subnet[]
  readonly securityGroupIds: readonly string[]
  /** Base64. */
  readonly userData: string
  readonly tags: Readonly<Record<string, string>>
  readonly publicAddress: "auto" | boolean
  readonly overrides: JsonObject
  readonly owner: {
    readonly cluster: string
    readonly uid: string
    readonly owner: string
    readonly generation: number
    readonly deadline: string
    readonly claim: string
  }
}

/**
 * Pins image, network, tags and user data of one group. Asks EC2 for the zones of several subnets only, and goes on
 * without them, with a note, when that is not allowed.
 *
 * @throws SpecError with all that EC2 would refuse of the request.
 */
export async function prepare(
  send: Send,
  options: AwsOptions,
  request: { readonly owner: Owner; readonly group: GroupRequest },
  calls: Calls,
): Promise<Prepared> {
  calls.signal.throwIfAborted()
  const { owner, group } = request
  const script = guestScript(owner, group, options.region)
  const imageId = group.image ?? options.imageId ?? ""
  const problems = [
    ...imageProblems(group, imageId),
    ...tagProblems(group),
    ...environmentProblems(group),
    ...sizeProblems(script),
  ]
  if (problems.length > 0) throw new SpecError(problems)
  const { subnets, notes } = await subnetsOf(send, options, calls)
  const body: Blueprint = {
    imageId,
    subnets,
    securityGroupIds: options.securityGroupIds ?? [],
    userData: Buffer.from(script).toString("base64"),
    tags: group.tags,
    publicAddress: group.publicAddress,
    overrides: options.overrides ?? {},
    owner: { ...owner },
  }
  return { notes, body }
}

/** One subnet needs no zone: there is nothing to choose. */
async function subnetsOf(
  send: Send,
  options: AwsOptions,
  calls: Calls,
): Promise<{ readonly subnets: readonly Subnet[]; readonly notes: readonly string[] }> {
  const known = knownSubnets(options.subnetIds ?? [])
  if (known.length <= 1 || known.every((subnet) => subnet.zone !== undefined)) return { subnets: known, notes: [] }
  const read = await readSubnets(send, known, calls)
  return { subnets: read.subnets, notes: read.note === undefined ? [] : [read.note] }
}

function imageProblems(group: GroupRequest, imageId: string): readonly SpecProblem[] {
  if (IMAGE_ID.test(imageId)) return []
  const option = group.image === undefined ? "aws.imageId" : `groups.${group.name}.image`
  const shown = imageId === "" ? "is missing" : `is ${show(imageId)}`
  return [{ option, value: imageId, message: `${shown}; give an image's id, such as "ami-0a1b2c3d4e5f67890"` }]
}

/** Tags per resource, less Muster's own seven; and what instance metadata can carry (EC2 User Guide, "Tag restrictions"). */
const MAX_TAGS = 50 - 7
const TAG_KEY = /^(?!aws:)[\w+\-=.,:@]{1,128}$/
const NOT_A_KEY = [".", "..", "_index"]

function tagProblems({ name, tags }: GroupRequest): readonly SpecProblem[] {
  const option = `groups.${name}.tags`
  const problems: SpecProblem[] = []
  if (Object.keys(tags).length > MAX_TAGS) {
    problems.push({ option, message: `has ${Object.keys(tags).length} tags; EC2 takes 50, of which Muster needs 7` })
  }
  for (const [key, value] of Object.entries(tags)) {
    const message = tagProblem(key, value)
    if (message !== undefined) problems.push({ option: `${option}.${key}`, value, message })
  }
  return problems
}

function tagProblem(key: string, value: string): string | undefined {
  if (key.startsWith(TAG_PREFIX)) return `begins with ${TAG_PREFIX}, which is kept for Muster's own tags; rename it`
  if (!TAG_KEY.test(key) || NOT_A_KEY.includes(key)) {
    return 'is no tag key that instance metadata can show; use up to 128 letters, digits and + - = . , _ : @, not "aws:" first'
  }
  return value.length > 256 ? `is ${value.length} characters long; EC2 takes 256` : undefined
}

function environmentProblems({ name, environment }: GroupRequest): readonly SpecProblem[] {
  return Object.entries(environment).flatMap(([key, value]) => {
    const option = `groups.${name}.environment.${key}`
    if (key.startsWith("MUSTER_"))
      return [{ option, value, message: "begins with MUSTER_, which is kept for Muster; rename it" }]
    if (!/^[A-Za-z_]\w*$/.test(key))
      return [{ option, value, message: "is no name of a shell variable; use letters, digits and _" }]
    return value.includes("\0") ? [{ option, value, message: "contains a NUL, which no environment can hold" }] : []
  })
}

function sizeProblems(script: string): readonly SpecProblem[] {
  const bytes = Buffer.byteLength(script)
  if (bytes <= USER_DATA_BYTES) return []
  const message = `startup, environment and Muster's own part are ${bytes} bytes of user data; EC2 takes ${USER_DATA_BYTES}. Let startup fetch what is large`
  return [{ option: "startup", message }]
}
