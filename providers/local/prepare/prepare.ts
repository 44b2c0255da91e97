/** Before the first launch: the group's request is checked, and the cluster's name claimed. */
import { RejectedError, SpecError, type SpecProblem } from "../../../src/errors.js"
import type { Calls, GroupRequest, Owner, Prepared } from "../../../src/provider.js"
import { containerNotes } from "../../../src/guest/image.js"
import { isCloudConfig } from "../../../src/guest/text.js"
import { cloudConfigProblems } from "../../../src/tables/cloud-config.js"
import { toBody } from "./body.js"
import { clusterKey, isPlainName, makeDirectories } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { toCloudError } from "../client/errors.js"
import { type Host, readHost } from "../client/host.js"
import { claimName, type LivingOf } from "./ownership.js"
import { PROVIDER } from "../client/record.js"

/**
 * The largest script: a file, so there is no limit of this machine's. GCP's limit for one metadata value, the largest of
 * the clouds', so that what runs here is not too long everywhere else (Compute Engine, "About VM metadata").
 */
export const USER_DATA_BYTES = 262_144

/** execve(2): one variable with its value may take 32 pages (MAX_ARG_STRLEN). */
const VARIABLE_BYTES = 131_072

/**
 * Claims the owner's generation, unless nothing may be made.
 *
 * @param notes what is said of this machine, whatever the group.
 */
export async function prepareGroup(
  claim: () => Promise<void>,
  notes: readonly string[],
  owner: Owner,
  group: GroupRequest,
  calls: Calls,
): Promise<Prepared> {
  const problems = problemsOf(owner, group)
  if (problems.length > 0) throw new SpecError(problems)
  if (!calls.readOnly) await claim()
  return { notes: [...notes, ...notesOf(group)], body: toBody(owner, group) }
}

/** What claiming a cluster needs of the instances that there are. */
export interface Around {
  readonly livingOf: LivingOf
  /** Starts what was made and has no process yet. */
  readonly resume: (host: Host) => Promise<void>
}

/**
 * Claims the owner's generation of its cluster's name; the same claim again is fine. Taking a cluster over, it starts what
 * the one before had no time to start.
 */
export async function claimCluster(layout: Layout, owner: Owner, calls: Calls, around: Around): Promise<void> {
  const action = `preparing cluster ${owner.cluster} in ${layout.root}`
  await calls.send("local.claim", {}, async () => {
    try {
      await makeDirectories(layout, clusterKey(owner))
      const host = readHost()
      const isTakenOver = await claimName(layout, host, owner, calls.now(), around.livingOf)
      if (isTakenOver) await around.resume(host)
    } catch (error) {
      throw toCloudError(action, error, { provider: PROVIDER })
    }
  })
}

function problemsOf(owner: Owner, group: GroupRequest): readonly SpecProblem[] {
  const problems: SpecProblem[] = []
  const where = `group ${group.name}`
  if (!isPlainName(group.name) || group.name.length > 100) {
    problems.push({
      option: "group",
      value: group.name,
      message: `is ${JSON.stringify(group.name)}; use at most 100 letters, digits and -`,
    })
  }
  if (!/^\d{1,12}$/.test(owner.deadline)) {
    const message = `is ${JSON.stringify(owner.deadline)}; give seconds since 1970`
    problems.push({ option: "deadline", value: owner.deadline, message })
  }
  const { startup } = group
  if (startup !== undefined && Buffer.byteLength(startup) > USER_DATA_BYTES) {
    const message = `has ${Buffer.byteLength(startup)} bytes; at most ${USER_DATA_BYTES} fit, fetch the rest from the script`
    problems.push({ option: `${where}.startup`, message })
  }
  return [
    ...problems,
    ...cloudConfigProblems(group),
    ...Object.entries(group.environment).flatMap(([name, value]) => variableProblems(where, name, value)),
  ]
}

function variableProblems(where: string, name: string, value: string): readonly SpecProblem[] {
  const option = `${where}.environment.${name}`
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return [{ option, value, message: "no shell can have a variable with this name; use letters, digits and _" }]
  }
  if (value.includes("\0")) return [{ option, message: "has a NUL in its value, which no environment can hold" }]
  if (Buffer.byteLength(value) + name.length + 2 > VARIABLE_BYTES) {
    return [{ option, message: `has ${Buffer.byteLength(value)} bytes; at most ${VARIABLE_BYTES} fit with its name` }]
  }
  return []
}

function notesOf(group: GroupRequest): readonly string[] {
  return [
    ...(isCloudConfig(group.startup)
      ? ["local instances have no cloud-init: the cloud-config in startup is not carried out"]
      : []),
    ...(group.image === undefined
      ? []
      : [`local instances are processes of this machine: image ${group.image} is not used`]),
    ...containerNotes(group),
    ...(group.publicAddress === true ? ["local instances have no public address"] : []),
  ]
}

/** Throws RejectedError where instances cannot be made at all. */
export function refusePlatform(platform: NodeJS.Platform): void {
  if (platform === "linux" || platform === "darwin") return
  throw new RejectedError(
    `using the local provider on ${platform}: its instances are process groups supervised by /bin/sh, ` +
      "which need Linux or macOS; on Windows, run it inside WSL",
    { code: "UnsupportedPlatform" },
  )
}
