/** Principals whose policy lacks something, over the wires of EC2 and Azure: what a live walk is refused for, and what it makes all the same. */
import { describe, expect, test } from "vitest"
import { EC2Client } from "@aws-sdk/client-ec2"
import { type AwsClient, aws } from "../../../providers/aws/index.js"
import { book } from "../../../providers/aws/rights/index.js"
import { liveDoctor } from "../../../src/doctor.js"
import { usualPurposes } from "../../../src/rights.js"
import type { Statement } from "../../../providers/aws/wire/index.js"
import { book as azureBook } from "../../../providers/azure/rights/index.js"
import { azureCloud } from "../../azure/support/cloud.js"
import { isLong } from "../../support/long.js"
import { ec2 } from "../../aws/support/cloud.js"
import { linesOf, programOf, record } from "./aws/cloud.js"
import { playGuests } from "./support.js"

/** The policy that `muster policy aws` prints, without some of its actions. */
function without(isLeftOut: (action: string) => boolean): readonly Statement[] {
  const printed = JSON.parse(book.policy(usualPurposes(book))) as { readonly Statement: readonly Statement[] }
  const rest = printed.Statement.map((one) => ({
    ...one,
    Action: [one.Action].flat().filter((action) => !isLeftOut(action)),
  }))
  return rest.filter(({ Action }) => Action.length > 0)
}

/** @param isAsked whether rights can be asked for: what only imitates EC2 is given no trials of them. */
async function walkBy(policy: readonly Statement[], isAsked: boolean) {
  const prices = { "t3.micro": 0.0104 }
  const cloud = await ec2({ wire: { policy, onExchange: record }, aws: { prices } })
  const { wire, world, clock, run } = cloud
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "planted-secret" }
  const client = new EC2Client({ region: "us-east-1", endpoint: wire.url, credentials, maxAttempts: 1 })
  const asked = () => aws({ region: "us-east-1", client: client as unknown as AwsClient, prices })
  const provider = isAsked ? asked() : cloud.provider
  const stop = playGuests({ world, clock, programOf, linesOf })
  const given = { clock, journal: false, env: {}, confirm: () => true } as const
  const report = await run(liveDoctor({ provider }, given))
  stop()
  return { report, world }
}

describe.runIf(isLong)("on EC2 a principal that may", () => {
  test("do nothing, or only read, makes nothing", async () => {
    for (const policy of [[], without((action) => !/^ec2:(Describe|Get)/.test(action))]) {
      const { report, world } = await walkBy(policy, true)
      expect([report.walk, report.status, world.truth({})]).toEqual([undefined, "fail", []])
      expect(report.refused).toMatch(/^doctor fails, and nothing was made: /)
    }
  })

  test("do everything but end, which cannot be known: one machine, which its guest ends", async () => {
    const { report, world } = await walkBy(
      without((action) => action === "ec2:TerminateInstances"),
      false,
    )
    expect([report.refused, report.status, report.plan?.unknownRights]).toEqual([
      undefined,
      "fail",
      ["ec2:TerminateInstances"],
    ])
    expect(report.walk?.stopped).toMatch(/^could not end i-\w+: .*UnauthorizedOperation/)
    expect(report.walk?.workers).toHaveLength(1)
    expect(world.truth({ states: ["pending", "running"] })).toEqual([])
    expect(report.walk?.left).toEqual([])
  })
})

test.runIf(isLong)(
  "on Azure a principal that may do nothing, only read, or everything but end makes nothing",
  async () => {
    const all = azureBook.rights.map(({ name }) => name)
    const end = "Microsoft.Compute/virtualMachines/delete"
    const known = "Microsoft.Authorization/permissions/read"
    const roles = [[known], all.filter((name) => /read$/i.test(name)), all.filter((name) => name !== end)]
    for (const role of roles) {
      const { wire, world, clock, run, provider } = await azureCloud()
      wire.quirks.role = new Set([...role, known])
      const report = await run(liveDoctor({ provider }, { clock, journal: false, env: {}, confirm: () => true }))
      expect([report.walk, report.status, world.truth({}), wire.remains()]).toEqual([undefined, "fail", [], []])
      expect(report.refused).toMatch(/nothing was made.*Microsoft\.Compute\/virtualMachines\/delete/)
    }
  },
)
