/** What both sides are given: the same place, the same client, the same limits. */
import { randomUUID } from "node:crypto"
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { AwsOptions } from "../../../providers/aws/index.js"
import { LAUNCH_BATCH, PAGE, TERMINATE_BATCH } from "../../../providers/aws/limits.js"
import { IMAGES, subnetOf } from "../../../providers/aws/wire/world/account.js"
import { launchTags } from "../../../src/fleet/tags.js"
import type { Limits, Owner } from "../../../src/provider.js"
import type { RawPlan } from "./raw.js"

export const REGION = "us-east-1"
const ZONE = `${REGION}a`
const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }
export const INSTANCE_TYPE = "m7i.large"
export const STARTUP = "exec sleep infinity"

export function clientConfig(url: string): Ec2.EC2ClientConfig {
  return { region: REGION, endpoint: url, credentials: CREDENTIALS, maxAttempts: 1 }
}

/** Image and subnet named with all that is to know of them, as by somebody who is in a hurry: nothing is asked first. */
export function awsOptions(url: string): AwsOptions {
  const subnetIds = [{ id: subnetOf(ZONE), zone: ZONE }]
  const imageId = { id: IMAGES.x86_64, arch: "x86_64", devices: ["/dev/xvda"] } as const
  return { region: REGION, endpoint: url, credentials: CREDENTIALS, imageId, subnetIds }
}

const OWNER: Owner = {
  cluster: "bench",
  uid: "0123456789abcdef",
  owner: "default",
  generation: 1,
  deadline: "4102444800",
  claim: "0",
}

/** The same over all four zones: a default subnet has room for 4,091. */
export function wideOptions(url: string): AwsOptions {
  const zones = ["a", "b", "c", "d"].map((letter) => `${REGION}${letter}`)
  return { ...awsOptions(url), subnetIds: zones.map((zone) => ({ id: subnetOf(zone), zone })) }
}

export function rawPlan(count: number, { look }: Pick<Limits, "look">): RawPlan {
  return {
    count,
    batch: { launch: LAUNCH_BATCH, terminate: TERMINATE_BATCH, page: PAGE },
    look,
    imageId: IMAGES.x86_64,
    instanceType: INSTANCE_TYPE,
    subnetId: subnetOf(ZONE),
    tags: launchTags(OWNER, "default", randomUUID().replaceAll("-", "")),
    userData: Buffer.from(`#!/bin/sh\n${STARTUP}\n`).toString("base64"),
  }
}
