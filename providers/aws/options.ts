import { SpecError, type SpecProblem } from "../../src/errors.js"
import { nearest, parseOptions, type Z } from "../../src/parse.js"
import type { JsonObject } from "../../src/provider.js"

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** What this adapter needs of an `EC2Client`; any ready-made one fits. */
export interface AwsClient {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
}

/** A subnet by its id alone, or with the zone that it is in, which then need not be asked for. */
export type AwsSubnet = string | { readonly id: string; readonly zone: string }

export interface AwsOptions {
  /** For example "eu-west-2". */
  readonly region: string
  /** Where EC2 answers, when not at AWS's own address; plain http only on this machine. */
  readonly endpoint?: string
  /** Keys, or a function that returns them; by default what the SDK finds in environment, files, SSO or metadata. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>)
  /** A ready-made `EC2Client` with `maxAttempts: 1`, instead of `endpoint` and `credentials`. */
  readonly client?: AwsClient
  /** Where instances go, at most one per zone is used at a time; by default the default subnet of each zone. */
  readonly subnetIds?: readonly AwsSubnet[]
  /** By default the network's default security group. */
  readonly securityGroupIds?: readonly string[]
  /** The image of groups that name none. */
  readonly imageId?: string
  /** Merged into each RunInstances request last, in its own words: `{ KeyName: "ops" }`. */
  readonly overrides?: JsonObject
}

/** What makes instances ours, or ends them without us, is not for overriding; and what to use instead. */
const OWNED: Readonly<Record<string, string>> = {
  ClientToken: "it is what makes a repeated launch harmless",
  MinCount: "counts come from scale()",
  MaxCount: "counts come from scale()",
  DryRun: "nothing would be launched",
  TagSpecifications: "it holds the tags that ownership rests on; use the group's tags",
  UserData: "it holds the deadline's timer; use the group's startup",
  InstanceInitiatedShutdownBehavior: "it ends instances at the deadline",
  ImageId: "use imageId, or the group's image",
  InstanceType: "use instanceType",
  SubnetId: "use subnetIds",
}

const SUBNET = /^subnet-[0-9a-f]{8,17}$/
export const IMAGE_ID = /^ami-[0-9a-f]{8,17}$/

function optionsSchema(z: Z) {
  const subnetId = z.string().regex(SUBNET, 'Give a subnet\'s id, such as "subnet-0a1b2c3d4e5f67890"')
  const zone = z.string().regex(/^[a-z]{2,}(-[a-z0-9]+)+-?[a-z]$/, 'Give the zone\'s name, such as "eu-west-2a"')
  return z.strictObject({
    region: z
      .string()
      .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, "Give the region's code, such as \"eu-west-2\" (without a zone's letter)"),
    endpoint: z.string().refine(isSafeUrl, "Give an https URL (plain http only for a loopback host)").optional(),
    credentials: z.unknown().optional(),
    client: z.custom<AwsClient>(isClient, 'Give an EC2Client of "@aws-sdk/client-ec2"').optional(),
    subnetIds: z
      .array(z.union([subnetId, z.strictObject({ id: subnetId, zone })]))
      .min(1, "Leave it out, or name at least one subnet")
      .optional(),
    securityGroupIds: z
      .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'Give a security group\'s id, such as "sg-0a1b2c3d4e5f67890"'))
      .min(1, "Leave it out, or name at least one security group")
      .optional(),
    imageId: z.string().regex(IMAGE_ID, 'Give an image\'s id, such as "ami-0a1b2c3d4e5f67890"').optional(),
    overrides: z.record(z.string(), z.json()).optional(),
  })
}

/**
 * Checks the options of `aws()`.
 *
 * @throws SpecError with all that is wrong; it never shows a key.
 */
export function parseAwsOptions(input: unknown): AwsOptions {
  const problems: SpecProblem[] = [...combinationProblems(input)]
  try {
    const options = parseOptions("aws", optionsSchema, input)
    if (problems.length === 0) return options as AwsOptions
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    problems.unshift(...error.problems)
  }
  throw new SpecError(problems)
}

/** What a schema cannot say, or would say with a secret in the message. */
function combinationProblems(input: unknown): readonly SpecProblem[] {
  if (typeof input !== "object" || input === null) return []
  const { client, endpoint, credentials, overrides } = input as Partial<Record<keyof AwsOptions, unknown>>
  const problems: SpecProblem[] = []
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

const CREDENTIAL_KEYS = ["accessKeyId", "secretAccessKey", "sessionToken", "expiration"]

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
  const unknown = Object.keys(given).filter((key) => !CREDENTIAL_KEYS.includes(key) && !key.startsWith("$"))
  return [
    ...missing.map((key) => ({ option: `${option}.${key}`, message: "is missing; give a text" })),
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

/** Keys and user data must not travel in clear text, except inside this machine (a test server). */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  if (protocol === "https:") return true
  return (
    protocol === "http:" && (hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname))
  )
}
