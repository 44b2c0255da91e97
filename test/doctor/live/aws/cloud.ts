/** EC2 for live walks: the wire, guests that are played on it, and the lies that live in guests. */
import { createHash } from "node:crypto"
import type { Provider } from "../../../../src/provider.js"
import { textOf } from "../../../../src/guest/user-data.js"
import type { WalkOutcome } from "../../../../src/doctor/live/outcome.js"
import type { World, WorldInstance, WorldOptions } from "../../../../src/simulator/index.js"
import { brokenBy, type LieMode } from "../../../../src/simulator/requests/lies.js"
import { type Cloud, ec2 } from "../../../aws/support/cloud.js"
import { recordExchange, recordReply } from "../../../aws/support/exchanges.js"
import type { Ec2WireOptions, Exchange } from "../../../../providers/aws/wire/index.js"
import { type GuestLie, playGuests, walked, type WalkOptions } from "../support.js"

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

/** A guest that is late by so much ends its machine all the same, and before it would be ended, in milliseconds. */
const LATE_MS = 186_000

/** The lies that live in guests. @param now the world's time. */
export function guestLies(now: () => number): readonly GuestLie[] {
  const isEarly = ({ tags }: WorldInstance) => now() < Number(tags["muster-deadline"]) * 1000 + LATE_MS
  return [
    {
      breaks: "aws.guest-deadline",
      staysOn: (instance, isBroken) => isBroken(instance.id) && isEarly(instance),
    },
    says("user-data", "0".repeat(64)),
    says("metadata", "404 - Not Found"),
    says("tags", "404 - Not Found"),
    says("notice", "401"),
  ]
}

export interface Setting {
  readonly walk?: Partial<WalkOptions>
  readonly wire?: Partial<Ec2WireOptions>
  readonly world?: Partial<WorldOptions>
  /** Some requests are not answered for an hour, by this seed. */
  readonly hangs?: number
  /** In the place of the lies above. */
  readonly guest?: GuestLie
}

/** @param broken where it is of a guest, guests lie, else the wire does. */
export async function awsWalk(
  broken?: Broken,
  { walk = {}, wire = {}, world: own = {}, hangs, guest: given }: Setting = {},
): Promise<{ readonly outcome: WalkOutcome; readonly cloud: Cloud }> {
  const isOfGuest = given !== undefined || guestLies(() => 0).some(({ breaks }) => breaks === broken?.breaks)
  const lying = broken === undefined || isOfGuest ? {} : { lie: broken }
  const isOwn = broken === undefined && wire.rim === undefined
  const onExchange = isOwn ? record : () => {}
  const seeded = { world: { ...own, ...(hangs === undefined ? {} : { seed: hangs }) } }
  const cloud = await ec2({
    ...seeded,
    aws: { prices: PRICES, credentials: KEYS },
    wire: { onExchange, ...lying, ...wire },
  })
  const { world, clock } = cloud
  if (hangs !== undefined) for (const api of HANGING) world.faults.rate(api, HANG_SHARE, { kind: "hang" })
  const guest = given ?? guestLies(() => clock.now()).find(({ breaks }) => breaks === broken?.breaks)
  const lie = guest === undefined || broken === undefined ? {} : { lie: { guest, isBroken: brokenBy(broken.mode) } }
  const end = playGuests({ world, clock, programOf, linesOf, systemSays, ...lie })
  const provider = adjusted(cloud.provider, isOwn ? undefined : SLOW_MS)
  const outcome = await walked({ ...cloud, provider }, { instanceType: "t3.micro", ...walk })
  // Those that nobody could end are ended by their guests.
  if (outcome.left.length > 0 || hangs !== undefined) await cloud.run(clock.sleep(LONGEST_LIFE_MS))
  end()
  return { outcome, cloud }
}

const HANGING = ["DescribeInstances", "RunInstances", "CreateFleet", "TerminateInstances", "GetConsoleOutput"]
const HANG_SHARE = 0.02

/** Between two lists of a walk whose lists are not what its test is about. */
const SLOW_MS = 4_000

/** The deadline of the machines that live longest, and what their guests and the world take after it. */
const LONGEST_LIFE_MS = 12 * 60_000

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "planted-secret", sessionToken: "planted-token" }

/** As the world has it. */
const PRICES = { "t3.micro": 0.0104 }

/** The world bills neither disks nor addresses. @param everyMs between two lists, in milliseconds; as often as EC2's when left out. */
function adjusted(provider: Provider, everyMs = provider.limits.look.everyMs): Provider {
  const load = provider.walk?.bind(provider)
  if (load === undefined) return provider
  const walk: Provider["walk"] = async (tap) => {
    const own = await load(tap)
    const { limits } = own.provider
    const look = { ...limits.look, everyMs }
    return { ...own, provider: { ...own.provider, limits: { ...limits, look } }, besides: () => 0 }
  }
  return { ...provider, walk }
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
export function record(exchange: Exchange): void {
  if (exchange.request.includes("InstanceType=t3.muster")) recordReply(exchange)
  else recordExchange(exchange)
}

function userData({ attributes }: WorldInstance): Buffer {
  return Buffer.from((attributes.request as { readonly UserData?: string }).UserData ?? "", "base64")
}

export function programOf(instance: WorldInstance): string {
  return textOf(userData(instance))
}

/** What the startup finds where all is as it should be. */
export function linesOf(instance: WorldInstance): readonly string[] {
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
