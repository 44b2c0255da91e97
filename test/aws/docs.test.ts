/** The policies in docs/aws.md allow what the adapter asks for: no less and no more. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { subnetOf } from "../../providers/aws/wire/index.js"
import { ec2, launchMany, offersOf, prepareOf } from "./support/cloud.js"

interface Policy {
  readonly Statement: readonly { readonly Sid: string; readonly Action: string | readonly string[] }[]
}

async function policies(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(import.meta.dirname, "../../docs/aws.md"), "utf8")
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => JSON.parse(json) as Policy)
  return blocks.map(({ Statement }) =>
    Statement.flatMap(({ Action }) => Action).map((action) => action.replace("ec2:", "")),
  )
}

test("the first is enough when type, image and subnet are named, the second makes up the rest", async () => {
  const [least = [], more = []] = await policies()
  const cloud = await ec2()
  const instances = await launchMany(cloud, 1)
  await cloud.run(cloud.provider.list({ uid: "none" }, cloud.bare()))
  await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
  const anywhere = await ec2({ aws: { subnetIds: undefined } })
  await offersOf(anywhere)
  const looked = await ec2({ aws: { subnetIds: [subnetOf("us-east-1a"), subnetOf("us-east-1b")] } })
  await offersOf(looked)
  await prepareOf(looked)
  const asked = new Set([cloud, anywhere, looked].flatMap(({ world }) => world.ledger.entries.map(({ api }) => api)))
  // EC2 asks for CreateTags when RunInstances carries tags.
  expect([...asked, "CreateTags"].sort()).toEqual([...least, ...more].sort())
  expect(more.every((action) => action.startsWith("Describe"))).toBe(true)
})
