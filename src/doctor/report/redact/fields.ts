/** Fields: what a text is taken for by where it stands. Tables and pure functions. */
import { TAG, TAG_PREFIX } from "../../../fleet/tags.js"
import type { Field } from "./bodies.js"
import { isHarmless, isShaped } from "./harmless.js"

/**
 * `plain`: known words stay. `name`: nothing stays but the names of places and types. `private`: nothing stays. `bulk`: not even its
 * length. `console`: the lines that Muster's guests write. `request`: the number of a request, of which nobody learns anything.
 */
export type FieldClass = "plain" | "name" | "private" | "bulk" | "console" | "request"

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Objects whose names are users'. */
const MAPS = words("labels userlabels tags annotations resourcemanagertags guestattributes environment variables")

const BULK = words(`userdata customdata startupscript secureboot protectedsettings commandtoexecute script
  password adminpassword secret clientsecret keydata privatekey publickey publickeymaterial sshpublickey certificate`)

const CONSOLES = words("output contents")

const REQUESTS = words(`requestid x-amzn-requestid x-amz-request-id x-ms-request-id x-ms-correlation-request-id
  x-ms-routing-request-id x-ms-client-request-id x-guploader-uploadid clientrequestid correlationid trackingid activityid`)

const PRIVATE =
  words(`description displayname email user owner creator createdby modifiedby hostname computername dnsname
  domain domainname domainnamelabel fqdn principal principalid objectid tenantid clientid appid userid account accountid
  adminusername username login fingerprint etag token nonce nexttoken pagetoken nextpagetoken sig signature skiptoken marker
  keyname keypairid macaddress privatednsname publicdnsname sshkeys authorization challenge csr answer comment
  ownerid owneralias imageowneralias labelfingerprint tagfingerprint metadatafingerprint`)

/** Names that the clouds give. */
const PLAIN_NAMES =
  words(`regionname zonename availabilityzoneid skuname armskuname armregionname productname servicename metername
  devicename rootdevicename quotaname metricname limitname typename eventname actionname familyname`)

/** What has names of the clouds' own: a state, a filter of EC2, a capability, a quota. */
const PLAIN_PARENTS =
  words(`instancestate currentstate previousstate shutdownstate state filter capabilities sku skus quotas usages
  quota limits category family reservedname guestosfeatures features options quotainfo errorinfo`)

/** Muster's tags that tell of people and machines. */
const PRIVATE_TAGS: ReadonlySet<string> = new Set([TAG.cluster, TAG.owner, TAG.holder])

/** Muster's own keys; no user can have one that begins so. */
export function isKeptKey(key: string): boolean {
  return key.startsWith(TAG_PREFIX) && key.split("-").every(isHarmless)
}

/** The values of Muster's other tags are Muster's own: numbers, hex, states. */
function isOwnTag(key: string): boolean {
  return isKeptKey(key) && !PRIVATE_TAGS.has(key)
}

export function classOf(field: Field): FieldClass {
  const { path, text } = field
  const key = path.at(-1) ?? ""
  const parent = path.at(-2) ?? ""
  if (REQUESTS.has(key)) return "request"
  const tagged = tagClassOf(field, key, parent)
  if (tagged !== undefined) return tagged
  if (CONSOLES.has(key) && text.length > 80) return "console"
  if (BULK.has(key)) return "bulk"
  if (PRIVATE.has(key)) return "private"
  return isNamed(key, parent) ? "name" : "plain"
}

/** Of tags and labels, in each cloud's way to write them. */
function tagClassOf({ path, text, beside }: Field, key: string, parent: string): FieldClass | undefined {
  if (MAPS.has(parent)) return isOwnTag(key) ? "plain" : "private"
  if (parent === "filter") {
    const tag = /^tag:(.*)$/s.exec(beside("name") ?? "")?.[1]
    if (key === "name" && tag !== undefined) return isKeptKey(tag) ? "plain" : "private"
    if (key === "value" && beside("name") === "tag-key") return isKeptKey(text) ? "plain" : "private"
    return tag === undefined || isOwnTag(tag) ? "plain" : "private"
  }
  const isTag = path.some((name) => /^tags?$|^tag(set|specification)|^labels$/.test(name))
  if (isTag && key === "key") return isKeptKey(text) ? "plain" : "private"
  if (isTag && key === "value") return isOwnTag(beside("key") ?? "") ? "plain" : "private"
  if (path.includes("metadata") && key === "key") return "plain"
  if (path.includes("metadata") && key === "value") return beside("key") === undefined ? "private" : "bulk"
  return undefined
}

function isNamed(key: string, parent: string): boolean {
  if (PLAIN_NAMES.has(key)) return false
  if (key === "name" || key === "names") return !PLAIN_PARENTS.has(parent)
  return /(name|names|ids|[a-z]id)$|^id$/.test(key)
}

/** Whether a name in an object may be told. @param path to the object. */
export function isFilledByUsers(path: readonly string[]): boolean {
  return (
    MAPS.has(path.at(-1) ?? "") || path.at(-1) === "userassignedidentities" || path.at(-1) === "perinstanceproperties"
  )
}

/** Whether a name may be told because it is a place's or a type's. */
export function isCloudsOwn(text: string): boolean {
  return text === "" || isShaped(text)
}

const COLLECTIONS = `projects|instances|disks|networks|subnetworks|firewalls|images|snapshots|instanceTemplates|instanceGroupManagers|
  instanceGroups|reservations|serviceAccounts|operations|addresses|routers|routes|subscriptions|resourceGroups|virtualMachines|
  networkInterfaces|virtualNetworks|subnets|networkSecurityGroups|securityRules|publicIPAddresses|ipConfigurations|
  userAssignedIdentities|storageAccounts|vaults|secrets|keys|capacityReservationGroups|proximityPlacementGroups|
  applicationSecurityGroups|extensions|galleries|virtualMachineScaleSets|user|role|assumed-role|instance-profile|policy|group|
  launch-template|key-pair|buckets|tenants|organizations|folders|users|groups|roles|policies|accounts|federated-user`

/** What stands where a name would: a verb of an API, a part of a path. */
const VERBS =
  "bulkInsert|aggregated|family|global|default|delete|insert|list|read|write|action|subnets|latest|get|set|join|use"

/** The segments of paths, addresses and ARNs that have names of users: those behind the name of a collection. */
export const NAMED_SEGMENTS = new RegExp(
  `(?<=(?:^|[/:\\s"'(])(?:${COLLECTIONS.replace(/\s+/g, "")})/)(?!(?:${VERBS})(?:[/?\\s"'.,;)]|$))[^/?#&=\\s"'<>,;)]+`,
  "gi",
)
