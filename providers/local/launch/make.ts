/** Makes one instance: its directory is complete before it becomes visible. */
import { randomBytes } from "node:crypto"
import { lstat, mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type LaunchBody, tagsOf } from "../prepare/body.js"
import { type Address, claimAddress, release } from "../client/claims.js"
import { clusterKey, PRIVATE_DIRECTORY, PRIVATE_FILE, uniqueName, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { isErrno } from "../client/errors.js"
import type { Host } from "../client/host.js"
import { leaseName, leaseText } from "../client/lease-file.js"
import { type InstanceRecord, recordName, specName } from "../client/record.js"
import { guestFiles } from "./guest.js"
import { settingsText } from "./settings.js"
import { supervisorText } from "./supervisor.js"

export interface Blueprint {
  readonly name: string
  readonly token: string
  readonly zone: string
  readonly instanceType: string
  /** The claimed place. */
  readonly slot: string
  readonly body: LaunchBody
  readonly graceMs: number
  readonly host: Host
  readonly now: number
}

/**
 * Passed on from the process that launches. Nothing else is: what a shell happens to have in its environment (tokens
 * above all) would make a worker here do what it cannot do on a cloud, and would sit in a file.
 */
const INHERITED = ["PATH", "HOME", "LANG", "TMPDIR"] as const

/** POSIX's own utilities are here, should the process that launches have no PATH. */
export const PLAIN_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

/**
 * Makes the directory, but does not start what is in it. Undefined when the name was given already; then nothing is made.
 */
export async function makeInstance(layout: Layout, plan: Blueprint): Promise<InstanceRecord | undefined> {
  const claimant = { name: plan.name, cluster: clusterKey(plan.body.owner), uid: plan.body.owner.uid }
  const cluster = layout.cluster(claimant.cluster)
  const draft = join(cluster.making, uniqueName(plan.name))
  const claims = [plan.slot]
  try {
    const address = await claimAddress(layout, plan.host, claimant)
    claims.push(address.file)
    const record = recordOf(plan, claimant.cluster, address)
    await writeDraft(draft, layout, record, plan)
    if (await publish(layout, draft, record)) return record
  } catch (error) {
    await withdraw(layout, claimant, claims, draft)
    throw error
  }
  await withdraw(layout, claimant, claims, draft)
  return undefined
}

async function withdraw(layout: Layout, claimant: Parameters<typeof release>[1], claims: string[], draft: string) {
  await rm(draft, { recursive: true, force: true })
  await release(layout, claimant, claims)
}

/**
 * Publishes the directory, unless it exists or has existed. A slow duplicate of this call may come after the instance has
 * lived and died. So the spent names are checked again once no other call can make the directory: a name is written there
 * before its directory is removed.
 */
async function publish(layout: Layout, draft: string, record: InstanceRecord): Promise<boolean> {
  const here = layout.instance(record.name)
  try {
    await rename(draft, here)
  } catch (error) {
    if (isErrno(error, "ENOTEMPTY", "EEXIST")) return false
    throw error
  }
  const spent = await unlessMissing(lstat(join(layout.cluster(record.cluster).spent, record.name)))
  if (spent === undefined) return true
  await rename(here, draft)
  return false
}

function recordOf(plan: Blueprint, cluster: string, address: Address): InstanceRecord {
  const { owner } = plan.body
  return {
    name: plan.name,
    nonce: randomBytes(16).toString("hex"),
    zone: plan.zone,
    instanceType: plan.instanceType,
    address: address.address,
    port: address.port,
    launchedAt: plan.now,
    deadline: owner.deadline,
    cluster,
    claims: { address: address.file, slot: plan.slot },
    tags: tagsOf(plan.body, plan.token),
  }
}

async function writeDraft(draft: string, layout: Layout, record: InstanceRecord, plan: Blueprint): Promise<void> {
  const { spec, leaseSeconds, whenDone, onNotice, container } = plan.body.group
  const write = (file: string, text: string) => writeFile(join(draft, file), text, { mode: PRIVATE_FILE, flag: "wx" })
  for (const folder of ["", "work", "guest"]) await mkdir(join(draft, folder), { mode: PRIVATE_DIRECTORY })
  const has = { hasNotice: onNotice !== undefined, hasContainer: container !== undefined }
  const told = { graceMs: plan.graceMs, leaseSeconds, host: plan.host, whenDone, ...has }
  await write(recordName, `${JSON.stringify(record)}\n`)
  await write("settings", settingsText(layout, record, told))
  await write("supervise.sh", supervisorText)
  const home = join(layout.instance(record.name), "guest")
  for (const [file, text] of guestFiles(plan.body, environmentOf(layout, record, plan), home))
    await write(join("guest", file), text)
  if (spec !== undefined) await write(specName, spec.text)
  if (leaseSeconds !== undefined) await write(leaseName, leaseText(plan.now / 1000 + leaseSeconds))
}

/** The group's own variables win over what is passed on, and ours over both. */
function environmentOf(layout: Layout, record: InstanceRecord, plan: Blueprint): Record<string, string> {
  const { environment, name, scratch, headAddress } = plan.body.group
  const passed = INHERITED.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    PATH: PLAIN_PATH,
    ...Object.fromEntries(passed),
    ...environment,
    MUSTER_PROVIDER: "local",
    MUSTER_REGION: "local",
    MUSTER_CLUSTER: plan.body.owner.cluster,
    MUSTER_UID: plan.body.owner.uid,
    MUSTER_GROUP: name,
    MUSTER_NAME: record.name,
    MUSTER_ID: record.name,
    MUSTER_ADDRESS: record.address,
    MUSTER_PORT: String(record.port),
    MUSTER_DEADLINE: record.deadline,
    MUSTER_INSTANCE: record.nonce,
    ...(headAddress === undefined
      ? {}
      : {
          MUSTER_HEAD_ADDRESS: headAddress,
          MUSTER_HEAD_FILE: join(layout.instance(record.name), "guest", "head", "address"),
        }),
    ...(scratch === undefined ? {} : { MUSTER_SCRATCH: join(layout.instance(record.name), "root", scratch) }),
  }
}
