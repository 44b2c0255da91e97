/** The policy of a principal, as IAM reads it, from the table of rights. Pure. */
import { GITHUB_ISSUER, policyJson, rightsFor, subjectOf, type Workflow } from "../../../src/rights.js"
import { type AwsRight, type On, RIGHTS } from "./rights.js"

interface Statement {
  readonly Sid: string
  readonly Effect: "Allow"
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

const OURS = { Null: { "aws:ResourceTag/muster-uid": "false" } } as const
const VERSION = "2012-10-17"

/** The levels that stand on lines of their own: the document, its statements, and what is in each. */
const OPEN_LEVELS = 3

export function policyOf(purposes: ReadonlySet<string>): string {
  return `${policyJson({ Version: VERSION, Statement: statementsOf(rightsFor(RIGHTS, purposes)) }, OPEN_LEVELS)}\n`
}

function statementsOf(rights: readonly AwsRight[]): readonly Statement[] {
  const on = (wanted: On) => namesOf(rights.filter((right) => right.on === wanted))
  const anything = on("anything")
  const isRead = (name: string) => /^ec2:(Describe|Get)/.test(name)
  const isEc2 = (name: string) => name.startsWith("ec2:")
  return [
    ...statement("Look", anything.filter(isRead)),
    ...statement(
      "Make",
      anything.filter((name) => isEc2(name) && !isRead(name)),
    ),
    ...statement(
      "KnowMore",
      anything.filter((name) => !isEc2(name)),
    ),
    ...taggingStatements(rights),
    ...statement("EndOnlyOurs", on("ours"), "*", OURS),
    ...statement("RemoveTheSharedGroup", on("shared"), "*", { Null: { "aws:ResourceTag/muster-shared": "false" } }),
    ...interfaceStatements(on("our-interfaces")),
    ...statement("GiveThisRole", on("named-role"), "arn:aws:iam::*:role/THE-ROLE-OF-YOUR-INSTANCE-PROFILE", {
      StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" },
    }),
    ...statement(
      "MakeTheRoleOfSpot",
      on("spot-role"),
      "arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
      { StringEquals: { "iam:AWSServiceName": "spot.amazonaws.com" } },
    ),
  ]
}

function taggingStatements(rights: readonly AwsRight[]): readonly Statement[] {
  const ons = rights.flatMap(({ on }) => (typeof on === "object" ? [on] : []))
  const makers = [...new Set(ons.flatMap((on) => ("madeBy" in on ? on.madeBy : [])))].sort()
  const keys = ons.flatMap((on) => ("tagKeys" in on ? on.tagKeys : []))
  return [
    ...statement("TagOnlyWhatIsMade", makers.length > 0 ? ["ec2:CreateTags"] : [], "*", {
      StringEquals: { "ec2:CreateAction": few(makers) },
    }),
    ...statement("RenewOurLeasesAndTakeOver", keys.length > 0 ? ["ec2:CreateTags"] : [], "*", {
      ...OURS,
      "ForAllValues:StringEquals": { "aws:TagKeys": few(keys) },
    }),
  ]
}

/** IAM asks for each resource that the request names: the interface must be ours, its instance and groups need not. */
function interfaceStatements(actions: readonly string[]): readonly Statement[] {
  const others = ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:security-group/*"]
  return [
    ...statement("OpenAndCloseOurWorkers", actions, "arn:aws:ec2:*:*:network-interface/*", OURS),
    ...statement("ByAnyGroup", actions, others),
  ]
}

function statement(
  Sid: string,
  actions: readonly string[],
  Resource: Statement["Resource"] = "*",
  Condition?: Statement["Condition"],
): readonly Statement[] {
  if (actions.length === 0) return []
  return [{ Sid, Effect: "Allow", Action: few(actions), Resource, ...(Condition === undefined ? {} : { Condition }) }]
}

function namesOf(rights: readonly AwsRight[]): readonly string[] {
  return [...new Set(rights.map(({ name }) => name))].sort()
}

function few(names: readonly string[]): string | readonly string[] {
  const [only] = names
  return only !== undefined && names.length === 1 ? only : names
}

/** "Configuring the role and trust policy" (docs.github.com, "Configuring OpenID Connect in Amazon Web Services"). */
export function trustOf(workflow: Workflow): string {
  const host = new URL(GITHUB_ISSUER).host
  const trust = {
    Version: VERSION,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::ACCOUNT_ID:oidc-provider/${host}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { [`${host}:aud`]: "sts.amazonaws.com", [`${host}:sub`]: subjectOf(workflow) },
        },
      },
    ],
  }
  return `${policyJson(trust, OPEN_LEVELS)}\n`
}
