/** EC2 for the fuzz of answers: every action that a cluster's life asks for, and all that EC2 can be made to answer to it. */
import { aws } from "../../../providers/aws/index.js"
import { CODES } from "../../../providers/aws/client/codes.js"
import type { CodeRow } from "../../../providers/aws/client/code-rows.js"
import { type AnswerPlace, ec2Wire, ec2World } from "../../../providers/aws/wire/index.js"
import { systemClock, VirtualClock } from "../../../src/calls/clock.js"
import { World } from "../../../src/simulator/index.js"
import { type AnswerCase, type AnswerSubject, type Shared, SHARED, type Stand } from "./subject.js"

type Meaning = AnswerCase["meaning"]

const MEANINGS: { readonly [V in CodeRow["verdict"]]: Meaning } = {
  throttled: "throttled",
  unknown: "unknown",
  passing: "passing",
  capacity: "refused",
  quota: "refused",
  refused: "refused",
  missing: "passing",
  rejected: "hopeless",
  auth: "hopeless",
}

/** A quota of a family is of a market as well, and both types are of one family. */
function sharedOf({ verdict, scope = verdict === "refused" ? "type-in-zone" : "region" }: CodeRow): readonly Shared[] {
  return scope === "family" ? SHARED.market : SHARED[scope]
}

/** A code for each family of codes in the table. */
const WHOLE: Readonly<Record<string, string>> = {
  "Throttling*": "ThrottlingException",
  "RequestThrottled*": "RequestThrottledException",
  "TargetCapacityLimitExceeded*": "TargetCapacityLimitExceededException",
  "ExpiredToken*": "ExpiredTokenException",
  "AuthFailure.*": "AuthFailure.Unauthorized",
  "RequestTimeout*": "RequestTimeout",
  "InvalidLaunchTemplateName.NotFound*": "InvalidLaunchTemplateName.NotFoundException",
  "InvalidLaunchTemplateId.*": "InvalidLaunchTemplateId.VersionNotFound",
  "InvalidSecurityGroupID.*": "InvalidSecurityGroupID.NotFound",
  "InvalidSubnet*": "InvalidSubnetID.NotFound",
  "InvalidAMIID.*": "InvalidAMIID.NotFound",
  "InvalidCapacityReservationId.*": "InvalidCapacityReservationId.NotFound",
  "*": "InvalidParameterCombination",
}

/** What EC2 says with a code whose meaning its message decides; none of it names what was asked. */
const WORDS: readonly string[] = [
  "Your requested instance type (T) is not supported in your requested Availability Zone (Z).",
  "Invalid availability zone: [Z]",
  "Not authorized for images: [ami-1]",
  "Value (p) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
  "Invalid value 'T' for InstanceType.",
  "The architecture of the specified instance type does not match that of the specified image.",
  "The T instance type does not support an AMI with a boot mode of UEFI.",
  "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 'T' instance type.",
  "The specified instance type is not eligible for Free Tier.",
  "Security group and subnet belong to different networks.",
]

/** What no launch is answered: these belong to lists, to removals, and to requests that only ask. */
const NOT_OF_LAUNCHES = /NextToken|PaginationToken|DryRun|DependencyViolation|InUse|OperationNotPermitted/

/** EC2 sends them with a status of their own; all others are 400 here, or the table of the double knows better. */
const STATUSES: { readonly [M in Meaning]?: number } = { unknown: 500, throttled: 503 }

interface Told {
  readonly code: string
  readonly message: string
  readonly isKnown: boolean
  readonly meaning: Meaning
  readonly shared?: readonly Shared[]
}

const KNOWN: readonly Told[] = CODES.flatMap((row) =>
  row.codes
    .filter((code) => !NOT_OF_LAUNCHES.test(code))
    .map((code) => ({
      code: WHOLE[code] ?? code,
      message: WORDS.find((words) => row.message?.test(words) === true) ?? "In the words that EC2 has for it",
      isKnown: true,
      meaning: MEANINGS[row.verdict],
      shared: sharedOf(row),
    })),
)

const UNKNOWN: readonly Told[] = ["NobodyHasSeenThis", "Invalid.Something.New"].map((code) => ({
  code,
  message: "In words that nobody has read before",
  isKnown: false,
  meaning: "refused",
  shared: SHARED["type-in-zone"],
}))

/** What the token has launched is gone: the adapter reads it beside the table. */
const GONE: Told = {
  code: "IdempotentInstanceTerminated",
  message: "The request was successful, and its instances have been terminated",
  isKnown: false,
  meaning: "passing",
}

const LAUNCHES = ["RunInstances", "CreateFleet"] as const

function whole(api: string, told: Told): AnswerCase {
  const status = STATUSES[told.meaning]
  return { api, place: "whole", ...told, ...(status === undefined ? {} : { status }) }
}

/** Inside an answer nothing is unknown, and who is throttled there waits as for everything that passes. */
function inPool(told: Told): AnswerCase {
  const isPassing = told.meaning === "unknown" || told.meaning === "throttled"
  return { api: "CreateFleet", place: "pool", ...told, meaning: isPassing ? "passing" : told.meaning }
}

/** StateReasons of instances that never ran, after those that are documented one that is not. */
const ENDS: readonly (readonly [code: string, words: string, meaning: Meaning, isKnown: boolean])[] = [
  ["Server.InsufficientInstanceCapacity", "Insufficient capacity to launch this instance", "refused", true],
  ["Client.VolumeLimitExceeded", "Volume limit exceeded for the account", "hopeless", true],
  ["Server.InternalError", "Internal error on launch of the instance", "hopeless", true],
  ["Client.InternalError", "Client error on launch of the instance", "hopeless", true],
  ["Client.InvalidSnapshot.NotFound", "The snapshot of the image does not exist", "hopeless", true],
  ["Client.InvalidKMSKey.InvalidState", "The KMS key provided is in an incorrect state", "hopeless", false],
  ["Client.NobodyHasSeenThis", "In words that nobody has read before", "hopeless", false],
]

const FAILED: readonly AnswerCase[] = LAUNCHES.flatMap((api) =>
  ENDS.map(([code, words, meaning, isKnown]) => {
    const message = `${code}: ${words}`
    return { api, place: "failed-view", code, message, meaning, isKnown } as const
  }),
)

/** What else a cluster asks for in its life: to look things up, to make what launches need, to watch, to end, to remove. */
const OTHERS = [
  "DescribeInstanceTypes",
  "DescribeInstanceTypeOfferings",
  "DescribeSpotPriceHistory",
  "DescribeImages",
  "DescribeSubnets",
  "DescribeRouteTables",
  "DescribeSecurityGroups",
  "CreateSecurityGroup",
  "AuthorizeSecurityGroupIngress",
  "DescribeLaunchTemplates",
  "CreateLaunchTemplate",
  "DescribeFleets",
  "DescribeInstances",
  "DescribeSpotInstanceRequests",
  "GetConsoleOutput",
  "TerminateInstances",
  "DescribeVolumes",
  "DescribeNetworkInterfaces",
  "DeleteLaunchTemplate",
] as const

const OF_OTHERS: readonly Told[] = [
  {
    code: "RequestLimitExceeded",
    message: "Request limit exceeded for the account",
    isKnown: true,
    meaning: "throttled",
  },
  { code: "InternalError", message: "An internal error has occurred", isKnown: true, meaning: "unknown" },
  { code: "Unavailable", message: "The server is overloaded and unable", isKnown: true, meaning: "unknown" },
  { code: "NobodyHasSeenThis", message: "In words that nobody has read before", isKnown: false, meaning: "unknown" },
  {
    code: "UnauthorizedOperation",
    message: "You are not authorized to perform this operation",
    isKnown: true,
    meaning: "hopeless",
  },
  {
    code: "RequestExpired",
    message: "Request has expired, as it was signed long ago",
    isKnown: true,
    meaning: "hopeless",
  },
  { code: "NobodyHasSeenThis", message: "In words that nobody has read before", isKnown: false, meaning: "hopeless" },
]

const CASES: readonly AnswerCase[] = [
  ...LAUNCHES.flatMap((api) => [...KNOWN, ...UNKNOWN, GONE].map((told) => whole(api, told))),
  ...[...KNOWN, ...UNKNOWN].map(inPool),
  ...FAILED,
  ...OTHERS.flatMap((api) => OF_OTHERS.map((told) => whole(api, told))),
]

/** Two types in two zones: on demand RunInstances is asked for them, and fleets for spot. */
const TYPES = ["m7i.large", "c7i.large"] as const
const ZONES = ["us-east-1a", "us-east-1b"] as const

async function open(seed: number): Promise<Stand> {
  const clock = new VirtualClock({ seed })
  const world = new World({ ...ec2World(), zones: ZONES, clock, seed, listLagMs: [0, 2_000] })
  const wire = await ec2Wire({ world, wallClock: systemClock, fleetTries: 3 })
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }
  return {
    clock,
    world,
    provider: aws({ region: "us-east-1", endpoint: wire.url, credentials }),
    instanceTypes: TYPES,
    zones: ZONES,
    answer({ api, place, code, message, status }, { scope, fromMs, untilMs, times }) {
      const said = { api, place: place as AnswerPlace, code, message, ...(status === undefined ? {} : { status }) }
      wire.answers.give({ ...said, scope, fromMs, untilMs, times })
    },
    requests() {
      const counts = new Map<string, number>()
      for (const { api } of world.ledger.entries) counts.set(api, (counts.get(api) ?? 0) + 1)
      return counts
    },
    close: () => wire.close(),
  }
}

export const awsAnswers: AnswerSubject = { cloud: "aws", cases: CASES, open }
