/** EC2 for live walks: the wire, guests that are played on it, and the lies that live in guests. */
import { createHash } from "node:crypto"
import type { Provider } from "../../../src/provider.js"
import { textOf } from "../../../src/guest/user-data.js"
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"
import { brokenBy, type LieMode } from "../../../src/simulator/requests/lies.js"
import { type Cloud, ec2 } from "../../aws/support/cloud.js"
import { recordExchange, recordReply } from "../../aws/support/exchanges.js"
import type { Exchange } from "../../../providers/aws/wire/index.js"
import { type GuestLie, playGuests, walked, type WalkOptions } from "./support.js"

/** What breaks: an assumption, as often as its mode says. */
export interface Broken {
  readonly breaks: string
  readonly mode: LieMode
}

/** What a line of a guest's startup says instead. */
function says(name: string, value: string): GuestLie {
  const tell = (lines: readonly string[], { id }: WorldInstance, isBroken: (thing: string) => boolean) =>
    isBroken(id) ? lines.map((line) => (line.startsWith(`doctor ${name} `) ? `doctor ${name} ${value}` : line)) : lines
  return { breaks: `aws.guest-${name}`, tell }
}

export const GUEST_LIES: readonly GuestLie[] = [
  { breaks: "aws.guest-deadline", staysOn: ({ id }, isBroken) => isBroken(id) },
  says("user-data", "0".repeat(64)),
  says("metadata", "-"),
  says("tags", "-"),
  says("notice", "000"),
]

/** @param broken where it is of a guest, guests lie, else the wire does. */
export async function awsWalk(
  broken?: Broken,
  options: Partial<WalkOptions> = {},
): Promise<{ readonly outcome: WalkOutcome; readonly cloud: Cloud }> {
  const guest = GUEST_LIES.find(({ breaks }) => breaks === broken?.breaks)
  const lying = broken === undefined || guest !== undefined ? {} : { lie: broken }
  const credentials = { ...KEYS }
  const cloud = await ec2({
    aws: { prices: PRICES, credentials },
    wire: { onExchange: broken === undefined ? record : () => {}, ...lying },
  })
  const lie = guest === undefined || broken === undefined ? {} : { lie: { guest, isBroken: brokenBy(broken.mode) } }
  const { world, clock } = cloud
  const provider = unbilledBesides(cloud.provider)
  const end = playGuests({ world, clock, programOf, linesOf, systemSays, ...lie })
  const outcome = await walked({ ...cloud, provider }, { instanceType: "t3.micro", ...options })
  end()
  return { outcome, cloud }
}

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "planted-secret", sessionToken: "planted-token" }

/** As the world has it. */
const PRICES = { "t3.micro": 0.0104 }

/** The world bills neither disks nor addresses. */
function unbilledBesides(provider: Provider): Provider {
  const walk = provider.walk?.bind(provider)
  return walk === undefined
    ? provider
    : { ...provider, walk: async (tap) => ({ ...(await walk(tap)), besides: () => 0 }) }
}

/** The most instances that there ever were at one moment, those on their way out included. */
export function mostAlive(world: World): number {
  const lives = world.truth({}).map(({ createdAt, leftAt = Number.POSITIVE_INFINITY }) => ({ createdAt, leftAt }))
  return Math.max(
    0,
    ...lives.map(({ createdAt: at }) => lives.filter((life) => life.createdAt <= at && at < life.leftAt).length),
  )
}

/** A walk names types on purpose that EC2 does not have. */
function record(exchange: Exchange): void {
  if (exchange.request.includes("InstanceType=t3.muster")) recordReply(exchange)
  else recordExchange(exchange)
}

function userData({ attributes }: WorldInstance): Buffer {
  return Buffer.from((attributes.request as { readonly UserData?: string }).UserData ?? "", "base64")
}

function programOf(instance: WorldInstance): string {
  return textOf(userData(instance))
}

/** What the startup finds where all is as it should be. */
function linesOf(instance: WorldInstance): readonly string[] {
  return [
    `doctor user-data ${createHash("sha256").update(userData(instance)).digest("hex")}`,
    `doctor metadata ${instance.id}`,
    `doctor tags ${instance.tags["muster-uid"] ?? "-"}`,
    "doctor notice 404",
  ]
}

/** As cloud-init prints them at the end of a first boot. */
function systemSays({ id }: WorldInstance): readonly string[] {
  const parts = [Buffer.from("ssh-ed25519"), createHash("sha256").update(id).digest()]
  const blob = Buffer.concat(parts.flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part]))
  const key = `ssh-ed25519 ${blob.toString("base64")} root@ip-10-0-0-1`
  return ["-----BEGIN SSH HOST KEY KEYS-----", key, "-----END SSH HOST KEY KEYS-----"]
}
