/** Of guests: what they find on their machines, and how these end. */
import type { Assumption } from "../../../../src/provider.js"

export const GUESTS: readonly Assumption[] = [
  {
    id: "aws.guest-deadline",
    says: "A machine whose guest powers off ends for good, also one of a fleet, whose template has InstanceInitiatedShutdownBehavior.",
    source: "Amazon EC2 User Guide, Change instance initiated shutdown behavior; that fleets keep it is not documented",
    basis: "unverified",
    code: [
      "providers/aws/prepare/guest.ts",
      "providers/aws/prepare/launch-data.ts",
      "providers/aws/prepare/templates.ts",
    ],
    probe: "Three spot machines of a fleet are left to their guests' deadline.",
    kinds: ["CreateFleet"],
  },
  {
    id: "aws.guest-user-data",
    says: "User data reach the guest byte for byte, by RunInstances and by a template.",
    source: "Amazon EC2 User Guide, Run commands when you launch an EC2 instance with user data input",
    basis: "documented",
    code: ["providers/aws/prepare/user-data.ts", "providers/aws/prepare/launch-data.ts"],
    probe: "Each guest writes the digest of its user data.",
    kinds: ["RunInstances", "CreateFleet"],
  },
  {
    id: "aws.guest-metadata",
    says: "Instance metadata answer a guest with a session token and say which instance it is.",
    source: "Amazon EC2 User Guide, Use the Instance Metadata Service to access instance metadata",
    basis: "documented",
    code: ["providers/aws/prepare/guest.ts"],
    probe: "Each guest writes its instance's id.",
  },
  {
    id: "aws.guest-tags",
    says: "Instance metadata show the instance's tags where the launch has enabled that.",
    source: "Amazon EC2 User Guide, View tags for your EC2 instances using instance metadata",
    basis: "documented",
    code: ["providers/aws/prepare/guest-lease.ts", "providers/aws/prepare/launch-data.ts"],
    probe: "Each guest writes its tag muster-uid.",
  },
  {
    id: "aws.guest-notice",
    says: "Without a notice of an interruption instance metadata answer spot/instance-action with 404.",
    source: "Amazon EC2 User Guide, Spot Instance interruption notices",
    basis: "documented",
    code: ["providers/aws/prepare/guest-notice.ts"],
    probe: "Each guest writes the status of that answer.",
  },
  {
    id: "aws.console-latest",
    says: "GetConsoleOutput with Latest shows what a running instance on Nitro has written.",
    source: "Amazon EC2 API Reference, GetConsoleOutput",
    basis: "documented",
    code: ["providers/aws/observe/console.ts"],
    probe: "The console of each machine that has booted is read once more.",
  },
  {
    id: "aws.host-keys",
    says: "The console of a first boot has the host keys of its ssh server.",
    source: "cloud-init, module keys-to-console",
    basis: "documented",
    code: ["src/remote/ssh/host-keys.ts", "providers/aws/observe/console.ts"],
    probe: "The console of each machine that has booted is read until it has them.",
  },
]
