/** A world that is like EC2: its types, its documented buckets, its habits. */
import type { Bucket, TokenBucket } from "../../../../src/provider.js"
import type { TypeSpec, WorldOptions } from "../../../../src/simulator/index.js"

const token = (capacity: number, perSecond: number): TokenBucket => ({ kind: "token", capacity, perSecond })

/** EC2 Developer Guide, "Request throttling for the Amazon EC2 API", default limits. Without filter or page: `.unfiltered`. */
export const EC2_BUCKETS: Readonly<Record<string, Bucket>> = {
  RunInstances: token(5, 2),
  // "... depletes based on the number of resources that are impacted by the request".
  "RunInstances.resources": { ...token(1000, 2), byOutcome: true },
  TerminateInstances: token(100, 5),
  "TerminateInstances.resources": token(1000, 20),
  DescribeInstances: token(100, 20),
  "DescribeInstances.unfiltered": token(50, 10),
  DescribeInstanceTypes: token(100, 20),
  DescribeInstanceTypeOfferings: token(100, 20),
  DescribeSubnets: token(100, 20),
  DescribeImages: token(100, 20),
  DescribeRouteTables: token(100, 20),
  DescribeSecurityGroups: token(100, 20),
  DescribeLaunchTemplates: token(100, 20),
  DescribeVolumes: token(100, 20),
  DescribeNetworkInterfaces: token(100, 20),
  DescribeSpotPriceHistory: token(100, 20),
  DescribeSpotInstanceRequests: token(100, 20),
  DescribeFleets: token(100, 20),
  GetConsoleOutput: token(100, 20),
  DescribeInstanceAttribute: token(100, 20),
  CreateTags: token(100, 10),
  CreateFleet: token(50, 5),
  CreateLaunchTemplate: token(50, 5),
  DeleteLaunchTemplate: token(50, 5),
  CreateSecurityGroup: token(50, 5),
  AuthorizeSecurityGroupIngress: token(50, 5),
  DeleteSecurityGroup: token(50, 5),
  DeleteVolume: token(100, 5),
  DeleteNetworkInterface: token(100, 5),
  ModifyNetworkInterfaceAttribute: token(50, 5),
}

/** A spot price is often about a third of the on-demand one. */
const SPOT_SHARE = 0.35

function type(name: string, vcpus: number, memoryGiB: number, price: number, rest: Partial<TypeSpec> = {}): TypeSpec {
  const spot = Math.round(price * SPOT_SHARE * 1e4) / 1e4
  return { name, family: "standard", vcpus, memoryGiB, arch: "x86_64", price: { "on-demand": price, spot }, ...rest }
}

const arm = { arch: "arm64" } as const

/** A few real ones of each kind, with their real sizes; prices are of us-east-1, rounded. */
export const EC2_TYPES: readonly TypeSpec[] = [
  type("t3.micro", 2, 1, 0.0104),
  type("m7i.large", 2, 8, 0.1008),
  type("m7i.4xlarge", 16, 64, 0.8064),
  type("c7i.large", 2, 4, 0.0893),
  type("c7i.4xlarge", 16, 32, 0.714),
  type("r7i.2xlarge", 8, 64, 0.5292),
  type("m7g.large", 2, 8, 0.0816, arm),
  type("c7g.large", 2, 4, 0.0725, arm),
  type("c7g.4xlarge", 16, 32, 0.58, arm),
  type("c6gd.2xlarge", 8, 16, 0.3072, { ...arm, localDiskGiB: 441 }),
  type("g6.xlarge", 4, 16, 0.8048, {
    family: "g-vt",
    gpu: { name: "L4", count: 1, memoryGiB: 22 },
    localDiskGiB: 232,
  }),
  type("p4d.24xlarge", 96, 1152, 21.96, {
    family: "p",
    gpu: { name: "A100", count: 8, memoryGiB: 40 },
    localDiskGiB: 7450,
  }),
]

/** What differs from the simulator's own defaults, for one region; spread it into `new World` or `simulate`. */
export function ec2World(region = "us-east-1"): Omit<WorldOptions, "clock"> {
  return {
    provider: "aws",
    region,
    zones: ["a", "b", "c", "d"].map((letter) => `${region}${letter}`),
    types: EC2_TYPES,
    buckets: EC2_BUCKETS,
    // Published measurements: 1.5 to 5 s for the call, 5 to 18 s from pending to running.
    latency: { requestMs: [60, 200], createMs: [1_500, 5_000], bootMs: [5_000, 18_000], stopMs: [5_000, 40_000] },
    // Terminated instances are shown for about an hour ("Instance state changes").
    terminatedVisibleMs: 3_600_000,
    noticeMs: 120_000,
    // "At least 24 hours after the termination of the instance" in older editions of "Ensuring idempotency".
    tokenTtlMs: 24 * 3_600_000,
  }
}
