/** `muster delete` and `sweep` while their token ends: each request that is refused is sent once more, with a new one. */
import { expect, test } from "vitest"
import { EXIT } from "../../../src/cli/exit-codes.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError } from "../../../src/errors.js"
import { muster } from "../../support/muster.js"
import { azureCloud, type Cloud } from "../support/cloud.js"

/** All that is asked for where something is removed. */
const ASKED = ["ResourceGroups_List", "VirtualMachines_List", "VirtualMachines_Delete", "ResourceGroups_Delete"]

/** A cluster without a process, and how often a token was asked for since. */
async function abandoned() {
  let asked = 0
  const getToken = () => {
    asked += 1
    return Promise.resolve({ token: `token-${asked}`, expiresOnTimestamp: Number.MAX_SAFE_INTEGER })
  }
  const cloud = await azureCloud({ azure: { credential: { getToken } } })
  const { clock, provider, wire, world } = cloud
  wire.quirks.tokens = new Set(["token-1"])
  const spec = { name: "render", provider, instanceType: "Standard_D2s_v5" } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  await cloud.run(cluster.scale(3))
  await cloud.run(cluster.detach())
  world.ledger.clear()
  return { cloud, asked: () => asked }
}

const requests = ({ world }: Cloud, api: string) => world.ledger.of(api).length

/** Resolves at the first request to it. */
async function untilAsked(cloud: Cloud, api: string): Promise<void> {
  while (requests(cloud, api) === 0) await cloud.clock.sleep(5)
}

/** What there is beside the network that all clusters share, once Azure has finished. */
async function leftBehind({ clock, run, wire }: Cloud) {
  await run(clock.sleep(5 * 60_000))
  return wire.remains().filter(({ id }) => !id.includes("muster-westeurope"))
}

const sweep = ({ clock, provider }: Cloud) => Cluster.sweep({ provider, name: "render" }, { clock })

const remove = ({ clock, provider }: Cloud) => muster(clock, provider, "delete render --yes")

test.each(ASKED)("muster delete, and the token ends as %s is asked for: one more token, and all goes", async (api) => {
  const { cloud, asked } = await abandoned()
  const ending = untilAsked(cloud, api).then(() => {
    cloud.wire.quirks.tokens = new Set(["token-2"])
  })
  const [{ code }] = await cloud.run(Promise.all([remove(cloud), ending]))
  expect([code, asked()]).toEqual([EXIT.ok, 2])
  expect(await leftBehind(cloud)).toEqual([])
})

test.each(["muster delete", "sweep"])(
  "%s, of which every request is refused once: each is sent twice",
  async (what) => {
    const { cloud, asked } = await abandoned()
    const { wire, world } = cloud
    delete (wire.quirks as { tokens?: unknown }).tokens
    const said = { status: 401, code: "ExpiredAuthenticationToken", message: "It has expired." }
    for (const api of ASKED) wire.answer({ api, place: "whole", times: 1, ...said })
    if (what === "sweep") expect((await cloud.run(sweep(cloud))).filter(({ removed }) => !removed)).toEqual([])
    else expect(await cloud.run(remove(cloud))).toMatchObject({ code: EXIT.ok })
    expect(asked()).toBe(1 + ASKED.length)
    const refused = world.ledger.entries.flatMap(({ api, outcome }) => (outcome === said.code ? [api] : []))
    expect(refused.sort()).toEqual([...ASKED].sort())
    expect(await leftBehind(cloud)).toEqual([])
  },
)

test("no token is good any more: no request is sent a third time, and what to do is said", async () => {
  const { cloud, asked } = await abandoned()
  cloud.wire.quirks.tokens = new Set(["none"])
  await expect(cloud.run(sweep(cloud))).rejects.toThrow(AuthError)
  // Instances are looked for, and what else there is at the same time.
  expect(requests(cloud, "ResourceGroups_List")).toBe(2 * 2)
  const { code, said } = await cloud.run(remove(cloud))
  expect(code).toBe(EXIT.auth)
  expect(said).toMatch(/access token expiry.*log in again/)
  cloud.wire.quirks.tokens = new Set([`token-${asked() + 1}`])
  expect(await cloud.run(remove(cloud))).toMatchObject({ code: EXIT.ok })
  expect(await leftBehind(cloud)).toEqual([])
})
