/**
 * What a principal may do: statements that allow, with the conditions that matter here ("Actions, resources, and condition keys
 * for Amazon EC2", Service Authorization Reference). A request that no statement allows is refused, in EC2's wording.
 */
import type { World } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID } from "../world/account.js"
import { instanceWith } from "../world/interfaces.js"
import { Refusal } from "./refusals.js"
import type { Values } from "./shapes.js"

/** A statement of an identity-based policy. Here a statement can only allow. */
export interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  /** "*" when left out. */
  readonly Resource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

type Tags = Readonly<Record<string, string>>

/** One thing that a request needs to be allowed. */
interface Need {
  readonly action: string
  /** The tags of what it is done to; undefined when it names nothing, or something new. */
  readonly on?: Tags
  /** The kind of what it is done to, as ARNs have it; left out: the statements here name none for the action. */
  readonly kind?: string
  readonly createAction?: string
  readonly tagKeys?: readonly string[]
}

const PRINCIPAL = `arn:aws:iam::${ACCOUNT_ID}:user/test`

/** @throws Refusal for the first thing that no statement allows. */
export function checkAllowed(world: World, policy: readonly Statement[], action: string, values: Values): void {
  const refused = needsOf(world, action, values).find((need) => !policy.some((statement) => allows(statement, need)))
  if (refused === undefined) return
  const name = `ec2:${refused.action}`
  const reason = `User: ${PRINCIPAL} is not authorized to perform: ${name} because no identity-based policy allows the ${name} action`
  const sentence = `You are not authorized to perform this operation. ${reason}.`
  throw new Refusal("UnauthorizedOperation", isRead(action) ? sentence : `${sentence} ${encodedReason(name)}`)
}

/** EC2 appends no encoded reason to the refusal of a read. */
function isRead(action: string): boolean {
  return /^(Describe|Get)/.test(action)
}

function encodedReason(action: string): string {
  const context = { principal: { arn: PRINCIPAL }, action, resource: `arn:aws:ec2:*:${ACCOUNT_ID}:*` }
  const text = JSON.stringify({ allowed: false, explicitDeny: false, matchedStatements: { items: [] }, context })
  return `Encoded authorization failure message: ${Buffer.from(text).toString("base64url")}`
}

/** What STS answers to DecodeAuthorizationMessage. */
export function decodeAuthorization(encoded: string): string {
  return Buffer.from(encoded, "base64url").toString()
}

/** Tags inside a creation need CreateTags as well, and a fleet what it does itself ("Grant permission to tag"; "EC2 Fleet prerequisites"). */
function needsOf(world: World, action: string, values: Values): readonly Need[] {
  const targets = targetsOf(world, action, values)
  const tagKeys = action === "CreateTags" ? (values.Tag as readonly { Key: string }[]).map(({ Key }) => Key) : []
  const itself = { action, ...(tagKeys.length > 0 ? { tagKeys } : {}) }
  const needs: Need[] = targets.length === 0 ? [itself] : targets.map((target) => ({ ...itself, ...target }))
  if (values.TagSpecification !== undefined) needs.push({ action: "CreateTags", createAction: action })
  if (action === "CreateFleet") needs.push({ action: "RunInstances" })
  return needs
}

/** Kinds of the world's resources by the parameter that names one. */
const NAMED: Readonly<Record<string, readonly [kind: string, parameter: string]>> = {
  DeleteLaunchTemplate: ["launch-template", "LaunchTemplateId"],
  DeleteVolume: ["volume", "VolumeId"],
  DeleteNetworkInterface: ["network-interface", "NetworkInterfaceId"],
  DeleteSecurityGroup: ["security-group", "GroupId"],
  AuthorizeSecurityGroupIngress: ["security-group", "GroupId"],
}

function targetsOf(world: World, action: string, values: Values): readonly Pick<Need, "on" | "kind">[] {
  if (action === "TerminateInstances" || action === "CreateTags") {
    const ids = (values.InstanceId ?? values.ResourceId ?? []) as readonly string[]
    return ids.map((id) => ({ on: world.instance(id)?.tags ?? {} }))
  }
  if (action === "ModifyNetworkInterfaceAttribute") return changedInterface(world, values)
  const [kind, parameter] = NAMED[action] ?? []
  if (kind === undefined || parameter === undefined) return []
  return [{ on: world.resources.get(kind, String(values[parameter]))?.tags ?? {} }]
}

/** "network-interface*, instance, security-group": a statement must allow each. An instance's interface has the instance's tags here. */
function changedInterface(world: World, { NetworkInterfaceId: id, SecurityGroupId: groups = [] }: Values) {
  const tags = instanceWith(world, String(id))?.tags ?? {}
  const named = (groups as readonly string[]).map((group) => world.resources.get("security-group", group)?.tags ?? {})
  return [
    { kind: "network-interface", on: tags },
    { kind: "instance", on: tags },
    ...named.map((on) => ({ kind: "security-group", on })),
  ]
}

function allows({ Effect, Action, Resource = "*", Condition = {} }: Statement, need: Need): boolean {
  if (Effect !== "Allow" || ![Action].flat().includes(`ec2:${need.action}`)) return false
  if (![Resource].flat().some((one) => one === "*" || one === `arn:aws:ec2:*:*:${need.kind ?? ""}/*`)) return false
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, valuesFor(key, need), [wanted].flat())),
  )
}

/** The values that the request has for a condition key; undefined when it has none. */
function valuesFor(key: string, { on, createAction, tagKeys }: Need): readonly string[] | undefined {
  if (key === "ec2:CreateAction") return createAction === undefined ? undefined : [createAction]
  if (key === "aws:TagKeys") return tagKeys
  const tag = key.startsWith("aws:ResourceTag/") ? on?.[key.slice("aws:ResourceTag/".length)] : undefined
  return tag === undefined ? undefined : [tag]
}

/** @throws Error for an operator that is not known here: a policy that is not understood must not pass for one that allows. */
function holds(operator: string, values: readonly string[] | undefined, wanted: readonly string[]): boolean {
  switch (operator) {
    case "Null":
      return wanted.includes(String(values === undefined))
    case "StringEquals":
      return values?.some((value) => wanted.includes(value)) ?? false
    case "ForAllValues:StringEquals":
      return values?.every((value) => wanted.includes(value)) ?? true
    default:
      throw new Error(`the condition operator ${operator} is not known here`)
  }
}
