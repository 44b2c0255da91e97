/**
 * What somebody writes who has the SDK alone: N instances, until all of them run, and gone again, until EC2 confirms it.
 * It does what Muster must do and nothing more: no limits, no retries, no second offer, no journal.
 */
import { randomUUID } from "node:crypto"
import {
  DescribeInstancesCommand,
  type EC2Client,
  type Filter,
  type Instance,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2"
import { pollUntil } from "../poll.js"

export interface RawPlan {
  readonly count: number
  /** Instances of one RunInstances, ids of one TerminateInstances, instances of one page. */
  readonly batch: { readonly launch: number; readonly terminate: number; readonly page: number }
  /** How long after the first reply it looks, and how far apart looks begin. */
  readonly look: { readonly firstMs: number; readonly everyMs: number }
  readonly imageId: string
  readonly instanceType: "m7i.large"
  readonly subnetId: string
  readonly userData: string
  /** As many as Muster writes: what they cost to parse is EC2's price for being found again. */
  readonly tags: Readonly<Record<string, string>>
}

const FOUND_BY = ["muster-cluster", "muster-uid", "muster-owner"] as const

export async function raw(client: EC2Client, plan: RawPlan): Promise<void> {
  const launchedAt = await launch(client, plan)
  const ids = new Set<string>()
  await pollUntil(plan.look, launchedAt, async () => {
    const instances = await list(client, plan)
    for (const { InstanceId = "" } of instances) ids.add(InstanceId)
    return instances.filter(({ State }) => State?.Name === "running").length === plan.count
  })
  const terminatedAt = await terminate(client, plan, [...ids])
  await pollUntil(plan.look, terminatedAt, async () => (await list(client, plan)).length === 0)
}

/** Returns when the first reply came. */
async function launch(client: EC2Client, plan: RawPlan): Promise<number> {
  const { count, batch, imageId, instanceType, subnetId, userData, tags } = plan
  const calls = Math.ceil(count / batch.launch)
  const sizes = Array.from({ length: calls }, (_, at) => Math.floor(count / calls) + (at < count % calls ? 1 : 0))
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const sent = sizes.map((size) =>
    client.send(
      new RunInstancesCommand({
        ClientToken: randomUUID(),
        ImageId: imageId,
        InstanceType: instanceType,
        MinCount: size,
        MaxCount: size,
        SubnetId: subnetId,
        UserData: userData,
        TagSpecifications: [{ ResourceType: "instance", Tags }],
      }),
    ),
  )
  const first = Promise.race(sent).then(() => performance.now())
  await Promise.all(sent)
  return first
}

async function list(client: EC2Client, { batch, tags }: RawPlan): Promise<readonly Instance[]> {
  const Filters: Filter[] = [
    ...FOUND_BY.map((key) => ({ Name: `tag:${key}`, Values: [tags[key] ?? ""] })),
    { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] },
  ]
  const found: Instance[] = []
  let token: string | undefined
  do {
    const next = token === undefined ? {} : { NextToken: token }
    const page = await client.send(new DescribeInstancesCommand({ Filters, MaxResults: batch.page, ...next }))
    found.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances))
    token = page.NextToken
  } while (token !== undefined)
  return found
}

/** Returns when the last reply came; every instance is on its way out then. */
async function terminate(client: EC2Client, { batch }: RawPlan, ids: readonly string[]): Promise<number> {
  const starts = Array.from({ length: Math.ceil(ids.length / batch.terminate) }, (_, at) => at * batch.terminate)
  const replies = await Promise.all(
    starts.map((at) =>
      client.send(new TerminateInstancesCommand({ InstanceIds: ids.slice(at, at + batch.terminate) })),
    ),
  )
  const left = replies.flatMap(({ TerminatingInstances = [] }) => TerminatingInstances)
  if (left.some(({ CurrentState }) => CurrentState?.Name !== "shutting-down")) throw new Error("some are not going")
  return performance.now()
}
