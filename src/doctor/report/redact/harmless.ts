/** Harmless: what may be told as it stands. All else is replaced. Pure. */
import { HARMLESS_WORDS } from "./words.js"

/** Runs of letters and digits that are not made of such words, in lower case. */
const COMPOUNDS = new Set(
  `x86 x86_64 amd64 arm64 aarch64 i386 ipv4 ipv6 sha1 sha256 sha512 md5 md4 base64 utf8 gp2 gp3 io1 io2 st1 sc1 v1 v2 v3 v4 v5 v6 v7
  hvm xen nitro ebs xvda xvdb sda sda1 sdb nvme0n1 nvme1n1 dev lvm s3 http1 http2 h2 tls1 rsa4096 ed25519 ecdsa nistp256 ext4 b64
  amazonaws googleapis googleusercontent gserviceaccount windows core cloudapp azure localhost imds imdsv1 imdsv2 awsvpc urlencoded ec2 sts arn
  virtualmachines resourcegroups networkinterfaces virtualnetworks networksecuritygroups publicipaddresses networkprofile
  securityrules applicationsecuritygroups storageaccounts userassignedidentities bootdiagnostics virtualmachinescalesets
  capacityreservationgroups subscriptions asyncoperation azureasyncoperation requestid tagset instanceset nextlink selflink
  orderby skiptoken pagetoken vmimage artifacttypes resultsperpage muster bulkinsert operationgroupid insertid waitfor vcpu vcpus gib mib kib hh mm nics uids ids urls amis ssds gpus hdds api4 k8s
  debian11 debian12 debian13 ubuntu2204 ubuntu2404 al2023 mtls tcp4 unixtime pd mbps iops rfc1123 iso8601 cloudinit
  australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth brazilsoutheast
  canadacentral canadaeast centralindia centralus chilecentral eastasia eastus eastus2 eastus3 francecentral francesouth
  germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest jioindiacentral jioindiawest
  koreacentral koreasouth malaysiawest mexicocentral newzealandnorth northcentralus northeurope norwayeast norwaywest
  polandcentral qatarcentral southafricanorth southafricawest southcentralus southeastasia southindia spaincentral
  swedencentral swedensouth switzerlandnorth switzerlandwest uaecentral uaenorth uksouth ukwest westcentralus westeurope
  westindia westus westus2 westus3 chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3 usgovarizona usgovtexas
  usgovvirginia usgoviowa`.split(/\s+/),
)

/** Regions, zones and types as the clouds name them; a whole word each. */
export const SHAPED = [
  // us-east-1, us-gov-west-1a, use1-az2
  String.raw`(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central|northeast|southeast|northwest|southwest)-\d[a-z]?`,
  String.raw`[a-z]{2,4}\d-az\d`,
  // us-central1, northamerica-northeast2-b
  String.raw`(?:us|northamerica|southamerica|europe|asia|australia|me|africa)-(?:north|south|east|west|central|northeast|southeast|northwest|southwest)\d{1,2}(?:-[a-f])?`,
  // m7i.large, p5en.48xlarge
  String.raw`[a-z]{1,3}\d{1,2}[a-z]{0,4}(?:-flex)?\.(?:nano|micro|small|medium|large|metal(?:-\d{2}xl)?|\d{0,3}xlarge)`,
  // e2-micro, n2-standard-4, c3-standard-8-lssd
  String.raw`(?:[acefghmntxz]\d[a-z]{0,2})-(?:micro|small|medium|standard|highmem|highcpu|ultramem|megamem|highgpu|megagpu|ultragpu|edgegpu|hypermem)(?:-\d{1,4}g?)?(?:-lssd|-metal)?`,
  // Standard_B1s, Standard_D2s_v5, Standard_NC24ads_A100_v4
  String.raw`(?:Standard|Basic)_[A-Z]{1,3}\d{1,3}(?:-\d{1,3})?[a-z]{0,5}(?:_[AHMT]\d{1,4})?(?:_v\d{1,2})?`,
]

/** A number that says how much or how often, not who. */
const MOST_DIGITS = 5
const MOST_MIXED_DIGITS = 4

/** Whether letters and digits without anything between them may be told: a word, words in camel case, a small number. */
export function isHarmless(run: string): boolean {
  if (/^\d+$/.test(run)) return run.length <= MOST_DIGITS
  if (/^[A-Za-z]$/.test(run)) return true
  const lower = run.toLowerCase()
  if (COMPOUNDS.has(lower) || HARMLESS_WORDS.has(lower)) return true
  if (!/^[A-Za-z\d]+$/.test(run)) return false
  const numbers = run.match(/\d+/g) ?? []
  if (numbers.length > 1 || (numbers[0]?.length ?? 0) > MOST_MIXED_DIGITS) return false
  const words = run.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []
  return words.every((word) => HARMLESS_WORDS.has(word.toLowerCase()))
}

const WHOLE_SHAPED = new RegExp(`^(?:${SHAPED.join("|")})$`, "i")

/** Whether a text is the name of a region, a zone, a type or the like. */
export function isShaped(text: string): boolean {
  return COMPOUNDS.has(text.toLowerCase()) || WHOLE_SHAPED.test(text)
}

/** Whether a text has such words alone, so that nobody could tell a name that has it from any other. */
export function isCommon(text: string): boolean {
  return /^[A-Za-z]*$/.test(text) && isHarmless(text)
}
