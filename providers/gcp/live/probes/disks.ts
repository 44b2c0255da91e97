/** Boot disks: they are found by their labels, and go with their instances. */
import { TAG } from "../../../../src/fleet/tags.js"
import type { Exchange, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { type Fields, itemsIn, textAt } from "../reading.js"
import { lastAnswer, type Probing, tell, tries } from "./probing.js"

/** A disk may be listed some moments longer than its instance. */
const LOOKS = 4
const PAUSE_MS = 10_000

const FIELDS = "items(name,status,labels,users),nextPageToken,warning(code,message)"

export async function lookAtDisk(probing: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { name } = worker.made
  await tries(stage, "gcp.disk-labels", listing(probing, worker), (exchanges) => {
    const items = disksIn(exchanges)
    if (items === undefined) return undefined
    const disk = items.find((item) => textAt(item, "name") === name)
    if (disk === undefined) return { held: false, words: `no disk ${name} among ${items.length}` }
    const lacking = [TAG.uid, TAG.launch].filter((key) => textAt(disk, "labels", key) !== expectedOf(worker, key))
    const users = usersOf(disk)
    const isUsed = users.some((user) => user.endsWith(`/instances/${name}`))
    const words = `it lacks ${lacking.length === 0 ? "no label" : lacking.join(", ")}; its users are ${users.join() || "none"}`
    return { held: lacking.length === 0 && isUsed, words }
  })
}

export async function lookWhetherDiskWent(probing: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { name } = worker.made
  const isNamed = (item: Fields) => textAt(item, "name") === name
  for (let look = 1; look <= LOOKS; look += 1) {
    const { exchanges } = await stage.watch(listing(probing, worker))
    const items = disksIn(exchanges)
    const isThere = items?.some(isNamed) ?? false
    if (isThere && look < LOOKS) {
      await stage.wait(PAUSE_MS)
      continue
    }
    const words = isThere ? `disk ${name} is there ${((LOOKS - 1) * PAUSE_MS) / 1000} s later` : `disk ${name} is gone`
    // Of a disk that no list has shown nobody can say that it went.
    const isKnown = stage.exchanges.some((one) => one.api === "disks.list" && disksIn([one])?.some(isNamed) === true)
    if (items !== undefined && isKnown) tell(stage, "gcp.disk-goes", { held: !isThere, words }, exchanges)
    return
  }
}

function listing({ send }: Probing, { owner, made: { zone } }: WalkWorker) {
  const filter = `(labels.${TAG.uid}=${owner.uid})`
  const request = { what: `listing disks in ${zone}`, message: { zone, filter }, fields: FIELDS }
  return (calls: WalkStage["calls"]) => send(calls, "disks.list", request)
}

/** A cluster of three machines has no second page. */
function disksIn(exchanges: readonly Exchange[]): readonly Fields[] | undefined {
  const answer = lastAnswer(exchanges)
  return answer?.fields.nextPageToken ? undefined : itemsIn(answer)
}

function expectedOf({ owner, call }: WalkWorker, key: string): string {
  return key === TAG.uid ? owner.uid : call.token
}

function usersOf(disk: Fields): readonly string[] {
  const { users } = disk
  return Array.isArray(users) ? users.filter((user): user is string => typeof user === "string") : []
}
