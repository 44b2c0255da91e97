/** `muster delete` and `sweep` while their keys end: each request that is refused is sent once more, with new ones. */
import { expect, test } from "vitest"
import { EXIT } from "../../../src/cli/exit-codes.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError } from "../../../src/errors.js"
import { muster } from "../../support/muster.js"
import { type Cloud, ec2 } from "../support/cloud.js"

/** All that is asked for where something is removed. */
const ASKED = [
  "DescribeInstances",
  "TerminateInstances",
  "DescribeLaunchTemplates",
  "DescribeVolumes",
  "DescribeNetworkInterfaces",
  "DeleteLaunchTemplate",
]

/** A cluster without a process, and how often keys were asked for: "AKIA1", "AKIA2" … */
async function abandoned() {
  let asked = 0
  const credentials = async () => {
    asked += 1
    return { accessKeyId: `AKIA${asked}`, secretAccessKey: "secret", sessionToken: "token" }
  }
  const cloud = await ec2({ aws: { credentials } })
  const { clock, provider, world } = cloud
  const spec = { name: "render", provider, instanceType: "m7i.large" } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  await cloud.run(cluster.scale(3))
  await cloud.run(cluster.detach())
  world.ledger.clear()
  return { cloud, asked: () => asked }
}

/** Resolves at the first request to it. */
async function untilAsked({ clock, world }: Cloud, api: string): Promise<void> {
  while (world.ledger.count(api) === 0) await clock.sleep(5)
}

const remove = ({ clock, provider }: Cloud) => muster(clock, provider, "delete render --yes")
const sweep = ({ clock, provider }: Cloud) => Cluster.sweep({ provider, name: "render" }, { clock })

function expectNothingLeft({ world }: Cloud): void {
  expect(world.truth({ states: ["pending", "running"] })).toEqual([])
  expect(world.resources.list({ kind: "launch-template" })).toEqual([])
}

test.each(ASKED)("muster delete, and the keys end as %s is asked for: new keys once, and all goes", async (api) => {
  const { cloud, asked } = await abandoned()
  const ending = untilAsked(cloud, api).then(() => cloud.wire.refuseKeys("RequestExpired", "AKIA1"))
  const [{ code }] = await cloud.run(Promise.all([remove(cloud), ending]))
  expect([code, asked()]).toEqual([EXIT.ok, 2])
  expectNothingLeft(cloud)
})

test.each(["muster delete", "sweep"])(
  "%s, of which every request is refused once: each is sent twice",
  async (what) => {
    const { cloud, asked } = await abandoned()
    const { world } = cloud
    const said = {
      error: "auth",
      code: "ExpiredToken",
      message: "The security token included in the request is expired",
    }
    for (const api of ASKED) world.faults.fail(api, said as never)
    if (what === "sweep") expect((await cloud.run(sweep(cloud))).filter(({ removed }) => !removed)).toEqual([])
    else expect(await cloud.run(remove(cloud))).toMatchObject({ code: EXIT.ok })
    const refused = world.ledger.entries.flatMap(({ api, outcome }) => (outcome === said.code ? [api] : []))
    expect(refused.sort()).toEqual([...ASKED].sort())
    // Whoever is refused at the same moment shares the new ones.
    expect(asked()).toBeLessThanOrEqual(1 + ASKED.length)
    expectNothingLeft(cloud)
  },
)

test("no keys are good any more: no request is sent a third time, and what to do is said", async () => {
  const { cloud } = await abandoned()
  const { wire, world } = cloud
  wire.refuseKeys("RequestExpired", "AKIA1", "AKIA2", "AKIA3", "AKIA4", "AKIA5")
  await expect(cloud.run(sweep(cloud))).rejects.toThrow(AuthError)
  expect(world.ledger.count()).toBe(2 * new Set(world.ledger.entries.map(({ api }) => api)).size)
  const { code, said } = await cloud.run(remove(cloud))
  expect(code).toBe(EXIT.auth)
  expect(said).toMatch(/renew the credentials/)
  wire.refuseKeys("RequestExpired")
  expect(await cloud.run(remove(cloud))).toMatchObject({ code: EXIT.ok })
  expectNothingLeft(cloud)
})

test("keys that end in the middle of a burst: new ones once, and nobody hears of it", async () => {
  let asked = 0
  const credentials = () => {
    asked += 1
    return { accessKeyId: `AKIA${asked}`, secretAccessKey: "secret" }
  }
  const cloud = await ec2({ aws: { credentials: credentials as never } })
  const { clock, provider, world } = cloud
  const spec = { name: "render", provider, instanceType: "m7i.large" } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  const problems: string[] = []
  cluster.on("problem", ({ message }) => void problems.push(message))
  const message = "The security token included in the request is expired"
  world.faults.fail("RunInstances", { error: "auth", code: "ExpiredToken", message })
  expect(await cloud.run(cluster.scale(40))).toMatchObject({ running: 40 })
  expect([asked, problems, world.truth().length]).toEqual([2, [], 40])
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
})
