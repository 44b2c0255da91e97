/**
 * Which rights the principal has. What other requests were answered tells of the reads. EC2 is asked for the rest with DryRun: "checks
 * whether you have the required permissions for the action, without actually making the request". Rights under a condition on tags can
 * only be tried on something that has them.
 */
import { AuthError, MusterError } from "../../../src/errors.js"
import { rightsFor } from "../../../src/rights.js"
import type { Calls, Examined, Instance, Leftover, SeenBefore, SeenRight } from "../../../src/provider.js"
import type { Api, Input } from "../client/actions.js"
import type { Send } from "../client/send.js"
import type { AwsOptions } from "../options.js"
import { type AwsRight, RIGHTS } from "../rights/rights.js"
import { type Images, imagesOf } from "../prepare/images.js"

interface Asked {
  readonly send: Send
  readonly options: AwsOptions
  readonly purposes: readonly string[]
  readonly examined: Examined
  readonly seen: SeenBefore
}

export async function rights(asked: Asked, calls: Calls): Promise<readonly SeenRight[]> {
  const wanted = rightsFor(RIGHTS, new Set(asked.purposes))
  const trials = new Map<string, Promise<Outcome>>()
  const outcomeOf = (right: AwsRight): Promise<Outcome> => {
    const api = apiFor(right)
    const key = `${api} ${typeof right.on === "string" ? right.on : JSON.stringify(right.on)}`
    const shared = right.ask === "alone" ? api : key
    const known = trials.get(shared) ?? tryOut(asked, right, api, calls)
    trials.set(shared, known)
    return known
  }
  return Promise.all(wanted.map(async (right) => seenOf(right, await outcomeOf(right))))
}

/** The request by which a right is tried: tags inside a creation are tried with it. */
function apiFor({ name, on }: AwsRight): string {
  return typeof on === "object" && "madeBy" in on ? on.madeBy : name.replace(/^ec2:/, "")
}

/** `refused`: the action that is not allowed, as EC2 names it. */
interface Outcome {
  readonly isAllowed?: boolean
  readonly refused?: string
  readonly why?: string
}

function seenOf({ name, for: purposes, on }: AwsRight, { isAllowed, refused, why }: Outcome): SeenRight {
  const right = { name: typeof on === "object" && "madeBy" in on ? `${name} (${on.madeBy})` : name, for: purposes }
  if (isAllowed === true) return { ...right, isAllowed }
  if (isAllowed === undefined) return { ...right, why: why ?? "EC2 was not asked" }
  const isOther = refused !== undefined && refused !== name
  // EC2 names the first that is lacking: it says nothing of those behind it, but those before it are there.
  if (!isOther) return { ...right, isAllowed: false, ...(why === undefined ? {} : { why }) }
  return refused === "ec2:CreateTags" && name !== "ec2:CreateTags"
    ? { ...right, isAllowed: true }
    : { ...right, why: `${refused} is refused first` }
}

async function tryOut(asked: Asked, right: AwsRight, api: string, calls: Calls): Promise<Outcome> {
  const { seen } = asked
  if (right.ask === "never") return { why: `${right.name} has no trial` }
  const answer = right.ask === "alone" && isRead(api) ? seen.answers.get(api) : undefined
  if (answer === "ok" || answer === "DryRunOperation") return { isAllowed: true }
  if (answer === "UnauthorizedOperation") return { isAllowed: false }
  if (!isRead(api) && !isKnownEc2(asked.options))
    return { why: "an endpoint that is not AWS's own might not take a trial for one" }
  const input = await inputOf(asked, right, api, calls)
  if (input === undefined) return { why: "it needs something of Muster's to try it on" }
  return trial(asked.send, api as Api, input as Input<Api>, calls)
}

/** Who imitates EC2 may overlook DryRun, and do what is only tried. A client of the user's own is theirs to know. */
function isKnownEc2({ endpoint, client }: AwsOptions): boolean {
  if (client !== undefined || endpoint === undefined) return true
  return /(^|\.)(amazonaws\.com(\.cn)?|api\.aws)$/.test(new URL(endpoint).hostname)
}

function isRead(api: string): boolean {
  return /^(Describe|Get)/.test(api)
}

async function trial<A extends Api>(send: Send, api: A, input: Input<A>, calls: Calls): Promise<Outcome> {
  try {
    await send(calls, api, { [api]: 1 }, { ...input, DryRun: true }, { what: `asking whether ec2:${api} is allowed` })
    return { why: `${api} was not treated as a trial` }
  } catch (error) {
    if (!(error instanceof MusterError)) throw error
    if (error.code === "DryRunOperation") return { isAllowed: true }
    if (error instanceof AuthError && error.code === "UnauthorizedOperation") {
      const refused = /not authorized to perform: (\w+:\w+)/.exec(error.message)?.[1] ?? `ec2:${api}`
      return { isAllowed: false, refused }
    }
    // What is checked before the right says nothing of it.
    return { why: `EC2 answered ${api} with ${error.code}` }
  }
}

const TAGS = [{ Key: "muster-doctor", Value: "trial" }]
const NAME = "muster-doctor-trial"

function tagged(ResourceType: string) {
  return { TagSpecifications: [{ ResourceType, Tags: TAGS }] }
}

/** The least that EC2 takes for a trial; undefined where there is nothing to try it on. */
async function inputOf(asked: Asked, right: AwsRight, api: string, calls: Calls): Promise<object | undefined> {
  switch (api) {
    case "RunInstances":
      return launchOf(asked, calls)
    case "CreateFleet":
      return {
        Type: "instant",
        LaunchTemplateConfigs: [{ LaunchTemplateSpecification: { LaunchTemplateName: NAME, Version: "1" } }],
        TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: "on-demand" },
        ...tagged("fleet"),
      }
    case "CreateLaunchTemplate":
      return {
        LaunchTemplateName: NAME,
        LaunchTemplateData: { InstanceType: "t3.micro" },
        ...tagged("launch-template"),
      }
    case "CreateSecurityGroup":
      return { GroupName: NAME, Description: "never made", ...tagged("security-group") }
    case "DescribeImages":
      return { Owners: ["self"] }
    case "DescribeFleets":
      return {}
    default:
      return right.ask === "alone" ? { MaxResults: 5 } : inputOnOurs(asked.seen, right, api)
  }
}

/** An image that nobody can have: without the right to read images a trial with it tells at least that there is no right to launch. */
const NO_IMAGE = "ami-00000000000000000"
const NO_IMAGES: Images = {}

async function launchOf({ send, options, examined }: Asked, calls: Calls): Promise<object> {
  const [offer] = examined.offers
  const images = await imagesOf(send, options, examined.group, calls).then(
    (found) => found.images,
    () => NO_IMAGES,
  )
  const ImageId = images[offer?.arch ?? "x86_64"]?.id ?? NO_IMAGE
  const InstanceType = offer?.instanceType ?? "t3.micro"
  return { ImageId, InstanceType, MinCount: 1, MaxCount: 1, ...tagged("instance") }
}

function inputOnOurs({ instances, leftovers }: SeenBefore, { on }: AwsRight, api: string): object | undefined {
  const [instance] = instances
  const left = (kind: string, isShared = false) => leftovers.find((one) => one.kind === kind && one.shared === isShared)
  switch (api) {
    case "TerminateInstances":
      return instance && { InstanceIds: [instance.id] }
    case "CreateTags":
      return instance && { Resources: [instance.id], Tags: tagsFor(on, instance) }
    case "DescribeInstanceAttribute":
      return instance && { InstanceId: instance.id, Attribute: "userData" }
    case "GetConsoleOutput":
      return instance && { InstanceId: instance.id }
    case "DeleteLaunchTemplate":
      return idOf(left("launch-template"), "LaunchTemplateId")
    case "DeleteVolume":
      return idOf(left("volume"), "VolumeId")
    case "DeleteNetworkInterface":
      return idOf(left("network-interface"), "NetworkInterfaceId")
    case "DeleteSecurityGroup":
      return idOf(left("security-group", on === "shared"), "GroupId")
    case "AuthorizeSecurityGroupIngress": {
      const group = leftovers.find(({ kind }) => kind === "security-group")
      const IpPermissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "192.0.2.1/32" }] }]
      return group && { GroupId: group.id, IpPermissions }
    }
    default:
      return undefined
  }
}

function tagsFor(on: AwsRight["on"], { tags }: Instance) {
  const keys = typeof on === "object" && "tagKeys" in on ? on.tagKeys : []
  return keys.map((Key) => ({ Key, Value: tags[Key] ?? "0" }))
}

function idOf(thing: Leftover | undefined, key: string): object | undefined {
  return thing === undefined ? undefined : { [key]: thing.id }
}
