/** What `prepare` of each cloud makes of a startup: the form of its user data, and what does not fit. */
import { randomBytes } from "node:crypto"
import { expect, test } from "vitest"
import { textOf } from "../../src/guest/user-data.js"
import type { GroupRequest } from "../../src/provider.js"
import { ec2, prepareOf as onEc2 } from "../aws/support/cloud.js"
import { azureCloud, prepareOf as onAzure } from "../azure/support/cloud.js"
import { gce, prepareOf as onGce } from "../gcp/support/cloud.js"

const CLOUD_CONFIG = "#cloud-config\nruncmd:\n  - echo größer\n"

const encoded = (value: unknown) => Buffer.from(String(value), "base64")

/** The bytes that cloud-init is given on EC2 and Azure. */
const CLOUDS = {
  ec2: async (group: Partial<GroupRequest>) => {
    const { body } = await onEc2(await ec2(), { environment: {}, ...group })
    return encoded(body.userData)
  },
  azure: async (group: Partial<GroupRequest>) => {
    const { body } = await onAzure(await azureCloud(), { environment: {}, ...group })
    return encoded(body.customData)
  },
}

test.each(["ec2", "azure"] as const)(
  "on %s a cloud-config is in an archive beside the guest's program",
  async (cloud) => {
    const text = textOf(await CLOUDS[cloud]({ startup: CLOUD_CONFIG }))
    expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="muster"\n/)
    expect(text).toContain("text/x-shellscript")
    expect(text).toContain(Buffer.from(CLOUD_CONFIG).toString("base64"))
    expect(text).not.toContain("muster_run startup")
  },
)

test.each(["ec2", "azure"] as const)("on %s user data is compressed only where it has to be", async (cloud) => {
  expect((await CLOUDS[cloud]({ startup: "true" })).subarray(0, 10).toString()).toBe("#!/bin/sh\n")
  const bytes = await CLOUDS[cloud]({ startup: `: ${"word ".repeat(20_000)}` })
  expect([...bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b])
  expect(textOf(bytes)).toContain("word word")
})

test("on Compute Engine a cloud-config is in metadata of its own", async () => {
  const { body } = await onGce(await gce(), { environment: {}, startup: CLOUD_CONFIG })
  const items = body.metadata as readonly { readonly key: string; readonly value: string }[]
  expect(items.find(({ key }) => key === "user-data")?.value).toBe(CLOUD_CONFIG)
  const ours = items.find(({ key }) => key === "startup-script")?.value ?? ""
  expect([ours.startsWith("#!/bin/sh\n"), ours.includes("muster_run startup")]).toEqual([true, false])
})

test.each([
  ["ec2", onEc2Rejected, /are \d{6} bytes of user data, compressed; EC2 takes 16384/],
  ["azure", onAzureRejected, /are \d{6} bytes of custom data, compressed; Azure takes 65535/],
  ["gce", onGceRejected, /are \d{6} bytes; a metadata value takes 262144/],
])("on %s the exact size of what does not fit is told", async (_cloud, prepared, message) => {
  const startup = `: ${randomBytes(200_000).toString("base64")}`
  await expect(prepared({ startup })).rejects.toThrow(message)
})

test.each([
  ["ec2", onEc2Rejected],
  ["azure", onAzureRejected],
  ["gce", onGceRejected],
])("on %s variables are not for a cloud-config", async (_cloud, prepared) => {
  const group = { startup: CLOUD_CONFIG, environment: { A: "1" } }
  await expect(prepared(group)).rejects.toThrow(/environment: cannot be given beside a startup that is a #cloud-config/)
})

async function onEc2Rejected(group: Partial<GroupRequest>) {
  return onEc2(await ec2(), group)
}

async function onAzureRejected(group: Partial<GroupRequest>) {
  return onAzure(await azureCloud(), group)
}

async function onGceRejected(group: Partial<GroupRequest>) {
  return onGce(await gce(), group)
}
