/** Checks the options of `aws()`: it reports all that is wrong at once, and never a key in a message. */
import type { SpecProblem } from "../../src/errors.js"
import { NARROW_CIDR, SAFE_URL } from "../../src/input/addresses.js"
import { type OptionHints, nearest, parseOptions, type Z } from "../../src/input/parse.js"
import type { AwsClient, AwsDecoder, AwsOptions } from "./options.js"
import { ownTagProblems } from "../../src/tables/tag-rules.js"
import { TAG_RULES } from "./tag-rules.js"

/** What makes instances ours, or ends them without us, is not for overriding; and what to use instead. */
const OWNED: Readonly<Record<string, string>> = {
  ClientToken: "it is what makes a repeated launch harmless",
  MinCount: "counts come from scale()",
  MaxCount: "counts come from scale()",
  DryRun: "nothing would be launched",
  TagSpecifications: "it holds the tags that ownership rests on; use tags",
  UserData: "it holds the deadline's timer; use the group's startup",
  InstanceInitiatedShutdownBehavior: "it ends instances at the deadline",
  ImageId: "use imageId, or the group's image",
  InstanceType: "use instanceType",
  SubnetId: "use subnetIds",
  InstanceMarketOptions: "use market, and reservation for a capacity block",
  CapacityReservationSpecification: "use reservation",
}

/** "eu-west-2a", a Local Zone ("us-west-2-lax-1a"), or a Wavelength Zone ("us-east-1-wl1-bos-wlz-1"). */
const ZONE = /^[a-z]{2,}(-[a-z0-9]+)+(-?[a-z]|-wlz-\d+)$/

const DISK_KEY =
  "disks take the account's key for EBS: aws ec2 modify-ebs-default-kms-key-id; for another one give overrides: { BlockDeviceMappings }"

/** What EC2's own tools call it, or where it belongs. */
const OTHER_NAMES: OptionHints = {
  ...{ kmskey: DISK_KEY, kmskeyid: DISK_KEY, encrypted: DISK_KEY, encryption: DISK_KEY, labels: "tags" },
  ...{ disk: "rootGiB", diskgib: "rootGiB", disksize: "rootGiB", volumesize: "rootGiB", spotmaxprice: "maxSpotPrice" },
  ...{ ami: "imageId", image: "imageId", amiid: "imageId", subnet: "subnetIds", subnets: "subnetIds" },
  ...{ securitygroups: "securityGroupIds", iaminstanceprofile: "instanceProfile", role: "instanceProfile" },
  ...{
    keypair: "keyName",
    sshkey: "keyName",
    spotprice: "maxSpotPrice",
    zone: 'zones belong to the cluster\'s spec: zones: ["eu-west-2a"]',
  },
  profile: "set AWS_PROFILE, or give credentials: fromIni({ profile })",
  ...{
    accesskeyid: "give credentials: { accessKeyId, secretAccessKey }",
    secretaccesskey: "give credentials: { accessKeyId, secretAccessKey }",
  },
}

const SUBNET = /^subnet-[0-9a-f]{8,17}$/
export const IMAGE_ID = /^ami-[0-9a-f]{8,17}$/
/** Images that are looked up, newest first, for the processor of the type. */
export const IMAGE_WORDS = ["ubuntu", "amazon-linux", "gpu"] as const
const IMAGE_TEXT = new RegExp(`^(?:${IMAGE_WORDS.join("|")})$|${IMAGE_ID.source}`)
export type ImageWord = (typeof IMAGE_WORDS)[number]
export const IMAGE_RULE = `give "ubuntu", "amazon-linux", "gpu" or an image's id, such as "ami-0a1b2c3d4e5f67890"`

const SSH_RULE =
  'give your own address range, such as "203.0.113.7/32" or "2001:db8:7::/48"; at least /8, or /32 of IPv6, never everywhere'

/** "Valid range: 100 - 300 MiB/s" (EbsBlockDevice). */
const LEAST_RATE = 100
const MOST_RATE = 300
const RATE_RULE = `give whole MiB per second from ${LEAST_RATE} to ${MOST_RATE}`

function client(z: Z) {
  return z.custom<AwsClient>(isClient, "give a client of the AWS SDK")
}

function imageSchema(z: Z) {
  const id = z.string().regex(IMAGE_ID, 'give an image\'s id, such as "ami-0a1b2c3d4e5f67890"')
  const word = z.string().regex(IMAGE_TEXT, IMAGE_RULE)
  const device = z.string().regex(/^(\/dev\/)?[a-z0-9]+$/, 'give a device name of the image, such as "/dev/sda1"')
  return z.union([
    word,
    z.strictObject({ id, arch: z.enum(["x86_64", "arm64"]), devices: z.array(device).min(1, "name its root device") }),
  ])
}

function clientsSchema(z: Z) {
  return z.strictObject({
    pricing: client(z).optional(),
    serviceQuotas: client(z).optional(),
    sts: z.custom<AwsDecoder>(isDecoder, 'give an STS of "@aws-sdk/client-sts"').optional(),
  })
}

function reservationSchema(z: Z) {
  return z.strictObject({
    id: z.string().regex(/^cr-[0-9a-f]{8,17}$/, 'give a reservation\'s id, such as "cr-0a1b2c3d4e5f67890"'),
    kind: z.enum(["capacity-reservation", "capacity-block"]).optional(),
  })
}

export function optionsSchema(z: Z) {
  const subnetId = z.string().regex(SUBNET, 'give a subnet\'s id, such as "subnet-0a1b2c3d4e5f67890"')
  const usd = z.number().positive()
  const zone = z.string().regex(ZONE, 'give the zone\'s name, such as "eu-west-2a"')
  return z.strictObject({
    region: z.string({ error: regionRule }).regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, { error: regionRule }),
    endpoint: z.string().regex(SAFE_URL, "give an https URL (plain http only for a loopback host)").optional(),
    credentials: z.unknown().optional(),
    client: z.custom<AwsClient>(isClient, 'give an EC2Client of "@aws-sdk/client-ec2"').optional(),
    subnetIds: z
      .array(z.union([subnetId, z.strictObject({ id: subnetId, zone })]))
      .min(1, "leave it out, or name at least one subnet")
      .optional(),
    securityGroupIds: z
      .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'give a security group\'s id, such as "sg-0a1b2c3d4e5f67890"'))
      .min(1, "leave it out, or name at least one security group")
      .optional(),
    imageId: imageSchema(z).optional(),
    clients: clientsSchema(z).optional(),
    prices: z
      .record(z.string(), z.union([usd, z.strictObject({ onDemand: usd.optional(), spot: usd.optional() })]))
      .optional(),
    maxSpotPrice: usd.optional(),
    fleet: z.boolean().optional(),
    fleetRate: z.enum(["shared", "separate"]).optional(),
    spotAllocation: z
      .enum(["price-capacity-optimized", "capacity-optimized", "diversified", "lowest-price"])
      .optional(),
    onDemandAllocation: z.enum(["prioritized", "lowest-price"]).optional(),
    instanceProfile: z.string().min(1, "give the name or the ARN of an instance profile").optional(),
    keyName: z.string().min(1, "give the name of a key pair").optional(),
    sshFrom: z.string().regex(NARROW_CIDR, SSH_RULE).optional(),
    containers: z.boolean().optional(),
    rootGiB: z.int().positive().optional(),
    volumeInitializationRate: z.int(RATE_RULE).min(LEAST_RATE, RATE_RULE).max(MOST_RATE, RATE_RULE).optional(),
    skipOsShutdown: z.boolean().optional(),
    reservation: reservationSchema(z).optional(),
    placementGroup: z.string().min(1, "give the name of a placement group").optional(),
    tenancy: z.enum(["dedicated"]).optional(),
    efa: z.boolean().optional(),
    tags: z.record(z.string(), z.string()).optional(),
    overrides: z.record(z.string(), z.json()).optional(),
  })
}

/** What to give instead of what is no region. Zones are called "eu-west-2a", local ones "us-west-2-lax-1a". */
function regionRule({ input }: { readonly input?: unknown }): string {
  const text = typeof input === "string" ? input : ""
  const [, region] = /^([a-z]{2,}(?:-[a-z]+)+-\d+)(?:[a-z]|-[a-z]{3}-\d+[a-z])$/.exec(text) ?? []
  if (region !== undefined)
    return `that is a zone: give region "${region}", and zones: ["${text}"] in the cluster's spec`
  const other = /^[a-z]+-[a-z]+\d+(-[a-z])?$/.test(text) ? ", not one of Google's" : ""
  return `give the region's code, such as "eu-west-2"${other}`
}

/**
 * Checks the options of `aws()`.
 *
 * @throws SpecError with all that is wrong; it never shows a key.
 */
export function parseAwsOptions(input: unknown): AwsOptions {
  return parseOptions("aws", optionsSchema, input, combinationProblems(input), OTHER_NAMES) as AwsOptions
}

/** What a schema cannot say, or would say with a secret in the message. */
function combinationProblems(input: unknown): readonly SpecProblem[] {
  if (typeof input !== "object" || input === null) return []
  const { client, endpoint, credentials, overrides, tags } = input as Partial<Record<keyof AwsOptions, unknown>>
  const problems: SpecProblem[] = [...refusedTogether(input), ...ownTagProblems(tags, TAG_RULES)]
  if (credentials !== undefined) problems.push(...credentialProblems(credentials))
  if (client !== undefined && (endpoint !== undefined || credentials !== undefined)) {
    const message = "is given beside endpoint or credentials, which the client has already; give one or the other"
    problems.push({ option: "aws.client", message })
  }
  for (const key of Object.keys(overrides ?? {})) {
    const reason = OWNED[key]
    if (reason !== undefined)
      problems.push({ option: `aws.overrides.${key}`, message: `cannot be overridden: ${reason}` })
  }
  return problems
}

const CREDENTIAL_KEYS = ["accessKeyId", "secretAccessKey", "sessionToken", "expiration", "accountId", "credentialScope"]

function credentialProblems(credentials: unknown): readonly SpecProblem[] {
  const option = "aws.credentials"
  if (typeof credentials === "function") return []
  if (typeof credentials !== "object" || credentials === null) {
    return [{ option, message: "give { accessKeyId, secretAccessKey, sessionToken? } or a function that returns them" }]
  }
  const given = credentials as Readonly<Record<string, unknown>>
  const missing = ["accessKeyId", "secretAccessKey"].filter(
    (key) => typeof given[key] !== "string" || given[key] === "",
  )
  const { sessionToken, expiration } = given
  const isText = sessionToken === undefined || typeof sessionToken === "string"
  const isDate = expiration === undefined || dateOf(expiration) !== undefined
  const unknown = Object.keys(given).filter((key) => !CREDENTIAL_KEYS.includes(key) && !key.startsWith("$"))
  return [
    ...missing.map((key) => ({ option: `${option}.${key}`, message: "is missing; give a text" })),
    ...(isText ? [] : [{ option: `${option}.sessionToken`, message: "is no text; give one, or leave it out" }]),
    ...(isDate
      ? []
      : [{ option: `${option}.expiration`, message: 'is no date; give one, such as "2026-01-02T03:04:05Z"' }]),
    ...unknown.map((key) => {
      const near = nearest(key, CREDENTIAL_KEYS)
      const hint = near === undefined ? `known: ${CREDENTIAL_KEYS.join(", ")}` : `did you mean "${near}"?`
      return { option: `${option}.${key}`, message: `unknown option; ${hint}` }
    }),
  ]
}

function isClient(value: unknown): boolean {
  return typeof (value as { send?: unknown } | null | undefined)?.send === "function"
}

function isDecoder(value: unknown): boolean {
  const decode = (value as { decodeAuthorizationMessage?: unknown } | null | undefined)?.decodeAuthorizationMessage
  return typeof decode === "function"
}

/** Keys and user data must not travel in clear text, except inside this machine (a test server). */
/** Options that EC2 refuses together; they are reported before any request. */
function refusedTogether(input: Partial<Record<keyof AwsOptions, unknown>>): readonly SpecProblem[] {
  const { reservation, fleet, maxSpotPrice, placementGroup, tenancy } = input
  const isBlock = (reservation as { kind?: unknown } | undefined)?.kind === "capacity-block"
  const rows: readonly (readonly [boolean, string, string])[] = [
    [
      reservation !== undefined && fleet === true,
      "fleet",
      "is true beside reservation, which is used by RunInstances; leave fleet out",
    ],
    [
      reservation !== undefined && maxSpotPrice !== undefined,
      "maxSpotPrice",
      "is given beside reservation, which is of on-demand capacity; give one of them",
    ],
    [
      isBlock && placementGroup !== undefined,
      "placementGroup",
      "is given beside a capacity block, which has its own place",
    ],
    [
      isBlock && tenancy !== undefined,
      "tenancy",
      "is given beside a capacity block, which is shared hardware by its kind",
    ],
  ]
  return rows.flatMap(([isWrong, key, message]) => (isWrong ? [{ option: `aws.${key}`, message }] : []))
}

/** A Date, or the text of one as STS and `aws configure export-credentials` write it; undefined for anything else. */
export function dateOf(expiration: unknown): Date | undefined {
  try {
    return parseOptions("expiration", (z) => z.union([z.date(), z.string().pipe(z.coerce.date())]), expiration)
  } catch {
    return undefined
  }
}
