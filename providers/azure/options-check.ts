/** Checks what a user says to `azure()`. */
import type { SpecProblem } from "../../src/errors.js"
import { HTTPS_URL } from "../../src/input/addresses.js"
import { type OptionHints, parseOptions, type Z } from "../../src/input/parse.js"
import { CLOUD_NAMES, cloudProblems } from "./clouds.js"
import type { AzureCredential, AzureHttpClient, AzureOptions } from "./options.js"
import { ownTagProblems } from "../../src/tables/tag-rules.js"
import { TAG_RULES } from "./tag-rules.js"

/** What makes instances ours, or ends them without us, is not for overriding; and what to use instead. */
const OWNED: Readonly<Record<string, string>> = {
  tags: "they hold what ownership rests on; use tags, or the group's tags",
  location: "use location",
  zones: "zones come with offers; use the group's zones",
  priority: "use the group's market",
  evictionPolicy: "evicted instances must not leave paid disks behind",
  identity: "the watchdog needs it; use identity",
  hardwareProfile: "use instanceType",
  networkProfile: "use subnetId and publicAddress",
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What Azure's own tools call it, or where it belongs. */
const DISK_KEY = "give overrides: { storageProfile: { osDisk: { managedDisk: { diskEncryptionSet: { id } } } } }"

const OTHER_NAMES: OptionHints = {
  ...{ diskencryptionset: DISK_KEY, diskencryptionsetid: DISK_KEY, encryption: DISK_KEY, labels: "tags" },
  ...{ region: "location", subscription: "subscriptionId", subnet: "subnetId", group: "resourceGroup" },
  ...{ credentials: "credential", sshkey: "sshPublicKey", vmsize: "instanceType belongs to the cluster's spec" },
}

const SUBSCRIPTION_RULE =
  'give the subscription\'s id, a GUID (az account show --query id); provider: "azure" takes it from AZURE_SUBSCRIPTION_ID'

const GROUP = /^[\w.()-]{0,89}[\w()-]$/

/** Each part goes into the path of a request. */
const URN_PART = "[A-Za-z0-9][\\w.-]*"

export const URN = new RegExp(`^${URN_PART}:${URN_PART}:${URN_PART}:${URN_PART}$`)

const SSH_KEY = /^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/=]+( .*)?$/

/** A name within a resource id, which goes into the path of a request: no "..", and nothing that ends a path. */
const NAME = "[\\p{L}\\p{N}_.()-]*[\\p{L}\\p{N}_()-]"

/** @param types a type with its names as `*`; a pattern otherwise. */
function idPattern(types: string): RegExp {
  const path = `/subscriptions/[0-9a-f-]+/resourceGroups/*/providers/${types}`
  return new RegExp(`^${path.replaceAll("*", NAME)}$`, "iu")
}

export const IMAGE_ID = idPattern("Microsoft\\.Compute/(images/*|galleries/*/images/*(/versions/*)?)")

const IMAGE_TEXT = new RegExp(`${URN.source}|${IMAGE_ID.source}`, "iu")

/** Not some of the names that "Create or update a VM" refuses for adminUsername. */
const FREE_NAME = /^(?!(?:root|admin|administrator|user|test|guest|console|backup|sys)$)/

export function optionsSchema(z: Z) {
  return z.strictObject({ ...accountFields(z), ...machineFields(z), ...placementFields(z) })
}

/** Which account, where in it, and how it is reached. */
function accountFields(z: Z) {
  const https = z.string().regex(HTTPS_URL, "give an https URL: tokens never travel over plain http")
  return {
    subscriptionId: z.string(SUBSCRIPTION_RULE).regex(UUID, SUBSCRIPTION_RULE),
    location: z.string({ error: locationRule }).regex(/^[a-z][a-z0-9]{2,}$/, { error: locationRule }),
    resourceGroup: z.string().regex(GROUP, "give a group's name: up to 90 letters, digits and . _ - ( )").optional(),
    subnetId: idField(
      z,
      "Microsoft\\.Network/virtualNetworks/*/subnets/*",
      "Microsoft.Network/virtualNetworks/net/subnets/workers",
    ),
    cloud: z.enum(CLOUD_NAMES).optional(),
    tags: z.record(z.string(), z.string()).optional(),
    credential: z
      .custom<AzureCredential>(
        hasMethod("getToken"),
        'give a credential of "@azure/identity", or any object with getToken',
      )
      .optional(),
    endpoint: https.optional(),
    ca: z.string().includes("-----BEGIN CERTIFICATE-----", { message: "give certificates in PEM" }).optional(),
    httpClient: z.custom<AzureHttpClient>(hasMethod("sendRequest"), "give an object with sendRequest").optional(),
    pricesEndpoint: https.optional(),
  }
}

/** What an instance is, and who may enter it. */
function machineFields(z: Z) {
  const image = z.string().regex(IMAGE_TEXT, 'give "publisher:offer:sku:version" or an image\'s resource id')
  return {
    image: z.union([image, z.strictObject({ x86_64: image.optional(), arm64: image.optional() })]).optional(),
    identity: idField(
      z,
      "Microsoft\\.ManagedIdentity/userAssignedIdentities/*",
      "Microsoft.ManagedIdentity/userAssignedIdentities/workers",
    ),
    sshPublicKey: z
      .string()
      .regex(SSH_KEY, 'give one line of an OpenSSH public key ("ssh-ed25519 …" or "ssh-rsa …")')
      .optional(),
    adminUsername: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "give a Linux user's name")
      .regex(FREE_NAME, "Azure does not allow this name")
      .optional(),
    maxPrice: z.number().positive("give USD per hour above zero, or leave it out").optional(),
    disk: z
      .strictObject({
        sizeGiB: z.number().int().min(30).max(4095).optional(),
        type: z
          .string()
          .regex(/^[A-Za-z0-9]+_(LRS|ZRS)$/, 'give a disk type, such as "Premium_LRS"')
          .optional(),
        ephemeral: z.boolean().optional(),
      })
      .optional(),
  }
}

function placementFields(z: Z) {
  return {
    proximityPlacementGroup: idField(
      z,
      "Microsoft\\.Compute/proximityPlacementGroups/*",
      "Microsoft.Compute/proximityPlacementGroups/near",
    ),
    capacityReservationGroup: idField(
      z,
      "Microsoft\\.Compute/capacityReservationGroups/*",
      "Microsoft.Compute/capacityReservationGroups/ours",
    ),
    overrides: z.record(z.string(), z.json()).optional(),
  }
}

/** @param example the end of an id of that kind. */
function idField(z: Z, types: string, example: string) {
  return z
    .string()
    .regex(idPattern(types), `give a resource id, such as "/subscriptions/…/resourceGroups/…/providers/${example}"`)
    .optional()
}

/** What to give instead of what is no location: a display name ("UK South"), or a zone ("uksouth-1"). */
function locationRule({ input }: { readonly input?: unknown }): string {
  const text = typeof input === "string" ? input : ""
  const [, zoned, zone] = /^([a-z][a-z0-9]{2,})-([123])$/.exec(text) ?? []
  if (zoned !== undefined)
    return `that is a zone: give location "${zoned}", and zones: ["${zone}"] in the cluster's spec`
  const words = text.toLowerCase().replaceAll(" ", "")
  if (words !== text && /^[a-z][a-z0-9]{2,}$/.test(words))
    return `give its name without spaces and capitals: "${words}"`
  const other = text.includes("-") ? ", not one of another cloud's" : ""
  return `give the location's name, such as "westeurope" (az account list-locations)${other}`
}

/**
 * Checks the options of `azure()`.
 *
 * @throws SpecError with all that is wrong.
 */
export function parseAzureOptions(input: unknown): AzureOptions {
  return parseOptions("azure", optionsSchema, input, combinationProblems(input), OTHER_NAMES) as AzureOptions
}

/** What a schema cannot say. */
function combinationProblems(input: unknown): readonly SpecProblem[] {
  if (typeof input !== "object" || input === null) return []
  const given = input as Partial<Record<keyof AzureOptions, unknown>>
  const { tags, overrides, capacityReservationGroup, proximityPlacementGroup } = given
  const problems: SpecProblem[] = Object.keys(overrides ?? {}).flatMap((key) => {
    const reason = OWNED[key]
    return reason === undefined
      ? []
      : [{ option: `azure.overrides.${key}`, message: `cannot be overridden: ${reason}` }]
  })
  if (capacityReservationGroup !== undefined && proximityPlacementGroup !== undefined) {
    const message = "is given beside proximityPlacementGroup, and Azure takes only one of them for a VM; leave one out"
    problems.push({ option: "azure.capacityReservationGroup", message })
  }
  return [...problems, ...cloudProblems(given.cloud, given.endpoint), ...ownTagProblems(tags, TAG_RULES)]
}

function hasMethod(name: string): (value: unknown) => boolean {
  return (value) => typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === "function"
}
