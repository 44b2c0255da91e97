/** Compute Engine's answers for the fuzz: what its wire can be made to say to each request that a cluster's life sends. */
import { rowOf, type Verdict } from "../../../providers/gcp/client/codes.js"
import { gcp } from "../../../providers/gcp/index.js"
import { gceWire, gceWorld, PROJECT } from "../../../providers/gcp/wire/index.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { World } from "../../../src/simulator/index.js"
import { type AnswerCase, type AnswerSubject, type Place, SHARED, type Stand } from "./subject.js"

const ZONAL = "instances.bulkInsert"
const REGIONAL = "regionInstances.bulkInsert"

type Words = readonly [status: number, code: string, message: string]

/** What users have posted of refusals, one of each kind at least; and words that nobody has seen. */
const WHOLE: readonly Words[] = [
  [503, "resourcePoolExhausted", "The zone 'z' does not have enough resources available to fulfill the request."],
  [403, "quotaExceeded", "Quota 'IN_USE_ADDRESSES' exceeded.  Limit: 8.0 in region us-central1."],
  [403, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per region'."],
  [403, "rateLimitExceeded", "Rate Limit Exceeded: something is asked too often"],
  [400, "badRequest", "pd-ssd disk type cannot be used by this machine type."],
  [400, "invalid", "Invalid value for field 'resource.instanceProperties.minCpuPlatform': 'x'."],
  [400, "resourceNotReady", "The resource 'projects/p/subnetworks/s' is not ready"],
  [403, "forbidden", "Required 'compute.instances.create' permission for 'projects/p/zones/z'"],
  [404, "notFound", "The resource 'projects/p/global/images/gone' was not found"],
  [412, "conditionNotMet", "Constraint constraints/compute.vmExternalIpAccess violated for project 1."],
  [401, "authError", "Request had invalid authentication credentials."],
  [500, "internalError", "Internal error. Please try again."],
  [503, "backendError", "Backend Error of the service."],
  [400, "neverSeen", "Nobody has ever seen these words."],
  [403, "neverSeenEither", "Neither has anybody seen these."],
  [409, "neverSeenAtAll", "And these say nothing of a name."],
  [503, "neverSeenOfAServer", "The server is having a bad day."],
]

const OPERATION: readonly Words[] = [
  [0, "ZONE_RESOURCE_POOL_EXHAUSTED", "The zone 'z' does not have enough resources available to fulfill the request."],
  [0, "QUOTA_EXCEEDED", "Quota 'SSD_TOTAL_GB' exceeded.  Limit: 500.0 in region us-central1."],
  [0, "IP_SPACE_EXHAUSTED", "Instance 'v' creation failed: IP space of 's' is exhausted."],
  [0, "UNSUPPORTED_OPERATION", "pd-balanced disk type cannot be used by this machine type."],
  [0, "INTERNAL_ERROR", "Internal error. Please try again or contact Google Support."],
  [0, "RESOURCE_NOT_READY", "The resource 'projects/p/global/images/i' is not ready"],
  [0, "RESOURCE_OPERATION_RATE_EXCEEDED", "Operation rate exceeded for resource 'projects/p/global/images/i'."],
  [0, "CONDITION_NOT_MET", "Constraint constraints/compute.vmExternalIpAccess violated for project 1."],
  [0, "PERMISSIONS_ERROR", "Required 'compute.subnetworks.use' permission for 'projects/p/subnetworks/s'"],
  [0, "INVALID_USAGE", "Subnetwork must be specified for a network of custom mode."],
  [0, "EXTERNAL_RESOURCE_NOT_FOUND", "The resource 'w@p' of type 'serviceAccount' was not found."],
  [0, "SERVICE_ACCOUNT_ACCESS_DENIED", "The user does not have access to service account 'w@p'."],
  [0, "NEVER_SEEN", "Nobody has ever seen an operation end so."],
  [0, "NEVER_SEEN_EITHER", "Neither has anybody seen this."],
]

/** Requests that are not about an offer: a refusal of one is met by every offer alike. */
const OTHERS: readonly string[] = [
  "regions.get",
  "machineTypes.list",
  "images.getFromFamily",
  "routers.list",
  "instances.aggregatedList",
  "instances.list",
  "regionOperations.list",
  "regionOperations.wait",
  "zoneOperations.list",
  "instances.delete",
  "disks.list",
]

const OTHER_WORDS: readonly Words[] = [
  [403, "forbidden", "Required 'compute.something.get' permission for 'projects/p'"],
  [401, "authError", "Request had invalid authentication credentials."],
  [400, "neverSeenHere", "Nobody has ever seen these words here."],
  [503, "backendError", "Backend Error of the service."],
]

/** Deletions are accepted, and fail afterwards. */
const DELETION: readonly Words[] = [
  [0, "INTERNAL_ERROR", "Internal error. Please try again or contact Google Support."],
  [0, "NEVER_SEEN_OF_A_DELETION", "Nobody has ever seen a deletion end so."],
]

const MEANING: Readonly<Record<Verdict, AnswerCase["meaning"]>> = {
  throttled: "throttled",
  transient: "passing",
  capacity: "refused",
  quota: "refused",
  refused: "refused",
  summary: "refused",
  exists: "refused",
  rejected: "hopeless",
  auth: "hopeless",
}

function caseOf(api: string, place: Place, [status, code, message]: Words): AnswerCase {
  const isWhole = place === "whole"
  const row = rowOf({ codes: [code, ...(isWhole ? [`HTTP ${status}`] : [])], message })
  const isLaunch = api === ZONAL || api === REGIONAL
  const known = row === undefined ? (isLaunch ? "refused" : "hopeless") : MEANING[row.verdict]
  const isUnknown = isWhole && status >= 500 && known !== "refused"
  // An operation that was too much for a moment has ended; the same is begun anew.
  const meaning = isUnknown ? "unknown" : !isWhole && known === "throttled" ? "passing" : known
  const shared = SHARED[row?.scope === "metric" ? "region" : (row?.scope ?? "type-in-zone")]
  return { api, place, code, message, isKnown: row !== undefined, meaning, shared, ...(isWhole ? { status } : {}) }
}

const CASES: readonly AnswerCase[] = [
  ...WHOLE.map((words) => caseOf(REGIONAL, "whole", words)),
  ...OPERATION.map((words) => caseOf(REGIONAL, "operation", words)),
  ...OPERATION.map((words) => caseOf(REGIONAL, "insert-operation", words)),
  ...WHOLE.map((words) => caseOf(ZONAL, "whole", words)),
  ...OPERATION.map((words) => caseOf(ZONAL, "operation", words)),
  ...DELETION.map((words) => caseOf("instances.delete", "operation", words)),
  ...OTHERS.flatMap((api) => OTHER_WORDS.map((words) => caseOf(api, "whole", words))),
]

const LATENCY = { requestMs: [20, 60], createMs: [50, 150], bootMs: [5_000, 20_000], stopMs: [5_000, 10_000] } as const

async function open(seed: number): Promise<Stand> {
  const clock = new VirtualClock({ seed })
  const world = new World({ ...gceWorld(), clock, seed, listLagMs: [0, 1_000], latency: LATENCY })
  const wire = await gceWire({ world, operationMs: [2_000, 6_000] })
  return {
    clock,
    world,
    provider: gcp({ region: world.settings.region, project: PROJECT, apiEndpoint: wire.url }),
    instanceTypes: ["n2-standard-4", "c4-standard-4"],
    zones: ["us-central1-a", "us-central1-b"],
    answer: ({ api, place, code, message, status }, aim) => {
      if (place === "pool" || place === "failed-view")
        throw new RangeError(`Compute Engine has no answers of the place ${place}`)
      // What a region would be answered of several types a zone is of one.
      for (const one of api === REGIONAL ? [REGIONAL, ZONAL] : [api]) {
        wire.answers.give({ api: one, place, code, message, ...(status === undefined ? {} : { status }), ...aim })
      }
    },
    requests: () => {
      const counts = new Map<string, number>()
      for (const { api } of world.ledger.entries) counts.set(api, (counts.get(api) ?? 0) + 1)
      return counts
    },
    close: () => wire.close(),
  }
}

export const gcpAnswers: AnswerSubject = { cloud: "gcp", cases: CASES, open }
