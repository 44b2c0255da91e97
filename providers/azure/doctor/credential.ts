/** Whose login there is, where it is from, when its token ends, and whether Azure accepts it for this subscription. */
import { AuthError } from "../../../src/errors.js"
import type { Calls, Finding, JsonObject, Look } from "../../../src/provider.js"
import { isoTime } from "../../../src/tables/times.js"
import { tokenOf } from "../client/credentials.js"
import { isForbidden, thrownError } from "../client/errors.js"
import { itemsOf } from "../client/pages.js"
import { defaultCredential } from "../client/sdk.js"
import { arm, type Azure, contextOf } from "../client/send.js"
import { SUBSCRIPTIONS } from "../client/versions.js"
import { scopeOf } from "../clouds.js"
import type { AzureToken } from "../options.js"

interface Subscription {
  readonly displayName?: string
  readonly state?: string
  readonly tenantId?: string
}

export function credentialLook(azure: Azure): Look {
  return {
    name: "credential",
    look: async (_examined, calls) => {
      const token = await askToken(azure, calls)
      const subscription = await subscriptionOf(azure, calls)
      const login = loginOf(token)
      return [told(azure.options.subscriptionId, subscription, login, token, calls.now())]
    },
  }
}

/** @throws AuthError when there is no login, with the ways that were tried. */
async function askToken({ options }: Azure, calls: Calls): Promise<AzureToken> {
  const what = "asking for a token"
  return calls.send("getToken", {}, async ({ signal }) => {
    try {
      const credential = options.credential ?? defaultCredential(options)
      return await tokenOf(credential, scopeOf(options), signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw thrownError(error, contextOf(options, "Subscriptions_Get", { what }))
    }
  })
}

/** Undefined where it may not be read: then the login was accepted all the same. */
async function subscriptionOf(azure: Azure, calls: Calls): Promise<Subscription | undefined> {
  const path = `/subscriptions/${azure.options.subscriptionId}?api-version=${SUBSCRIPTIONS}`
  const info = { what: "reading the subscription", member: "subscriptionId" }
  try {
    return (await arm(azure, calls, "Subscriptions_Get", { method: "GET", path }, info)).body as Subscription
  } catch (error) {
    if (!isForbidden(error)) throw error
    return undefined
  }
}

/** What a token says of its holder ("Access token claims reference"); it is read, and never shown. */
interface Claims {
  readonly tid?: string
  readonly appid?: string
  readonly azp?: string
  readonly upn?: string
  readonly unique_name?: string
  readonly oid?: string
  readonly idtyp?: string
  readonly xms_mirid?: string
}

/** The applications of Azure's own tools ("Verify first-party Microsoft applications in sign-in reports"). */
const TOOLS: Readonly<Record<string, string>> = {
  "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "the az command (az login)",
  "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
}

interface Login {
  readonly who?: string
  readonly source?: string
  readonly tenant?: string
}

function loginOf({ token }: AzureToken): Login {
  const { tid, appid, azp, upn, unique_name, oid, idtyp, xms_mirid } = claimsIn(token)
  const application = appid ?? azp
  const tool = TOOLS[application ?? ""]
  const isOwn = tool === undefined && application !== undefined
  const who = upn ?? unique_name ?? (isOwn ? `application ${application}` : oid)
  const source =
    xms_mirid !== undefined ? "a managed identity" : (tool ?? (idtyp === "app" ? "a service principal" : undefined))
  return {
    ...(who === undefined ? {} : { who }),
    ...(source === undefined ? {} : { source }),
    ...(tid === undefined ? {} : { tenant: tid }),
  }
}

/** Nothing of what is no JWT: a credential of the user's own may give anything. */
function claimsIn(token: string): Claims {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as unknown
    return typeof claims === "object" && claims !== null ? (claims as Claims) : {}
  } catch {
    return {}
  }
}

function told(
  id: string,
  subscription: Subscription | undefined,
  { who, source, tenant }: Login,
  { expiresOnTimestamp: ends }: AzureToken,
  now: number,
): Finding {
  const { displayName, state = "Enabled" } = subscription ?? {}
  // A moment far away is what a credential says that has none.
  const isKnown = ends > 0 && ends < now + 100 * 24 * 3_600_000
  const parts = [
    `subscription ${id}${displayName === undefined ? "" : ` (${displayName})`}`,
    ...(who === undefined ? [] : [who]),
    ...(tenant === undefined ? [] : [`of tenant ${tenant}`]),
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(isKnown ? [`token until ${isoTime(ends)}`] : []),
  ]
  const data: JsonObject = {
    subscriptionId: id,
    state,
    ...(who && { who }),
    ...(source && { source }),
    ...(tenant && { tenant }),
  }
  const text = parts.join(", ")
  if (state === "Enabled") return { status: "ok", text, data }
  const remedy = "the subscription takes no new machines: look at it in the portal"
  return {
    status: /^(Warned|PastDue)$/.test(state) ? "warn" : "fail",
    text: `${text}, which is ${state}`,
    remedy,
    data,
  }
}

interface Location {
  readonly name?: string
}

export function regionLook(azure: Azure): Look {
  const { location, subscriptionId } = azure.options
  return {
    name: "region",
    look: async (_examined, calls) => {
      const path = `/subscriptions/${subscriptionId}/locations?api-version=${SUBSCRIPTIONS}`
      const info = { what: "reading the subscription's locations" }
      try {
        const found = await itemsOf<Location>(azure, calls, "Subscriptions_ListLocations", path, info)
        const names = found.flatMap(({ name }) => name ?? [])
        if (names.some((name) => name.toLowerCase() === location.toLowerCase()))
          return [{ status: "ok", text: `${location} is one of the subscription's ${names.length} locations` }]
        const remedy = "name one of az account list-locations"
        return [{ status: "fail", text: `${location} is none of the subscription's locations`, remedy }]
      } catch (error) {
        if (!(error instanceof AuthError) || !isForbidden(error)) throw error
        const remedy = "muster policy azure --with doctor lets doctor read them"
        return [{ status: "warn", text: `whether ${location} is enabled may not be read`, remedy }]
      }
    },
  }
}
