/** What people write who come from other tools, or read half a page: each with the option and the remedy that it must be told. */
import { aws } from "../../providers/aws/index.js"
import { azure } from "../../providers/azure/index.js"
import { gcp } from "../../providers/gcp/index.js"
import { local } from "../../providers/local/index.js"
import { VirtualClock } from "../../src/calls/clock.js"
import { run } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import type { ClusterEventType } from "../../src/events.js"
import { loadProvider } from "../../src/registry.js"
import type { ClusterSpec } from "../../src/spec.js"
import type { AttachSpec, ScaleOptions, ScaleTarget } from "../../src/verbs/verbs.js"
import { withCluster } from "../../src/with-cluster.js"

export interface WrongInput {
  /** As it would be written. */
  readonly input: string
  /** What must be named. */
  readonly option: string
  /** The words that say what to do. */
  readonly remedy: string
  readonly try: () => unknown
}

const LOCAL = { provider: "local" } as const

/** An option beside `provider: "local"`. */
function spec(input: string, given: object, option: string, remedy: string): WrongInput {
  const make = () => new Cluster({ ...LOCAL, ...given } as unknown as ClusterSpec, { journal: false })
  return { input: `{ ${input} }`, option, remedy, try: make }
}

/** A cluster in a cloud, whose adapter refuses it before any call. */
function cloud(given: object, option: string, remedy: string): WrongInput {
  const plan = () => new Cluster(given as ClusterSpec, { journal: false, clock: new VirtualClock() }).plan(1)
  return { input: JSON.stringify(given).replaceAll(/"(\w+)":/g, " $1: "), option, remedy, try: plan }
}

function scale(
  input: string,
  target: unknown,
  options: unknown,
  option: string,
  remedy: string,
  more: object = {},
): WrongInput {
  const cluster = () => new Cluster({ ...LOCAL, ...more } as ClusterSpec, { journal: false })
  const call = () => cluster().scale(target as ScaleTarget, options as ScaleOptions)
  return { input: `scale(${input})`, option, remedy, try: call }
}

function made(input: string, make: () => unknown, option: string, remedy: string): WrongInput {
  return { input, option, remedy, try: make }
}

/** A command line; what it says on standard error is thrown. */
function command(line: string, option: string, remedy: string): WrongInput {
  const type = async () => {
    let said = ""
    const say = (text: string) => {
      said += text
    }
    const args = line.split(" ").slice(1)
    const surroundings = { env: {}, version: "0", clock: new VirtualClock(), load: loadProvider, ask: undefined }
    const code = await run(args, { ...surroundings, out: () => {}, say })
    if (code !== 0) throw new Error(said.replace(/^muster: /, "").trimEnd())
  }
  return { input: line, option, remedy, try: type }
}

const nothing = undefined as never

const CLUSTER: readonly WrongInput[] = [
  made("new Cluster()", () => new Cluster(nothing), "cluster", "use an object with name, provider, region"),
  made(
    "new Cluster({})",
    () => new Cluster({} as ClusterSpec),
    "cluster.provider",
    'use one of "local", "aws", "gcp", "azure"',
  ),
  spec('provider: "ec2"', { provider: "ec2" }, "cluster.provider", 'use one of "local", "aws", "gcp", "azure"'),
  spec('provider: "AWS"', { provider: "AWS" }, "cluster.provider", 'did you mean "aws"?'),
  spec("provider: aws", { provider: aws }, "cluster.provider", "call it, as in local() or aws({ region })"),
  spec('provider: "aws"', { provider: "aws" }, "cluster.region", 'aws needs one, such as "eu-west-2"'),
  spec('provider: "gcp"', { provider: "gcp" }, "cluster.region", 'gcp needs one, such as "europe-west2"'),
  spec(
    'provider: ["gcp", "azure"]',
    { provider: ["gcp", "azure"] },
    "cluster.region",
    'azure needs one, such as "uksouth"',
  ),
  spec(
    'provider: "local", region: "eu-west-2"',
    { region: "eu-west-2" },
    "cluster.region",
    "leave region out, or name a cloud",
  ),
  spec(
    'provider: aws({ region: "eu-west-2" }), region: "eu-west-1"',
    { provider: aws({ region: "eu-west-2" }), region: "eu-west-1" },
    "cluster.region",
    "give the region once",
  ),
  spec("memory: 32", { memory: 32 }, "cluster.memory", 'did you mean "memoryGiB"?'),
  spec("cpus: 16", { cpus: 16 }, "cluster.cpus", 'did you mean "vcpus"?'),
  spec("env: { A: 1 }", { env: { A: "1" } }, "cluster.env", 'did you mean "environment"?'),
  spec("spot: true", { spot: true }, "cluster.spot", 'use market: "spot"'),
  spec("workers: 10", { workers: 10 }, "cluster.workers", "cluster.scale(n)"),
  spec("target: 10", { target: 10 }, "cluster.target", "cluster.scale(n)"),
  spec("count: 10", { count: 10 }, "cluster.count", "cluster.scale(n)"),
  spec('script: "…"', { script: "a" }, "cluster.script", 'did you mean "startup"?'),
  spec('command: "…"', { command: "a" }, "cluster.command", 'did you mean "startup"?'),
  spec('userData: "…"', { userData: "a" }, "cluster.userData", 'did you mean "startup"?'),
  spec('type: "m7g.large"', { type: "m7g.large" }, "cluster.type", 'did you mean "instanceType"?'),
  spec('machineType: "n2-standard-4"', { machineType: "n2" }, "cluster.machineType", 'did you mean "instanceType"?'),
  spec('ami: "ami-1"', { ami: "ami-1" }, "cluster.ami", 'did you mean "image"?'),
  spec('project: "mine"', { project: "mine" }, "cluster.project", "provider: gcp({ project, region })"),
  spec('profile: "work"', { profile: "work" }, "cluster.profile", "set AWS_PROFILE"),
  spec(
    "groups: { a: { memory: 8 } }",
    { groups: { a: { memory: 8 } } },
    "cluster.groups.a.memory",
    'did you mean "memoryGiB"?',
  ),
  spec(
    'name: "My Cluster"',
    { name: "My Cluster" },
    "cluster.name",
    "use 1 to 40 lower-case letters, digits and hyphens",
  ),
  spec('vcpus: "16"', { vcpus: "16" }, "cluster.vcpus", "use a number or an object with min, max"),
  spec("vcpus: { min: 8, max: 4 }", { vcpus: { min: 8, max: 4 } }, "cluster.vcpus", "min must not be above max"),
  spec('gpu: "L4"', { gpu: "L4" }, "cluster.gpu", "use an object with name, count"),
  spec('arch: "amd64"', { arch: "amd64" }, "cluster.arch", 'use "x86_64" (also called amd64)'),
  spec('market: "Spot"', { market: "Spot" }, "cluster.market", 'did you mean "spot"?'),
  spec(
    'maxLifetime: "10 minutes"',
    { maxLifetime: "10 minutes" },
    "cluster.maxLifetime",
    'use a number with a unit: "90s"',
  ),
  spec("maxLifetime: 3600", { maxLifetime: 3600 }, "cluster.maxLifetime", 'use a number with a unit: "90s"'),
  spec("budget: 40", { budget: 40 }, "cluster.budget", "use an object with perHour, total, until"),
  spec(
    "budget: { perHour: 0 }",
    { budget: { perHour: 0 } },
    "cluster.budget.perHour",
    "use more than 0 USD, or leave it out",
  ),
  spec(
    'budget: { until: "18:00" }',
    { budget: { until: "18:00" } },
    "cluster.budget.until",
    "use a time with its zone",
  ),
  spec(
    'instanceType: "c7g.large", vcpus: 2',
    { instanceType: "c7g.large", vcpus: 2 },
    "cluster.instanceType",
    "name types or describe them, not both",
  ),
  spec('zones: "eu-west-2a"', { zones: "eu-west-2a" }, "cluster.zones", "use a list"),
  spec('startup: ["a"]', { startup: ["a"] }, "cluster.startup", "use a text: the script itself"),
  spec("startup: () => …", { startup: () => "a" }, "cluster.startup", "use a text: the script itself"),
  spec(
    'container: { …, dockerArgs: ["-d"] }',
    { container: { image: "python:3.12", dockerArgs: ["-d"] } },
    "container.dockerArgs.0",
    "is Muster's own part of docker run; leave it out",
  ),
  spec('startup: "#!/bin/bash\\nfi"', { startup: "#!/bin/bash\nfi" }, "cluster.startup", "correct the script"),
  spec("environment: { PORT: 8080 }", { environment: { PORT: 8080 } }, "cluster.environment.PORT", "use a text"),
  spec('environment: { "MY-VAR": "1" }', { environment: { "MY-VAR": "1" } }, "MY-VAR", 'use letters, digits and "_"'),
  spec('tags: { Team: "x" }', { tags: { Team: "x" } }, "Team", "use 1 to 63 lower-case letters"),
  spec("groups: [{ vcpus: 4 }]", { groups: [{ vcpus: 4 }] }, "cluster.groups", "use an object"),
  spec(
    'groups: { "GPU workers": {} }',
    { groups: { "GPU workers": {} } },
    "GPU workers",
    "use 1 to 40 lower-case letters",
  ),
  spec('returnToSpot: "30m"', { returnToSpot: "30m" }, "cluster.returnToSpot", "give that market, or leave it out"),
  spec('lease: "5s"', { lease: "5s" }, "cluster.lease", 'use "30s" at least'),
  spec("maxWorkers: 0", { maxWorkers: 0 }, "cluster.maxWorkers", "use 1 or more"),
]

const CLOUDS: readonly WrongInput[] = [
  cloud({ provider: "aws", region: "eu-west-2a" }, "aws.region", 'give region "eu-west-2", and zones: ["eu-west-2a"]'),
  cloud(
    { provider: "gcp", region: "europe-west2-b" },
    "gcp.region",
    'give region "europe-west2", and zones: ["europe-west2-b"]',
  ),
  cloud({ provider: "aws", region: "europe-west2" }, "aws.region", "not one of Google's"),
  cloud({ provider: "gcp", region: "eu-west-2" }, "gcp.region", "not one of AWS's"),
  made("aws()", () => aws(nothing), "aws", "use an object with region"),
  made("aws({})", () => aws({} as never), "aws.region", 'give the region\'s code, such as "eu-west-2"'),
  made(
    'aws({ …, subnetIds: "subnet-1" })',
    () => aws({ region: "eu-west-2", subnetIds: "subnet-1" } as never),
    "aws.subnetIds",
    "use a list",
  ),
  made(
    'aws({ …, ami: "ami-1" })',
    () => aws({ region: "eu-west-2", ami: "ami-1" } as never),
    "aws.ami",
    'did you mean "imageId"?',
  ),
  made(
    'aws({ …, sshFrom: "0.0.0.0/0" })',
    () => aws({ region: "eu-west-2", sshFrom: "0.0.0.0/0" }),
    "aws.sshFrom",
    "give your own address range",
  ),
  made("gcp({})", () => gcp({} as never), "gcp.region", 'give the region\'s name, such as "europe-west2"'),
  made(
    'gcp({ …, project: "123456" })',
    () => gcp({ region: "europe-west2", project: "123456" }),
    "gcp.project",
    "give the project's id (not its number or title)",
  ),
  made(
    'gcp({ …, projectId: "mine-123" })',
    () => gcp({ region: "europe-west2", projectId: "mine-123" } as never),
    "gcp.projectId",
    'did you mean "project"?',
  ),
  made(
    'azure({ location: "uksouth" })',
    () => azure({ location: "uksouth" } as never),
    "azure.subscriptionId",
    "give the subscription's id, a GUID",
  ),
  made(
    'azure({ …, subscriptionId: "Pay-As-You-Go" })',
    () => azure({ location: "uksouth", subscriptionId: "Pay-As-You-Go" }),
    "azure.subscriptionId",
    "give the subscription's id, a GUID",
  ),
  made(
    'azure({ …, location: "UK South" })',
    () => azure({ location: "UK South", subscriptionId: SUBSCRIPTION }),
    "azure.location",
    'give its name without spaces and capitals: "uksouth"',
  ),
  made(
    'azure({ …, location: "uksouth-1" })',
    () => azure({ location: "uksouth-1", subscriptionId: SUBSCRIPTION }),
    "azure.location",
    'give location "uksouth", and zones: ["1"]',
  ),
  made(
    'azure({ …, region: "uksouth" })',
    () => azure({ region: "uksouth", location: "uksouth", subscriptionId: SUBSCRIPTION } as never),
    "azure.region",
    'did you mean "location"?',
  ),
  made(
    "aws({ …, kmsKeyId })",
    () => aws({ region: "eu-west-2", kmsKeyId: "alias/mine" } as never),
    "aws.kmsKeyId",
    "disks take the account's key for EBS",
  ),
  made(
    "aws({ …, diskGiB: 100 })",
    () => aws({ region: "eu-west-2", diskGiB: 100 } as never),
    "aws.diskGiB",
    'did you mean "rootGiB"?',
  ),
  made(
    "aws({ …, volumeInitializationRate: 500 })",
    () => aws({ region: "eu-west-2", volumeInitializationRate: 500 }),
    "aws.volumeInitializationRate",
    "give whole MiB per second from 100 to 300",
  ),
  made(
    "gcp({ …, tags: { team } })",
    () => gcp({ region: "europe-west2", tags: { team: "a" } } as never),
    "gcp.tags",
    "give labels, or network tags as overrides",
  ),
  made(
    "azure({ …, diskEncryptionSetId })",
    () => azure({ location: "uksouth", subscriptionId: SUBSCRIPTION, diskEncryptionSetId: "/a" } as never),
    "azure.diskEncryptionSetId",
    "give overrides: { storageProfile",
  ),
  made("local({ capacity: 0 })", () => local({ capacity: 0 }), "local.capacity", "use at least 1"),
]

const SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"

const VERBS: readonly WrongInput[] = [
  scale('"10"', "10", {}, "scale.target", "use a whole number"),
  scale("-1", -1, {}, "scale.target", "use 0 or more"),
  scale("1.5", 1.5, {}, "scale.target", "use a whole number"),
  scale("{ web: 3 }", { web: 3 }, {}, "scale.target.web", "no such group; groups: default"),
  scale("5, of two groups", 5, {}, "scale.target", "say how many of each: { a: 5, b: 5 }", {
    groups: { a: {}, b: {} },
  }),
  scale("5, { minimum: 9 }", 5, { minimum: 9 }, "scale.options.minimum", "above the target 5"),
  scale("5, { timeout: 600 }", 5, { timeout: 600 }, "scale.options.timeout", 'use a number with a unit: "90s"'),
  scale("5, { wait: false }", 5, { wait: false }, "scale.options.wait", "known options: minimum, timeout"),
  made(
    "withCluster(spec)",
    () => withCluster(LOCAL, nothing),
    "withCluster.work",
    "use a function that is given the cluster",
  ),
  made(
    'cluster.on("workers", …)',
    () => new Cluster(LOCAL).on("workers" as ClusterEventType, () => {}),
    "on.type",
    'did you mean "worker"?',
  ),
  made('Cluster.attach("a")', () => Cluster.attach("a", nothing as AttachSpec), "attach", "use an object"),
]

const COMMANDS: readonly WrongInput[] = [
  command("muster lst", "lst", 'did you mean "muster list"?'),
  command("muster list", "--provider", "use one of local, aws, gcp, azure"),
  command("muster list --provider ec2", "--provider", "use one of local, aws, gcp, azure"),
  command("muster list --provider aws", "--region", "aws needs one, or several with commas"),
  command("muster list --provider aws --region ,", "--region", "aws needs one, or several with commas"),
  command("muster list --provider aws --region eu-west-2a", "aws.region", 'give region "eu-west-2"'),
  command("muster list --provider aws --regoin eu-west-2", "--regoin", "did you mean --region?"),
  command("muster list --provider aws --region --json", "--region", "NAME[,NAME…]"),
  command("muster delete --provider local", "NAME", "use: muster delete NAME"),
  command("muster delete a b --provider local", "b", "use: muster delete NAME"),
  command(
    "muster list --provider gcp --region europe-west2 --option project",
    "--option",
    "use KEY=VALUE, or KEY:=JSON",
  ),
  command("muster sweep --provider local --older-than 2hours", "olderThan", 'use a number with a unit: "90s"'),
]

export const WRONG_INPUTS: readonly WrongInput[] = [...CLUSTER, ...CLOUDS, ...VERBS, ...COMMANDS]

/** What it is told. */
export async function messageOf({ try: attempt }: WrongInput): Promise<string> {
  try {
    await attempt()
  } catch (error) {
    if (error instanceof Error) return error.message
    throw error
  }
  return "was taken"
}
