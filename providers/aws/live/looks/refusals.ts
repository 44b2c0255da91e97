/** Refusals: requests that can make nothing, and how EC2 refuses them. */
import type { Offer, WalkStage, Watched } from "../../../../src/provider.js"
import type { Input, Output } from "../../client/actions.js"
import type { Blueprint } from "../../prepare/blueprint.js"
import { clusterTags } from "../../prepare/templates.js"
import { elements, idIn, idsIn, instancesIn, isMalformed, listIn, parametersOf, refusalIn, textIn } from "../reading.js"
import { ask, endThem, type Site, TRIES, unlike } from "../site.js"

/** A page of DescribeInstanceTypeOfferings holds five at least (EC2 API Reference). */
const LEAST_PAGE = 5
const PAGES = 4

export async function lookAtRefusals(site: Site, stage: WalkStage): Promise<void> {
  await lookAtLaunches(site, stage)
  await lookAtFilters(site, stage)
  await lookAtPages(site, stage)
  await lookAtTemplateNames(site, stage)
}

/** The launches that are refused: what is wrong with each, and how EC2 says so. */
interface Wrong {
  readonly assumption: string
  /** What makes the body impossible. */
  readonly change: (body: Input<"RunInstances">, number: number) => Partial<Input<"RunInstances">>
  readonly code: string
  readonly message?: RegExp
}

const WRONG: readonly Wrong[] = [
  {
    assumption: "aws.refusal-image",
    change: ({ ImageId = "" }, number) => ({ ImageId: unlike(ImageId, number) }),
    code: "InvalidAMIID.NotFound",
  },
  {
    assumption: "aws.refusal-type",
    change: (_body, number) => ({ InstanceType: `t3.muster${number}` as never }),
    code: "InvalidParameterValue",
    message: /for InstanceType/i,
  },
  {
    assumption: "aws.refusal-subnet",
    change: (body, number) => inSubnet(body, unlike(subnetIn(body) ?? UNKNOWN_SUBNET, number)),
    code: "InvalidSubnetID.NotFound",
  },
  { assumption: "aws.dry-run", change: () => ({ DryRun: true }), code: "DryRunOperation" },
]

const UNKNOWN_SUBNET = "subnet-0123456789abcdef0"

async function lookAtLaunches(site: Site, stage: WalkStage): Promise<void> {
  for (const wrong of WRONG) {
    for (const number of TRIES) {
      const body = launchBody(site, stage, `${wrong.assumption}/${number}`)
      if (body === undefined) return
      const asked = await ask(site, stage, "RunInstances", { ...body, ...wrong.change(body, number) })
      await judgeLaunch(site, stage, wrong, asked)
    }
  }
}

async function judgeLaunch(
  site: Site,
  stage: WalkStage,
  { assumption, code, message }: Wrong,
  asked: Watched<Output<"RunInstances">>,
): Promise<void> {
  const refused = refusalIn(asked)
  if (isMalformed(refused)) return
  if (refused !== undefined) {
    const held = refused.code === code && (message?.test(refused.message) ?? true)
    stage.saw(assumption, held, `${refused.code}: ${refused.message}`, asked.exchanges)
    return
  }
  const ids = idsIn(listIn(asked.value, "Instances"))
  if (ids.length === 0) return
  stage.saw(assumption, false, `it was not refused, and made ${ids.join(", ")}`, asked.exchanges)
  await endThem(site, stage, ids)
}

/** A launch on demand of the chosen type, whole, under a token of its own; undefined where RunInstances is not used. */
function launchBody(site: Site, { owner, offers, prepared }: WalkStage, id: string): Input<"RunInstances"> | undefined {
  const offer: Offer | undefined = offers[0]
  if (offer === undefined) return undefined
  const { arch } = offer
  const wish = { id, uid: owner.uid, group: "doctor", count: 1, market: "on-demand", arch, spread: "one-zone" } as const
  const own = [{ ...offer, market: "on-demand" as const }]
  const [call] = site.provider.split({ ...wish, offers: own }, prepared, { levels: {}, launches: [] })
  return call?.api === "RunInstances" ? (call.body as unknown as Input<"RunInstances">) : undefined
}

function subnetIn({ SubnetId, NetworkInterfaces = [] }: Input<"RunInstances">): string | undefined {
  return SubnetId ?? NetworkInterfaces[0]?.SubnetId
}

function inSubnet(body: Input<"RunInstances">, SubnetId: string): Partial<Input<"RunInstances">> {
  const [nic] = body.NetworkInterfaces ?? []
  return nic === undefined ? { SubnetId } : { NetworkInterfaces: [{ ...nic, SubnetId }] }
}

async function lookAtFilters(site: Site, stage: WalkStage): Promise<void> {
  for (const number of TRIES) {
    const id = unlike("i-0123456789abcdef0", number)
    const Filters = [{ Name: "instance-id", Values: [id] }]
    const asked = await ask(site, stage, "DescribeInstances", { Filters })
    const refused = refusalIn(asked)
    const found = instancesIn(asked.value).map(idIn)
    if (isMalformed(refused) || (refused === undefined && asked.value === undefined)) continue
    const words = refused === undefined ? `${found.length} found` : `${refused.code}: ${refused.message}`
    stage.saw("aws.filters-find-nothing", refused === undefined && found.length === 0, words, asked.exchanges)
  }
}

/** Each page after the first one is a try: no larger than asked, and nothing in it that a page before it had. */
async function lookAtPages(site: Site, stage: WalkStage): Promise<void> {
  const seen = new Set<string>()
  let token: string | undefined
  for (let page = 1; page <= PAGES; page += 1) {
    const input = { LocationType: "availability-zone", MaxResults: LEAST_PAGE } as const
    const next = token === undefined ? {} : { NextToken: token }
    const asked = await ask(site, stage, "DescribeInstanceTypeOfferings", { ...input, ...next })
    const items = listIn(asked.value, "InstanceTypeOfferings").map(
      (one) => `${textIn(one, "InstanceType") ?? ""} in ${textIn(one, "Location") ?? ""}`,
    )
    const again = items.filter((item, at) => seen.has(item) || items.indexOf(item) < at)
    if (items.length > 0 && (page > 1 || items.length > LEAST_PAGE)) {
      const words = `page ${page}: ${items.length} items, ${again.length} of them seen before`
      stage.saw("aws.pages", items.length <= LEAST_PAGE && again.length === 0, words, asked.exchanges)
    }
    for (const item of items) seen.add(item)
    token = textIn(asked.value, "NextToken")
    if (token === undefined) return
  }
}

/** The name of a template that this walk has made is given once more. */
async function lookAtTemplateNames(site: Site, stage: WalkStage): Promise<void> {
  const made = stage.exchanges.find(({ api, answer }) => api === "CreateLaunchTemplate" && answer?.status === 200)
  const name = made === undefined ? null : parametersOf(made).get("LaunchTemplateName")
  const [offer] = stage.offers
  if (name === null || offer === undefined) return
  const { commonTags = {} } = stage.prepared.body as unknown as Blueprint
  for (const number of TRIES) {
    const asked = await ask(site, stage, "CreateLaunchTemplate", {
      LaunchTemplateName: name,
      VersionDescription: `try ${number}`,
      LaunchTemplateData: { InstanceType: offer.instanceType as never },
      // Whatever comes of it is swept with the cluster.
      TagSpecifications: [{ ResourceType: "launch-template", Tags: [...clusterTags(stage.owner, commonTags)] }],
    })
    judgeTemplateName(stage, asked)
  }
}

function judgeTemplateName(stage: WalkStage, asked: Watched<Output<"CreateLaunchTemplate">>): void {
  const refused = refusalIn(asked)
  if (refused !== undefined) {
    const held = refused.code === "InvalidLaunchTemplateName.AlreadyExistsException"
    stage.saw("aws.template-names", held, `${refused.code}: ${refused.message}`, asked.exchanges)
  } else if (asked.value !== undefined) {
    const [id = "a template"] = elements(asked.exchanges.at(-1)?.answer?.body ?? "", "launchTemplateId")
    stage.saw("aws.template-names", false, `the name was given again, to ${id}`, asked.exchanges)
  }
}
