/** Of launches: tokens, counts, fleets and names. */
import type { Assumption } from "../../../../src/provider.js"

export const LAUNCHES: readonly Assumption[] = [
  {
    id: "aws.run-replay",
    says: "RunInstances with the token and body of an earlier call makes nothing and names the instances of that call.",
    source: "Amazon EC2 API Reference, Ensuring idempotency in Amazon EC2 API requests",
    basis: "documented",
    code: ["providers/aws/launch/launch.ts", "providers/aws/launch/run-bodies.ts"],
    probe: "The launch on demand is sent three times more while its machines run.",
  },
  {
    id: "aws.run-replay-ended",
    says: "Once all instances of a token have ended, its repetition is refused with IdempotentInstanceTerminated or names the ended ones.",
    source: "Error codes for the Amazon EC2 API; an older answer is reported in github.com/goharbor/harbor/issues/2346",
    basis: "documented",
    code: ["providers/aws/launch/launch.ts"],
    probe: "The launch on demand is sent three times more when its machines are gone.",
  },
  {
    id: "aws.token-mismatch",
    says: "RunInstances with a token that was used for another body is refused with IdempotentParameterMismatch, or names what the token has made.",
    source: "Amazon EC2 API Reference, Ensuring idempotency in Amazon EC2 API requests",
    basis: "documented",
    code: ["providers/aws/client/codes.ts", "providers/aws/launch/launch.ts"],
    probe: "The launch on demand is sent three times more with its token and a smaller count.",
  },
  {
    id: "aws.min-count",
    says: "RunInstances for 1 to n instances makes all n by one call where there is room.",
    source: "Amazon EC2 API Reference, RunInstances (MinCount, MaxCount)",
    basis: "documented",
    code: ["providers/aws/launch/run-bodies.ts", "providers/aws/launch/settle.ts"],
    probe:
      "One call asks for 1 to 3 machines of the smallest type, each of them a try; what is missing is asked for once more.",
  },
  {
    id: "aws.fleet-replay",
    says: "CreateFleet of type instant with the token and body of an earlier call names that fleet and makes nothing.",
    source: "Amazon EC2 API Reference, Ensuring idempotency; whether the instances are named again is not documented",
    basis: "unverified",
    code: ["providers/aws/launch/fleet-launch.ts", "providers/aws/launch/settle.ts"],
    probe: "Each CreateFleet is sent once more.",
  },
  {
    id: "aws.fleet-described",
    says: "DescribeFleets names the instances of an instant fleet that it is asked for by its id.",
    source: "Amazon EC2 API Reference, DescribeFleets",
    basis: "documented",
    code: ["providers/aws/launch/lookup.ts", "providers/aws/launch/settle.ts"],
    probe: "Each fleet is read by its id.",
  },
  {
    id: "aws.template-names",
    says: "CreateLaunchTemplate refuses a name that is taken with InvalidLaunchTemplateName.AlreadyExistsException.",
    source: "Error codes for the Amazon EC2 API",
    basis: "documented",
    code: ["providers/aws/prepare/claim.ts", "providers/aws/prepare/templates.ts"],
    probe: "The name of a template of this walk is given three times more.",
  },
  {
    id: "aws.volume-tags",
    says: "The disks of an instance have the tags that its launch named for volumes.",
    source: "Amazon EC2 User Guide, Tag your Amazon EC2 resources",
    basis: "documented",
    code: [
      "providers/aws/launch/run-bodies.ts",
      "providers/aws/launch/fleet-bodies.ts",
      "providers/aws/end/leftovers.ts",
    ],
    probe: "The disks of each machine that has booted are described.",
  },
  {
    id: "aws.interface-tags",
    says: "The network interfaces of an instance have the tags that its launch named for them.",
    source: "Amazon EC2 User Guide, Tag your Amazon EC2 resources",
    basis: "documented",
    code: [
      "providers/aws/launch/run-bodies.ts",
      "providers/aws/launch/fleet-bodies.ts",
      "providers/aws/end/leftovers.ts",
    ],
    probe: "The interfaces of each machine that has booted are described.",
  },
]
