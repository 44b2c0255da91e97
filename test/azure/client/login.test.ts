/** Credentials that end in the middle: the token is given up, asked for anew once, and the request is sent again once. */
import { describe, expect, test } from "vitest"
import type { AzureCredential, AzureTokenOptions } from "../../../providers/azure/index.js"
import { AuthError } from "../../../src/errors.js"
import { Cluster } from "../../../src/cluster.js"
import { azureCloud, type Cloud, OWNER, planMany } from "../support/cloud.js"
import { errorOf } from "../support/scripted.js"

const SELECTOR = { uid: OWNER.uid }
const NEVER = Number.MAX_SAFE_INTEGER

interface Login {
  readonly credential: AzureCredential
  /** What was asked of it, each time. */
  readonly asked: (AzureTokenOptions | undefined)[]
}

/** Gives "token-1", "token-2", … */
function login(): Login {
  const asked: Login["asked"] = []
  const getToken = (_scopes: unknown, options?: AzureTokenOptions) => {
    asked.push(options)
    return Promise.resolve({ token: `token-${asked.length}`, expiresOnTimestamp: NEVER })
  }
  return { credential: { getToken }, asked }
}

async function cloudWith({ credential }: Login): Promise<Cloud> {
  const cloud = await azureCloud({ azure: { credential } })
  cloud.wire.quirks.tokens = new Set(["token-1"])
  return cloud
}

const listOf = (cloud: Cloud) => cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))

describe("one token is refused", () => {
  test("in the middle of a burst: the credential is asked once for all of it, and nobody hears of it", async () => {
    const known = login()
    const cloud = await cloudWith(known)
    const launches = await planMany(cloud, 100)
    cloud.wire.quirks.tokens = new Set(["token-2"])
    const launched = await cloud.run(Promise.all(launches.map((call) => cloud.provider.launch(call, cloud.calls()))))
    expect(launched.flatMap(({ instances }) => instances)).toHaveLength(100)
    expect(known.asked).toHaveLength(2)
    expect(cloud.world.truth()).toHaveLength(100)
  })

  test.each([
    ["ExpiredAuthenticationToken", { status: 401, code: "ExpiredAuthenticationToken", message: "It has expired." }],
    ["InvalidAuthenticationToken", { status: 401, code: "InvalidAuthenticationToken", message: "It is invalid." }],
    ["a code nobody knows", { status: 401, code: "NeverSeen", message: "No." }],
    ["without a word", { status: 401, code: "", message: "" }],
  ])("%s: for every kind of request", async (_what, said) => {
    const known = login()
    const cloud = await azureCloud({ azure: { credential: known.credential } })
    const [call] = await planMany(cloud, 1)
    if (call === undefined) throw new Error("no launch call")
    for (const api of ["VirtualMachines_CreateOrUpdate", "ResourceGroups_List", "VirtualMachines_Delete"])
      cloud.wire.answer({ api, place: "whole", times: 1, ...said })
    const { instances } = await cloud.run(cloud.provider.launch(call, cloud.bare()))
    expect(instances).toHaveLength(1)
    expect(await listOf(cloud)).toHaveLength(1)
    expect((await cloud.run(cloud.provider.terminate(instances, cloud.bare()))).failures).toEqual([])
    expect(known.asked).toHaveLength(4)
  })

  test("with a challenge: its claims are asked for, and only this once", async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1767225600"}}}'
    const known = login()
    const cloud = await azureCloud({ azure: { credential: known.credential } })
    const challenge = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`
    const said = { status: 401, code: "InvalidAuthenticationToken", message: "The token was revoked." }
    cloud.wire.answer({
      api: "ResourceGroups_List",
      place: "whole",
      times: 1,
      ...said,
      headers: { "www-authenticate": challenge },
    })
    expect(await listOf(cloud)).toEqual([])
    expect(known.asked.map((options) => options?.claims)).toEqual([undefined, claims])
    cloud.wire.answer({ api: "ResourceGroups_List", place: "whole", times: 1, ...said })
    expect(await listOf(cloud)).toEqual([])
    expect(known.asked.map((options) => options?.claims)).toEqual([undefined, claims, undefined])
  })

  test('without a challenge the other kind of token is asked for: "@azure/identity" would give the same one out again', async () => {
    const known = login()
    const cloud = await cloudWith(known)
    await listOf(cloud)
    cloud.wire.quirks.tokens = new Set(["token-2"])
    await listOf(cloud)
    expect(known.asked.map((options) => options?.enableCae)).toEqual([true, false])
  })
})

describe("every token is refused", () => {
  test("an AuthError with Azure's words, after one more token each", async () => {
    const known = login()
    const cloud = await cloudWith(known)
    cloud.wire.quirks.tokens = new Set(["none"])
    const error = await errorOf(listOf(cloud))
    expect(error).toBeInstanceOf(AuthError)
    expect(error).toMatchObject({ code: "ExpiredAuthenticationToken" })
    expect(error.message).toMatch(/^listing resource groups: The access token expiry.*log in again/)
    expect(known.asked).toHaveLength(2)
    expect(cloud.world.ledger.count()).toBe(2)
  })

  test("a burst: one more token for all of it, and each request is sent again once", async () => {
    const known = login()
    const cloud = await cloudWith(known)
    const launches = await planMany(cloud, 100)
    const before = cloud.world.ledger.count()
    cloud.wire.quirks.tokens = new Set(["none"])
    const outcomes = await cloud.run(
      Promise.allSettled(launches.map((call) => cloud.provider.launch(call, cloud.calls()))),
    )
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true)
    expect(known.asked).toHaveLength(2)
    expect(cloud.world.ledger.count() - before).toBe(200)
  })
})

test("a cluster whose token ended while it ran is closed, and nothing is left", async () => {
  const known = login()
  const cloud = await cloudWith(known)
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await cloud.run(cluster.scale(10))
  cloud.wire.quirks.tokens = new Set(["token-2"])
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  await cloud.run(cloud.clock.sleep(60_000))
  expect(cloud.wire.remains().filter(({ kind }) => kind === "vm")).toEqual([])
  expect(known.asked).toHaveLength(2)
})

describe("what a credential gives is checked, and named when it is wrong", () => {
  const SECRET = "c2VjcmV0"
  test.each([
    ["nothing", () => Promise.resolve(null), "returned null"],
    ["undefined", () => Promise.resolve(undefined), "returned undefined"],
    ["the token alone", () => Promise.resolve(SECRET), "returned a string"],
    [
      "what the command line prints",
      () => Promise.resolve({ accessToken: SECRET, expiresOn: "2026-01-01 00:00:00.000000" }),
      "returned an object without a token (it has accessToken, expiresOn)",
    ],
    ["an empty token", () => Promise.resolve({ token: "", expiresOnTimestamp: NEVER }), "without a token"],
    [
      "a line end",
      () => Promise.resolve({ token: `${SECRET}\n`, expiresOnTimestamp: NEVER }),
      "a token with spaces or line ends in it",
    ],
    [
      "the word Bearer",
      () => Promise.resolve({ token: `Bearer ${SECRET}`, expiresOnTimestamp: NEVER }),
      "a token with spaces or line ends in it",
    ],
    ["no end", () => Promise.resolve({ token: SECRET }), "whose expiresOnTimestamp is missing"],
    [
      "an end as text",
      () => Promise.resolve({ token: SECRET, expiresOnTimestamp: "2026-01-01T00:00:00Z" }),
      "whose expiresOnTimestamp is no number",
    ],
    [
      "an end in seconds",
      () => Promise.resolve({ token: SECRET, expiresOnTimestamp: 1_767_225_600 }),
      "whose expiresOnTimestamp is in seconds, not milliseconds",
    ],
    ["an error", () => Promise.reject(new Error("the vault is sealed")), "failed: the vault is sealed"],
    [
      "an error at once",
      () => {
        throw new Error("the vault is sealed")
      },
      "failed: the vault is sealed",
    ],
  ])("%s", async (_what, getToken, words) => {
    const cloud = await azureCloud({ azure: { credential: { getToken: getToken as never } } })
    const error = await errorOf(listOf(cloud))
    expect(error).toBeInstanceOf(AuthError)
    expect(error.message).toMatch(/^listing resource groups: no token: credential\.getToken\(\) /)
    expect(error.message).toContain(words)
    expect(error.message).not.toContain(SECRET)
    expect(cloud.world.ledger.count()).toBe(0)
  })
})

test("a login that fails while the last token is good is not noticed before Azure refuses that", async () => {
  let asked = 0
  const getToken = () => {
    asked += 1
    if (asked > 1) return Promise.reject(new Error("the directory is down"))
    // So near its end that the next one is asked for ahead of time.
    return Promise.resolve({ token: "token-1", expiresOnTimestamp: Date.now() + 60_000 })
  }
  const cloud = await azureCloud({ azure: { credential: { getToken } } })
  cloud.wire.quirks.tokens = new Set(["token-1"])
  for (let look = 0; look < 3; look += 1) expect(await listOf(cloud)).toEqual([])
  expect(asked).toBeGreaterThan(1)
  cloud.wire.quirks.tokens = new Set(["token-2"])
  expect(await errorOf(listOf(cloud))).toBeInstanceOf(AuthError)
})

test("a credential that never answers is asked again by the next request", async () => {
  let asked = 0
  const ending = new AbortController()
  const getToken = () => {
    asked += 1
    if (asked > 1) return Promise.resolve({ token: "token", expiresOnTimestamp: NEVER })
    queueMicrotask(() => ending.abort(new Error("nobody waits so long")))
    return new Promise<never>(() => {})
  }
  const cloud = await azureCloud({ azure: { credential: { getToken } } })
  const { signal } = ending
  const error = await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.bare({ signal }))))
  expect(error.message).toBe("nobody waits so long")
  expect(await listOf(cloud)).toEqual([])
  expect(asked).toBe(2)
})
