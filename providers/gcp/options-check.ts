/** What is wrong with the options of `gcp()`. */
import type { SpecProblem } from "../../src/errors.js"
import { SAFE_URL } from "../../src/input/addresses.js"
import { type OptionHints, parseOptions, type Z } from "../../src/input/parse.js"
import { ownTagProblems } from "../../src/tables/tag-rules.js"
import { LABEL_RULES } from "./tag-rules.js"
import type { GcpAuth, GcpOptions } from "./options.js"

/** What makes instances ours, or ends them without us, is not for overriding; and what to use instead. */
const OWNED: Readonly<Record<string, string>> = {
  labels: "they carry ownership; use labels, or the group's tags",
  metadata: "it holds the startup script; use the group's startup",
  disks: "they must end with their instance and carry its labels; use disk and localSsds",
  machineType: "use instanceType",
  serviceAccounts: "use serviceAccount and scopes",
  guestAccelerators: "use accelerator",
  networkInterfaces: "use network, subnetwork and publicAddress",
}

const OWNED_SCHEDULING: Readonly<Record<string, string>> = {
  provisioningModel: "use market",
  preemptible: "use market",
  instanceTerminationAction: "instances that only stop cost on",
  terminationTime: "it is the cluster's deadline; use maxLifetime",
  maxRunDuration: "the cluster's deadline ends instances; use maxLifetime",
}

const DISK_KEY = "give disk: { kmsKeyName }"

/** What Google's own tools call it, or where it belongs. */
const OTHER_NAMES: OptionHints = {
  ...{ kmskey: DISK_KEY, kmskeyname: DISK_KEY, encryption: DISK_KEY, disksize: "give disk: { sizeGb }" },
  ...{ sshfrom: "access belongs to the cluster's spec", firewall: "access belongs to the cluster's spec" },
  tags: "give labels, or network tags as overrides: { tags: { items } }",
  ...{
    projectid: "project",
    zone: "zones",
    subnet: "subnetwork",
    machinetype: "instanceType belongs to the cluster's spec",
  },
  keyfilename: "set GOOGLE_APPLICATION_CREDENTIALS, or give auth: new GoogleAuth({ keyFilename })",
  credentials: "give auth: new GoogleAuth({ credentials })",
}

const WORD = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
const NAME = new RegExp(`^${WORD}$`)
const NAME_RULE = "give a name of lower-case letters, digits and hyphens, beginning with a letter"
const NETWORK = new RegExp(`^((projects/[^/]+/)?(global/networks|regions/[^/]+/subnetworks)/)?${WORD}$`)

/** "Consume a shared reservation", and a block of it behind its name ("Create an A4 VM"). */
const RESERVATION = new RegExp(
  `^(projects/[^/]+/reservations/)?${WORD}(/reservationBlocks/${WORD}(/reservationSubBlocks/${WORD})?)?$`,
)
/** "Protect resources by using Cloud KMS keys", `kmsKeyName`. */
const KMS_KEY =
  /^projects\/[^/\s]+\/locations\/[a-z0-9-]+\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}(\/cryptoKeyVersions\/\d+)?$/

export function optionsSchema(z: Z) {
  return z.strictObject({ ...placeOptions(z), ...instanceOptions(z), ...requestOptions(z) })
}

/** Where instances are. */
function placeOptions(z: Z) {
  const path = z.string().regex(NETWORK, 'give its name, or "projects/P/…/NAME" of a shared VPC')
  return {
    region: z.string({ error: regionRule }).regex(/^[a-z]+(-[a-z]+)+\d+$/, { error: regionRule }),
    project: z
      .string()
      .regex(
        /^([a-z0-9.-]+:)?[a-z]([-a-z0-9]{4,28}[a-z0-9])$/,
        'give the project\'s id (not its number or title), such as "my-project-123"',
      )
      .optional(),
    zones: z
      .array(
        z.string().regex(/^[a-z]+(-[a-z]+)+\d+-([a-z]|ai\d+[a-z])$/, 'give the zone\'s name, such as "europe-west2-a"'),
      )
      .min(1, "leave it out, or name at least one zone")
      .optional(),
    network: path.optional(),
    subnetwork: path.optional(),
  }
}

/** What instances are made of. */
function instanceOptions(z: Z) {
  const name = z.string().regex(NAME, NAME_RULE)
  const image = z.string().regex(IMAGE, IMAGE_RULE)
  const reservation = z.string().regex(RESERVATION, 'give its name, or "projects/P/reservations/NAME"')
  return {
    labels: z.record(z.string(), z.string()).optional(),
    serviceAccount: z
      .string()
      .regex(/^[^@\s]+@[^@\s]+$/, "give the account's email address")
      .optional(),
    scopes: z.array(z.string().min(1)).min(1, "leave it out, or name at least one scope").optional(),
    image: z.union([image, z.strictObject({ x86_64: image.optional(), arm64: image.optional() })]).optional(),
    accelerator: z
      .strictObject({
        type: name,
        count: z.int("give a whole number").min(1, "give 1 or more").max(8, "give at most 8"),
      })
      .optional(),
    disk: z
      .strictObject({
        type: name.optional(),
        kmsKeyName: z
          .string()
          .regex(KMS_KEY, 'give the key as "projects/P/locations/L/keyRings/R/cryptoKeys/K"')
          .optional(),
        sizeGb: z.int("give whole GB").min(10, "give 10 or more").max(65_536, "give at most 65536").optional(),
      })
      .optional(),
    localSsds: z
      .int("give a whole number")
      .min(1, "leave it out, or give 1 or more")
      .max(24, "give at most 24")
      .optional(),
    secureBoot: z.boolean().optional(),
    osLogin: z.boolean().optional(),
    reservation: z
      .union([
        reservation,
        z.strictObject({ name: reservation, provisioningModel: z.literal("RESERVATION_BOUND").optional() }),
      ])
      .optional(),
    skipGuestOsShutdown: z.boolean().optional(),
  }
}

/** How Google is asked, and what it costs. */
function requestOptions(z: Z) {
  const name = z.string().regex(NAME, NAME_RULE)
  const url = z.string().regex(SAFE_URL, "give an https URL (plain http only for a loopback host)")
  const usd = z.number().positive("give USD per hour, above 0").optional()
  const rate = z.int("give a whole number of requests").min(1, "give 1 or more")
  return {
    prices: z.record(name, z.strictObject({ "on-demand": usd, spot: usd })).optional(),
    apiEndpoint: url.optional(),
    billingEndpoint: url.optional(),
    resourceManagerEndpoint: url.optional(),
    auth: z.custom<GcpAuth>(isAuth, "give a GoogleAuth or a client of google-auth-library").optional(),
    sdk: z
      .custom<() => Promise<unknown>>(
        (value) => typeof value === "function",
        'give () => import("@google-cloud/compute")',
      )
      .optional(),
    requestsPerMinute: z
      .strictObject({ writes: rate.optional(), reads: rate.optional(), waits: rate.optional() })
      .optional(),
    overrides: z.record(z.string(), z.json()).optional(),
  }
}

/** "family/F" and "IMAGE" are of the cluster's own project; else as in the API: "projects/P/global/images/…". */
export const IMAGE = new RegExp(`^((projects/[^/]+/)?global/images/)?(family/)?${WORD}$`)
export const IMAGE_RULE = 'give an image such as "projects/debian-cloud/global/images/family/debian-12"'

/** What to give instead of what is no region. */
function regionRule({ input }: { readonly input?: unknown }): string {
  const text = typeof input === "string" ? input : ""
  const [, region] = /^([a-z]+(?:-[a-z]+)+\d+)-[a-z]$/.exec(text) ?? []
  if (region !== undefined)
    return `that is a zone: give region "${region}", and zones: ["${text}"] in the cluster's spec`
  const other = /^[a-z]{2}-[a-z]+-\d+[a-z]?$/.test(text) ? ", not one of AWS's" : ""
  return `give the region's name, such as "europe-west2"${other}`
}

/**
 * Checks the options of `gcp()`.
 *
 * @throws SpecError with all that is wrong; it never shows a credential.
 */
export function parseGcpOptions(input: unknown): GcpOptions {
  return parseOptions("gcp", optionsSchema, input, combinationProblems(input), OTHER_NAMES) as GcpOptions
}

/** What a schema cannot say. */
function combinationProblems(input: unknown): readonly SpecProblem[] {
  if (typeof input !== "object" || input === null) return []
  const { region, zones, network, subnetwork, labels, scopes, serviceAccount, overrides } = input as Partial<
    Record<keyof GcpOptions, unknown>
  >
  const problems: SpecProblem[] = []
  const strays = Array.isArray(zones)
    ? zones.filter((zone) => typeof zone === "string" && !zone.startsWith(`${String(region)}-`))
    : []
  if (strays.length > 0) {
    problems.push({
      option: "gcp.zones",
      value: zones,
      message: `${strays.join(", ")} is not in ${String(region)}; name zones of that region`,
    })
  }
  if (network !== undefined && subnetwork !== undefined) {
    problems.push({
      option: "gcp.network",
      value: network,
      message: "is given beside subnetwork, which is of one network already; give one of them",
    })
  }
  if (scopes !== undefined && serviceAccount === undefined) {
    problems.push({ option: "gcp.scopes", value: scopes, message: "are of no account; give serviceAccount too" })
  }
  return [...problems, ...ownTagProblems(labels, LABEL_RULES), ...overrideProblems(overrides)]
}

function overrideProblems(overrides: unknown): readonly SpecProblem[] {
  if (typeof overrides !== "object" || overrides === null) return []
  const { scheduling } = overrides as { readonly scheduling?: unknown }
  return [
    ...ownedProblems(overrides, OWNED, "gcp.overrides"),
    ...(typeof scheduling === "object" && scheduling !== null
      ? ownedProblems(scheduling, OWNED_SCHEDULING, "gcp.overrides.scheduling")
      : []),
  ]
}

function ownedProblems(given: object, owned: Readonly<Record<string, string>>, path: string): readonly SpecProblem[] {
  return Object.keys(given).flatMap((key) => {
    const reason = owned[key]
    return reason === undefined ? [] : [{ option: `${path}.${key}`, message: `cannot be overridden: ${reason}` }]
  })
}

function isAuth(value: unknown): boolean {
  return typeof (value as { getRequestHeaders?: unknown } | null | undefined)?.getRequestHeaders === "function"
}

/** Tokens and scripts must not be sent in clear text, except inside this machine (a test server). */
