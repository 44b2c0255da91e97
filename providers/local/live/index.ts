/** The walk of this machine: what workers here rest on. */
import { execFileSync } from "node:child_process"
import { TAG } from "../../../src/fleet/tags.js"
import { judgeConsistency, judgeDeadlines, judgeStates, judgeTags, sightsOf, toldOn } from "../../../src/live/judges.js"
import type { Instance, Provider, Walk, WalkStage, WalkTimes, WalkWorker } from "../../../src/provider.js"
import { readHost } from "../client/host.js"
import { ASSUMPTIONS } from "./assumptions.js"
import { foreignVariables, isIdentity, STARTUP } from "./startup.js"

/** Everything here takes less than a second, and several on a machine that is busy; a supervisor looks at its deadline each second. */
const TIMES: WalkTimes = {
  deadlineS: { brief: 15, batch: 30, timed: 6 },
  likelyS: { brief: 1, batch: 3, timed: 6 },
  consoleEveryMs: 300,
  slackMs: 10_000,
  bootedWithinMs: 20_000,
  // On a busy machine three that are ended at once have taken more than 10 s.
  goneWithinMs: 30_000,
}

/** @param provider of which all is asked. */
export function walkOf(provider: Provider): Walk {
  return {
    assumptions: ASSUMPTIONS,
    provider,
    startup: STARTUP,
    endsBy: [],
    besides: () => 0,
    isFree: true,
    times: TIMES,
    launched: (stage, workers) => replay(provider, stage, workers),
    booted: (stage, worker) => {
      lookAtBooted(stage, worker)
      return Promise.resolve()
    },
    gone: async (stage, worker) => {
      lookForStray(stage, worker)
      await replaySpent(provider, stage, worker)
    },
    judge: (stage) => {
      judgeTags(stage, "local.tags", tagsOf)
      judgeConsistency(stage, "local.listed", provider.limits.consistencyMs)
      judgeStates(stage, "local.states")
      judgeDeadlines(stage, "local.deadline", TIMES.slackMs)
      judgeBrief(stage)
      judgeAddresses(stage)
      return Promise.resolve()
    },
  }
}

function tagsOf({ owner, call }: WalkWorker): Readonly<Record<string, string>> {
  return { [TAG.uid]: owner.uid, [TAG.cluster]: owner.cluster, [TAG.group]: call.group, [TAG.launch]: call.token }
}

function idsOf(instances: readonly Pick<Instance, "id">[]): string {
  return instances
    .map(({ id }) => id)
    .sort()
    .join(" ")
}

/** What it has made is seen by the lists that follow: each of its ids would be one that nobody knows. */
async function replay(provider: Provider, stage: WalkStage, workers: readonly WalkWorker[]): Promise<void> {
  const [first] = workers
  if (first === undefined) return
  const again = await provider.launch(first.call, stage.calls)
  const made = idsOf(workers.map((worker) => worker.made))
  const { uid, cluster } = stage.owner
  const listed = await provider.list({ uid, cluster, launch: first.call.token }, stage.calls)
  const isSame = idsOf(again.instances) === made && listed.every(({ id }) => made.includes(id))
  stage.saw("local.replay", isSame, `${made}, and again ${idsOf(again.instances)}; listed ${idsOf(listed)}`)
}

async function replaySpent(provider: Provider, stage: WalkStage, { call, made }: WalkWorker): Promise<void> {
  // A call for several is asked of each of its workers when not all of them may be gone.
  const again = await provider.launch(call, stage.calls)
  const own = again.instances.find(({ id }) => id === made.id)
  const isSpent = own?.state === "terminated" && again.instances.every(({ id }) => call.names?.includes(id) === true)
  stage.saw("local.spent", isSpent, `${made.id} is ${own?.state ?? "not told"}`)
}

function lookAtBooted(stage: WalkStage, worker: WalkWorker): void {
  const [hello, limits, variables] = ["hello", "limits", "variables"].map((name) => toldOn(worker, name))
  stage.saw("local.console", hello === worker.made.name, `doctor hello ${hello ?? "is not there"}`)
  const foreign = foreignVariables(variables ?? "")
  const words = `not promised: ${foreign.join(" ") || "none"}`
  if (variables !== undefined) stage.saw("local.environment", foreign.length === 0, words)
  if (limits !== undefined) stage.saw("local.limits", limits === ownLimits(), `${limits}; here ${ownLimits()}`)
  const identity = toldOn(worker, "process")
  if (identity === undefined) return
  stage.saw("local.identity", isIdentity(identity) && readHost().isAlive(identity), `process ${identity}`)
}

let known: string | undefined

/** Node has no way to ask for them. */
function ownLimits(): string {
  known ??= execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim()
  return known
}

function lookForStray(stage: WalkStage, worker: WalkWorker): void {
  const identity = toldOn(worker, "process")
  if (identity === undefined) return
  const isThere = readHost().isAlive(identity)
  stage.saw("local.all-ended", !isThere, `process ${identity} ${isThere ? "lives" : "is gone"} after its worker`)
}

/** Gone soon, and in no list from then on. */
function judgeBrief(stage: WalkStage): void {
  for (const worker of stage.workers) {
    const { wave, endedAt, goneAt } = worker
    if (wave !== "brief" || endedAt === undefined) continue
    const isBack = goneAt !== undefined && sightsOf(stage, worker).some(({ at }) => at > goneAt)
    const isSoon = goneAt !== undefined && goneAt <= endedAt + TIMES.slackMs
    const words = goneAt === undefined ? "not gone" : `gone ${goneAt - endedAt} ms after it was told to end`
    stage.saw("local.end-while-made", isSoon && !isBack, isBack ? "it came back" : words)
  }
}

/** Each of those that live at once has its own, which is the one that lists tell. */
function judgeAddresses(stage: WalkStage): void {
  for (const worker of stage.workers) {
    const own = toldOn(worker, "address")
    if (own === undefined) continue
    const others = stage.workers.filter((other) => other.wave === worker.wave && other !== worker)
    const isShared = others.some((other) => toldOn(other, "address") === own)
    const isListed = own.startsWith(`${worker.instance.privateIp ?? ""}:`)
    stage.saw("local.address", !isShared && isListed, `${own}; listed ${worker.instance.privateIp ?? "none"}`)
  }
}
