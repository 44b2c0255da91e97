/** Tokens that end in the middle, and functions that give something else than one. */
import { createRequire } from "node:module"
import { describe, expect, test } from "vitest"
import { gcp, type GcpAuth } from "../../../providers/gcp/index.js"
import { AuthError, SpecError, TransientError } from "../../../src/errors.js"
import { callsFor, type Cloud, gce, launchMany, launchOne, OWNER, ZONE } from "../support/cloud.js"
import { canned, launchCall } from "../support/canned.js"

/** Whoever gives tokens: the one that is good now, and how often he was asked. */
function giver(token = "first") {
  const given = { token, asked: 0 }
  const getRequestHeaders = async () => {
    given.asked += 1
    return { authorization: `Bearer ${given.token}` }
  }
  return { given, auth: { getRequestHeaders } satisfies GcpAuth }
}

const unauthorized = { error: "auth", code: "authError", message: "Invalid Credentials" } as const
const refused = ({ world }: Cloud, api: string) => world.ledger.of(api).filter(({ outcome }) => outcome !== "ok").length

describe("one refusal in the middle of a burst", () => {
  test.each(["instances.bulkInsert", "instances.list", "zoneOperations.wait", "instances.delete"])(
    "of %s: the request is sent again, once, with a token that was asked for anew",
    async (api) => {
      const { given, auth } = giver()
      const cloud = await gce({ wire: { token: "first" }, gcp: { auth, zones: [ZONE] } })
      cloud.world.faults.fail(api, unauthorized)
      const instances = await launchMany(cloud, 2)
      expect(await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).toHaveLength(2)
      const { accepted } = await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
      expect(accepted).toHaveLength(2)
      expect(cloud.world.truth()).toHaveLength(2)
      expect(refused(cloud, api)).toBe(1)
      expect(given.asked).toBe(cloud.world.ledger.count())
    },
  )

  test("the token has run out: a hundred requests get another one, and all of them come through", async () => {
    const { auth, refreshed } = keeper("first", () => "second")
    const cloud = await gce({ wire: { token: "first" }, gcp: { auth, zones: [ZONE] } })
    const instances = await launchMany(cloud, 100)
    cloud.wire.accept("second")
    const { accepted, failures } = await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    expect([accepted.length, failures]).toEqual([100, []])
    expect([refused(cloud, "instances.delete"), refreshed()]).toEqual([100, 1])
  })

  test("a second refusal is the user's: two requests, and an AuthError that says what to do", async () => {
    const { auth } = giver("wrong")
    const cloud = await gce({ wire: { token: "right" }, gcp: { auth, zones: [ZONE] } })
    const listing = cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.calls()))
    await expect(listing).rejects.toThrow(AuthError)
    await expect(listing).rejects.toThrow(/listing instances in us-central1-a: .*renew the credentials/)
    expect(cloud.world.ledger.count("instances.list")).toBe(2)
  })

  test("a launch that is refused so was not made, and is made once", async () => {
    const { auth } = giver()
    const cloud = await gce({ wire: { token: "first" }, gcp: { auth } })
    const [call] = await callsFor(cloud, 3)
    if (call === undefined) throw new Error("no call")
    cloud.world.faults.fail("instances.bulkInsert", unauthorized)
    expect((await launchOne(cloud, call, cloud.calls())).instances).toHaveLength(3)
    expect(cloud.world.truth()).toHaveLength(3)
  })
})

interface Client extends GcpAuth {
  refreshHandler?: () => Promise<{ access_token: string; expiry_date: number }>
  setCredentials(credentials: object): void
  readonly credentials: { readonly access_token?: string }
}

/** A client of google-auth-library that keeps its token until it expires, which it says is far off. */
function keeper(token: string, refresh?: () => string) {
  const own = createRequire(createRequire(import.meta.url).resolve("@google-cloud/compute/package.json"))
  const library = createRequire(own.resolve("google-gax"))("google-auth-library") as {
    readonly OAuth2Client: new () => Client
  }
  let refreshed = 0
  const auth = new library.OAuth2Client()
  const later = Date.now() + 3_600_000
  auth.setCredentials({ access_token: token, expiry_date: later })
  if (refresh !== undefined) {
    auth.refreshHandler = async () => {
      refreshed += 1
      return { access_token: refresh(), expiry_date: later }
    }
  }
  return { auth, refreshed: () => refreshed }
}

describe("a client of google-auth-library", () => {
  test("that could have another token is told that its own has expired, also inside a GoogleAuth", async () => {
    const { auth, refreshed } = keeper("first", () => "second")
    const outer: GcpAuth & { getClient(): Promise<GcpAuth> } = {
      getClient: async () => auth,
      getRequestHeaders: (url) => auth.getRequestHeaders(url),
    }
    const cloud = await gce({ wire: { token: "second" }, gcp: { auth: outer, zones: [ZONE] } })
    expect(await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).toEqual([])
    expect([refreshed(), auth.credentials.access_token]).toEqual([1, "second"])
  })

  test("that has no other keeps what it was given, and one refusal that was a mistake does no harm", async () => {
    const { auth } = keeper("only")
    const cloud = await gce({ wire: { token: "only" }, gcp: { auth, zones: [ZONE] } })
    cloud.world.faults.fail("instances.list", unauthorized)
    expect(await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).toEqual([])
    expect(auth.credentials.access_token).toBe("only")
  })
})

test("who gives tokens and cannot be reached just now: the request is tried again, and nothing is said of credentials", async () => {
  let asked = 0
  const getRequestHeaders = async () => {
    asked += 1
    if (asked === 2) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    return { authorization: asked === 1 ? "Bearer first" : "Bearer second" }
  }
  const cloud = await gce({ wire: { token: "second" }, gcp: { auth: { getRequestHeaders }, zones: [ZONE] } })
  await expect(cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).rejects.toThrow(TransientError)
  asked = 0
  expect(await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.calls()))).toEqual([])
})

const SECRET = "ya29.secret"

describe("what getRequestHeaders returns is looked at, and never shown", () => {
  const WRONG: readonly (readonly [what: string, returns: unknown, says: RegExp])[] = [
    ["nothing", undefined, /returned nothing/],
    ["null", null, /returned nothing/],
    ["the token itself", SECRET, /returned a string/],
    ["no header of that name", { accessToken: SECRET }, /no "authorization"/],
    ["no text", { authorization: { token: SECRET } }, /"authorization" is no header's value/],
    [
      "a promise that nobody awaited",
      { authorization: Promise.resolve(SECRET) },
      /"authorization" is no header's value/,
    ],
    [
      "a token with the end of its line",
      { authorization: `Bearer ${SECRET}\n` },
      /"authorization" is no header's value/,
    ],
  ]
  test.each(WRONG)("%s", async (_what, returned, says) => {
    const auth = { getRequestHeaders: async () => returned } as unknown as GcpAuth
    const cloud = await canned({ kind: "compute#instanceList" }, { auth })
    const provider = gcp({
      region: "us-central1",
      project: "muster-test",
      zones: [ZONE],
      apiEndpoint: "https://127.0.0.1:9",
      auth,
    })
    const thrown = (await provider.list({ uid: "u" }, cloud.calls).catch((error: unknown) => error)) as Error
    expect(thrown).toBeInstanceOf(AuthError)
    expect(thrown.message).toMatch(/listing instances in us-central1-a: gcp\.auth: getRequestHeaders must give headers/)
    expect(thrown.message).toMatch(says)
    expect(JSON.stringify([thrown.message, thrown.cause ?? ""])).not.toContain(SECRET)
    expect(cloud.requests).toEqual([])
  })

  test.each([
    ["an object", { authorization: "Bearer x" }],
    ["Headers", new Headers({ authorization: "Bearer x" })],
    ["a Map", new Map([["authorization", "Bearer x"]])],
  ])("%s is taken", async (_what, returned) => {
    const cloud = await canned({}, { auth: { getRequestHeaders: async () => returned as Headers } })
    cloud.answer = () => ({ body: { kind: "compute#instanceList" } })
    expect(await cloud.provider.list({ uid: "u" }, cloud.calls)).toEqual([])
    expect(new Set(cloud.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer x"]))
  })

  test("and so is what getProjectId returns", async () => {
    const before = process.env.GOOGLE_CLOUD_PROJECT
    delete process.env.GOOGLE_CLOUD_PROJECT
    const auth = { ...giver().auth, getProjectId: async () => 12 as unknown as string }
    const cloud = await canned({}, { auth })
    const provider = gcp({ region: "us-central1", zones: [ZONE], apiEndpoint: cloud.apiEndpoint, auth })
    await expect(provider.launch(launchCall(), cloud.calls)).rejects.toThrow(SpecError)
    if (before !== undefined) process.env.GOOGLE_CLOUD_PROJECT = before
  })
})
