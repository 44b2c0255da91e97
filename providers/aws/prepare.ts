import { SpecError, type SpecProblem } from "../../src/errors.js"
import { TAG_PREFIX } from "../../src/fleet/tags.js"
import type { Calls, GroupRequest, JsonObject, Owner, Prepared } from "../../src/provider.js"
import { type Blueprint, launchOptions } from "./blueprint.js"
import type { Send } from "./client.js"
import { guestScript } from "./guest.js"
import { imagesOf } from "./images.js"
import { USER_DATA_BYTES } from "./limits.js"
import { networkOf } from "./network.js"
import type { AwsOptions } from "./options.js"
import { makeTemplates } from "./templates.js"

/**
 * Pins image, network, tags and user data of one group; makes Muster's security group and a fleet's template where there is none. What a principal
 * may not read is left to EC2, with a note.
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
  const problems = [...tagProblems(group), ...environmentProblems(group), ...sizeProblems(script)]
  if (problems.length > 0) throw new SpecError(problems)
  const [found, network] = await Promise.all([
    imagesOf(send, options, group, calls),
    networkOf(send, options, group, calls),
  ])
  const body: Blueprint = {
    images: found.images,
    subnets: network.subnets,
    securityGroupIds: network.securityGroupIds,
    userData: Buffer.from(script).toString("base64"),
    tags: group.tags,
    publicAddress: group.publicAddress,
    options: launchOptions(options),
    overrides: options.overrides ?? {},
    owner: { ...owner },
  }
  await makeTemplates(send, body, group, calls)
  return { notes: [...found.notes, ...network.notes], body: body as unknown as JsonObject }
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
