/** `muster delete` and `sweep` while their token ends: each request that is refused is sent once more, with a new one. */
import { expect, test } from "vitest"
import type { GcpAuth } from "../../../providers/gcp/index.js"
import { EXIT } from "../../../src/cli/exit-codes.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError } from "../../../src/errors.js"
import { muster } from "../../support/muster.js"
import { type Cloud, gce, TYPE, ZONE } from "../support/cloud.js"

/** All that is asked for where something is removed. */
const ASKED = ["instances.aggregatedList", "disks.aggregatedList", "instances.delete", "instances.list"]

/** A cluster without a process; whoever gives tokens gives the one that is good now. */
async function abandoned() {
  const given = { token: "first" }
  const getRequestHeaders = async () => ({ authorization: `Bearer ${given.token}` })
  const auth: GcpAuth = { getRequestHeaders }
  const cloud = await gce({ wire: { token: "first" }, gcp: { auth, zones: [ZONE] } })
  const { clock, provider, world } = cloud
  const cluster = new Cluster({ name: "render", provider, instanceType: TYPE }, { clock, seed: 1, journal: false })
  await cloud.run(cluster.scale(3))
  await cloud.run(cluster.detach())
  world.ledger.clear()
  return { cloud, given }
}

/** Resolves at the first request to it. */
async function untilAsked({ clock, world }: Cloud, api: string): Promise<void> {
  while (world.ledger.count(api) === 0) await clock.sleep(5)
}

const remove = ({ clock, provider }: Cloud) => muster(clock, provider, "delete render --yes")
const sweep = ({ clock, provider }: Cloud) => Cluster.sweep({ provider, name: "render" }, { clock })
const living = ({ world }: Cloud) => world.truth({ states: ["pending", "running"] })

/** What was refused, by its api. */
function refusedIn({ world }: Cloud): Readonly<Record<string, number>> {
  const refused = world.ledger.entries.flatMap(({ api, outcome }) => (outcome === "ok" ? [] : [api]))
  return Object.fromEntries(ASKED.map((api) => [api, refused.filter((one) => one === api).length]))
}

test.each(ASKED)("muster delete, and the token ends as %s is asked for: all goes with the next", async (api) => {
  const { cloud, given } = await abandoned()
  const ending = untilAsked(cloud, api).then(() => {
    given.token = "second"
    cloud.wire.accept("second")
  })
  const [ran] = await cloud.run(Promise.all([remove(cloud), ending]))
  expect(ran.code).toBe(EXIT.ok)
  // What was on the wire with the old one, and each only once.
  const refused = refusedIn(cloud)
  expect(refused[api]).toBe(api === "instances.delete" ? 3 : 1)
  expect(refused["instances.list"]).toBe(api === "instances.list" ? 1 : 0)
  expect(living(cloud)).toEqual([])
})

test.each(["muster delete", "sweep"])(
  "%s, of which every request is refused once: each is sent twice",
  async (what) => {
    const { cloud } = await abandoned()
    const refusal = { error: "auth", code: "authError", message: "Invalid Credentials" } as const
    for (const api of ASKED) cloud.world.faults.fail(api, refusal)
    if (what === "sweep") expect((await cloud.run(sweep(cloud))).filter(({ removed }) => !removed)).toEqual([])
    else expect(await cloud.run(remove(cloud))).toMatchObject({ code: EXIT.ok })
    expect(refusedIn(cloud)).toEqual(Object.fromEntries(ASKED.map((api) => [api, 1])))
    expect(living(cloud)).toEqual([])
  },
)

test("no token is good any more: no request is sent a third time, and what to do is said", async () => {
  const { cloud, given } = await abandoned()
  cloud.wire.accept("another")
  await expect(cloud.run(sweep(cloud))).rejects.toThrow(AuthError)
  expect(cloud.world.ledger.entries.map(({ api }) => api).sort()).toEqual([
    ...["disks.aggregatedList", "disks.aggregatedList"],
    ...["firewalls.list", "firewalls.list"],
    ...["instances.aggregatedList", "instances.aggregatedList"],
  ])
  const { code, said } = await cloud.run(remove(cloud))
  expect(code).toBe(EXIT.auth)
  expect(said).toMatch(/renew the credentials/)
  expect(living(cloud)).toHaveLength(3)
  given.token = "another"
  expect(await cloud.run(remove(cloud))).toMatchObject({ code: EXIT.ok })
  expect(living(cloud)).toEqual([])
})
