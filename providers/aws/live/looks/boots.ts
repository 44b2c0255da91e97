/** Boots: what a machine that has booted shows of itself, and what its guest found. */
import { createHash } from "node:crypto"
import { markPrefix } from "../../../../src/guest/marks.js"
import { toldOn } from "../../../../src/live/judges.js"
import type { Exchange, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { TAG } from "../../../../src/fleet/tags.js"
import type { Blueprint } from "../../prepare/blueprint.js"
import { areInMetadata } from "../../tag-rules.js"
import { type Fields, fieldsOf, isMalformed, listIn, refusalIn, tagsIn, textIn } from "../reading.js"
import { ask, described, endThem, type Site, TRIES, unlike, userDataOf } from "../site.js"
import { lookAtTokens } from "./launches.js"

/** cloud-init prints host keys after the user's scripts were started; so many looks, and between two of them so long, in milliseconds. */
const CONSOLE_LOOKS = 4
const CONSOLE_PAUSE_MS = 15_000

export async function lookAtBoot(site: Site, stage: WalkStage, worker: WalkWorker): Promise<void> {
  judgeGuest(stage, worker)
  await lookAtConsole(site, stage, worker)
  await lookAtAttached(site, stage, worker)
  await lookAtUnknown(site, stage, worker)
  const isFirst = worker.wave === "batch" && worker.number === 1
  if (isFirst && worker.call.api === "RunInstances") await lookAtTokens(site, stage, worker)
  if (isFirst) await lookAtUnknownEnds(site, stage, worker)
}

/** What the lines of its startup say, each beside what they should. */
function judgeGuest(stage: WalkStage, worker: WalkWorker): void {
  const digest = createHash("sha256").update(userDataOf(worker.call)).digest("hex")
  const { tags } = stage.prepared.body as unknown as Blueprint
  const wanted = {
    "user-data": digest,
    metadata: worker.made.id,
    notice: "404",
    // A launch whose tags metadata cannot show has said that it shall not.
    ...(areInMetadata(tags) ? { tags: worker.owner.uid } : {}),
  }
  const isConsole = ({ api, request }: Exchange) => api === "GetConsoleOutput" && request.body.includes(worker.made.id)
  const consoles = stage.exchanges.filter(isConsole).slice(-1)
  for (const [name, value] of Object.entries(wanted)) {
    const told = toldOn(worker, name)
    if (told === undefined || isSilent(name, told)) continue
    const words = told === value ? `its guest has ${value}` : `its guest has ${told}, not ${value}`
    stage.saw(`aws.guest-${name}`, told === value, words, consoles, worker.call.api)
  }
}

/** The digest of nothing: no user data came. */
const NOTHING = createHash("sha256").digest("hex")

/** Where no answer came the guest has seen nothing; with a notice it is not "without a notice". */
function isSilent(name: string, told: string): boolean {
  if (name === "notice") return /^(000|200|429|5\d\d)$/.test(told)
  return told === "-" || told === NOTHING
}

async function lookAtConsole(site: Site, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const prefix = markPrefix(worker.owner.uid)
  for (let look = 1; look <= CONSOLE_LOOKS; look += 1) {
    const asked = await ask(site, stage, "GetConsoleOutput", { InstanceId: worker.made.id, Latest: true })
    const refused = refusalIn(asked)
    const text = Buffer.from(textIn(asked.value, "Output") ?? "", "base64").toString("utf8")
    // Types that are older than Nitro have none, as is documented.
    const isOlder = refused?.code === "UnsupportedOperation"
    if (look === 1 && !isOlder && (refused !== undefined || text !== "")) {
      const words = refused === undefined ? `${text.length} characters` : `${refused.code}: ${refused.message}`
      stage.saw("aws.console-latest", text.includes(prefix), words, asked.exchanges)
    }
    const keys = hostKeysOn(text)
    // A console that does not show this boot shows nothing of its keys.
    if (keys.length > 0 || (look === CONSOLE_LOOKS && text.includes(prefix))) {
      stage.saw("aws.host-keys", keys.length > 0, `${keys.length} host keys on its console`, asked.exchanges)
      return
    }
    await stage.wait(CONSOLE_PAUSE_MS)
  }
}

/** The block that cloud-init prints, whole. */
const HOST_KEYS = /-----BEGIN SSH HOST KEY KEYS-----([\s\S]*?)-----END SSH HOST KEY KEYS-----/

function hostKeysOn(text: string): readonly string[] {
  return HOST_KEYS.exec(text)?.[1]?.match(/\b(ssh|ecdsa)-\S+ AAAA\S+/g) ?? []
}

/** Its disks and interfaces have the tags of its launch; which they are is kept for when they are to be gone. */
async function lookAtAttached(site: Site, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { value = [] } = await described(site, stage, [worker.made.id])
  const [instance = {}] = value
  const volumes = listIn(instance, "BlockDeviceMappings").flatMap(
    (mapping) => textIn(fieldsOf(mapping).Ebs, "VolumeId") ?? [],
  )
  const interfaces = listIn(instance, "NetworkInterfaces").flatMap((one) => textIn(one, "NetworkInterfaceId") ?? [])
  if (volumes.length > 0) {
    const Filters = [{ Name: "volume-id", Values: [...volumes] }]
    const asked = await ask(site, stage, "DescribeVolumes", { Filters })
    for (const one of listIn(asked.value, "Volumes")) {
      site.attached.volumes.set(textIn(one, "VolumeId") ?? "", worker.made.id)
      judgeTags(stage, worker, { assumption: "aws.volume-tags", tags: tagsIn(one), evidence: asked.exchanges })
    }
  }
  if (interfaces.length > 0) {
    const Filters = [{ Name: "network-interface-id", Values: [...interfaces] }]
    const asked = await ask(site, stage, "DescribeNetworkInterfaces", { Filters })
    for (const one of listIn(asked.value, "NetworkInterfaces")) {
      site.attached.interfaces.set(textIn(one, "NetworkInterfaceId") ?? "", worker.made.id)
      const tags = tagsIn(one, "TagSet")
      judgeTags(stage, worker, { assumption: "aws.interface-tags", tags, evidence: asked.exchanges })
    }
  }
}

interface Tagged {
  readonly assumption: string
  readonly tags: ReadonlyMap<string, string>
  readonly evidence: WalkStage["exchanges"]
}

function judgeTags(stage: WalkStage, worker: WalkWorker, { assumption, tags, evidence }: Tagged): void {
  const lacking = Object.entries(tagsOf(worker)).filter(([key, value]) => tags.get(key) !== value)
  const words = lacking.map(([key]) => key).join(", ")
  stage.saw(assumption, lacking.length === 0, words === "" ? "it has all tags" : `it lacks ${words}`, evidence)
}

/** What everything of one launch has. */
export function tagsOf({ owner, call }: WalkWorker): Readonly<Record<string, string>> {
  return {
    [TAG.cluster]: owner.cluster,
    [TAG.uid]: owner.uid,
    [TAG.owner]: owner.owner,
    [TAG.group]: call.group,
    [TAG.launch]: call.token,
    [TAG.deadline]: owner.deadline,
  }
}

async function lookAtUnknown(site: Site, stage: WalkStage, { made, number }: WalkWorker): Promise<void> {
  const unknown = unlike(made.id, number)
  const asked = await ask(site, stage, "DescribeInstances", { InstanceIds: [made.id, unknown] })
  const refused = refusalIn(asked)
  if (refused === undefined && asked.value === undefined) return
  if (isMalformed(refused)) return
  const held = isNamed(refused, unknown, made.id)
  const words = refused === undefined ? "the known one was described" : `${refused.code}: ${refused.message}`
  stage.saw("aws.unknown-id-fails-list", held, words, asked.exchanges)
}

function isNamed(refused: { readonly code: string; readonly message: string } | undefined, id: string, not: string) {
  const { code, message = "" } = refused ?? {}
  return code === "InvalidInstanceID.NotFound" && message.includes(id) && !message.includes(not)
}

/** Of machines that are to end now in any case. */
async function lookAtUnknownEnds(site: Site, stage: WalkStage, { made }: WalkWorker): Promise<void> {
  for (const number of TRIES) {
    const unknown = unlike(made.id, number)
    const asked = await ask(site, stage, "TerminateInstances", { InstanceIds: [made.id, unknown] })
    const refused = refusalIn(asked)
    if (refused === undefined && asked.value === undefined) continue
    if (isMalformed(refused)) continue
    const after = await described(site, stage, [made.id])
    const [instance] = after.value ?? []
    if (instance === undefined) continue
    const state = stateIn(instance)
    const held = isNamed(refused, unknown, made.id) && (state === "running" || state === "pending")
    const answer = refused === undefined ? "accepted" : `${refused.code}: ${refused.message}`
    const evidence = [...asked.exchanges, ...after.exchanges]
    stage.saw("aws.unknown-id-ends-none", held, `${answer}; the known one is ${state}`, evidence)
    if (!held) return endThem(site, stage, [made.id])
  }
}

export function stateIn(instance: Fields): string {
  return textIn(fieldsOf(instance).State, "Name") ?? ""
}
