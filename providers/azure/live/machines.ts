/** What a walk looks at in the life of one machine: when it is made, when it has booted, when it is told to end, and when it is gone. */
import { toldOn } from "../../../src/live/judges.js"
import type { Exchange, WalkStage, WalkWorker } from "../../../src/provider.js"
import { parseTime } from "../../../src/tables/times.js"
import { placeOf } from "../client/ids.js"
import { type Azure, remainingOf } from "../client/send.js"
import { endpointOf } from "../clouds.js"
import type { VmBody } from "../launch/bodies.js"
import { consoleLog } from "../observe/console.js"
import { statusesOfAll } from "../observe/vms.js"
import {
  at,
  isAbout,
  isDone,
  isSameId,
  lastReading,
  listAt,
  type Reading,
  readingsOf,
  textAt,
  wordsOf,
} from "./reading.js"
import { isUp, readOf, stateOf } from "./reads.js"
import { lookAtNone, sendVm } from "./refusals.js"

const PUT = "VirtualMachines_CreateOrUpdate"
const DELETE = "VirtualMachines_Delete"

/** The answer that accepted its launch, and a second request like it. */
export async function lookAtLaunch(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { group, name, vm } = worker.call.body as VmBody
  const made = readingsOf(stage.exchanges, PUT).find((one) => isDone(one) && isAbout(one.exchange, worker))
  if (made !== undefined) lookAtAcceptance(azure, stage, made)
  const again = lastReading(await sendVm(azure, stage, { group, name }, vm), PUT)
  if (again !== undefined)
    stage.saw("azure.put-only-new", [409, 412].includes(again.status), `sent again: ${wordsOf(again)}`, [
      again.exchange,
    ])
  const read = await readOf(azure, stage, worker)
  if (read === undefined || !isDone(read)) return
  lookAtIdentity(stage, made, read)
  if (worker.made.market === "spot") lookAtSpot(stage, read)
}

function lookAtAcceptance({ options }: Azure, stage: WalkStage, made: Reading): void {
  const { headers, exchange } = made
  const operation = headers["azure-asyncoperation"]
  const origin = operation !== undefined && URL.canParse(operation) ? new URL(operation).origin : "no address"
  stage.saw("azure.async-operation", origin === new URL(endpointOf(options)).origin, `its operation: ${origin}`, [
    exchange,
  ])
  const left = remainingOf({ headers })["compute.puts"]
  stage.saw("azure.compute-remaining", left !== undefined, `left of compute's writes: ${left ?? "not told"}`, [
    exchange,
  ])
}

/** A second PUT has made nothing else under the name. */
function lookAtIdentity(stage: WalkStage, made: Reading | undefined, read: Reading): void {
  const [before, after] = [made?.body, read.body].map((body) => textAt(body, "properties", "vmId"))
  if (before !== undefined && after !== undefined)
    stage.saw("azure.put-replay", isSameId(before, after), isSameId(before, after) ? "the same vmId" : "another vmId", [
      ...(made === undefined ? [] : [made.exchange]),
      read.exchange,
    ])
  const created = textAt(read.body, "properties", "timeCreated")
  stage.saw("azure.time-created", parseTime(created) !== undefined, `timeCreated: ${created ?? "not told"}`, [
    read.exchange,
  ])
}

function lookAtSpot(stage: WalkStage, { body, exchange }: Reading): void {
  const [priority, policy] = ["priority", "evictionPolicy"].map((name) => textAt(body, "properties", name))
  const isAsAsked = priority === "Spot" && policy === "Delete"
  stage.saw("azure.spot-eviction-policy", isAsAsked, `${priority ?? "no priority"}, ${policy ?? "no policy"}`, [
    exchange,
  ])
}

/** Its view, its user data, its place in the list of the whole subscription, and what its guest has written. */
export async function lookAtBoot(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const viewed = await readOf(azure, stage, worker, "instanceView")
  if (isUp(viewed)) lookAtPower(stage, viewed)
  const { vm } = worker.call.body as VmBody
  const data = await readOf(azure, stage, worker, "userData")
  if (data !== undefined && isDone(data) && typeof vm.userData === "string") {
    const found = textAt(data.body, "properties", "userData")
    const words = found === undefined ? "none" : found === vm.userData ? "as it was sent" : "another"
    stage.saw("azure.user-data-read", found === vm.userData, words, [data.exchange])
  }
  await lookAtStatuses(azure, stage, worker)
  lookAtLines(stage, worker)
  await lookAtHostKeys(azure, stage, worker)
}

function lookAtPower(stage: WalkStage, { body, exchange }: Reading): void {
  const codes = (listAt(body, "properties", "instanceView", "statuses") ?? []).flatMap(
    (one) => textAt(one, "code") ?? [],
  )
  const isRunning = codes.some((code) => /^PowerState\/running$/i.test(code))
  stage.saw("azure.power-states", isRunning, codes.join(", ") || "no statuses", [exchange])
}

async function lookAtStatuses(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { value, exchanges } = await stage.watch((calls) => statusesOfAll(azure, calls))
  const pages = readingsOf(exchanges, "VirtualMachines_ListAll")
  if (value === undefined || pages.length === 0) return
  // It may have ended itself meanwhile.
  const read = await readOf(azure, stage, worker)
  if (!isUp(read)) return
  const own = pages
    .flatMap(({ body }) => listAt(body, "value") ?? [])
    .find((one) => isSameId(textAt(one, "id"), worker.made.id))
  const isThere = at(own, "properties", "instanceView") !== undefined
  const words = own === undefined ? "it is not in the list" : isThere ? "it is there, with its view" : "it has no view"
  stage.saw(
    "azure.status-list",
    isThere,
    words,
    [...pages, read].map(({ exchange }) => exchange),
  )
}

/** An answer that did not come, and one of a service that is out of order, says nothing. */
const SILENT = /^(none|0|401|403|408|410|429|5\d\d)$/

/** What its startup has written: see `startup.ts`. */
function lookAtLines(stage: WalkStage, worker: WalkWorker): void {
  const data = toldOn(worker, "user-data")
  if (data !== undefined)
    stage.saw(
      "azure.custom-data",
      data === worker.owner.deadline,
      `the guest knows the deadline ${data || "of nobody"}`,
      logsOf(stage, worker),
    )
  const [status = "none", id = ""] = toldOn(worker, "metadata")?.split(" ") ?? []
  if (!SILENT.test(status))
    stage.saw(
      "azure.metadata",
      status === "200" && isSameId(id, worker.made.id),
      `the guest was answered ${status} ${endOf(id)}`,
      logsOf(stage, worker),
    )
  const notice = toldOn(worker, "notice") ?? "none"
  if (!SILENT.test(notice.split(" ")[0] ?? ""))
    stage.saw(
      "azure.scheduled-events",
      notice === "200 events",
      `the guest was answered ${notice}`,
      logsOf(stage, worker),
    )
}

function endOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1)
}

function logsOf({ exchanges }: WalkStage, { made }: WalkWorker): readonly Exchange[] {
  const isLog = ({ api, request }: Exchange) => api === "BootDiagnosticsLog" && request.url.includes(made.name)
  return exchanges.filter(isLog).slice(-1)
}

const KEYS = /-----BEGIN SSH HOST KEY KEYS-----[\s\S]*(ssh|ecdsa)-\S+ [\s\S]*-----END SSH HOST KEY KEYS-----/

/** cloud-init prints them after it has run the guest's program; the console shows them some seconds later. */
const KEYS_WITHIN_MS = 60_000
const EVERY_MS = 10_000

async function lookAtHostKeys(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const until = stage.now() + KEYS_WITHIN_MS
  let text: string | undefined = worker.console
  while (!KEYS.test(text ?? "") && stage.now() < until) {
    await stage.wait(EVERY_MS)
    text = (await stage.watch((calls) => consoleLog(azure, worker.instance, calls))).value
  }
  if (text === undefined || text === "") return
  const isThere = KEYS.test(text)
  stage.saw("azure.host-keys", isThere, isThere ? "on the console" : "not on the console", logsOf(stage, worker))
}

/** Its end was asked for: how that was answered, and what it is from then on. */
export async function lookAtEnd(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const [first] = readingsOf(stage.exchanges, DELETE).filter(({ exchange }) => isAbout(exchange, worker))
  if (first !== undefined && worker.wave === "brief" && worker.runningAt === undefined && wasMade(stage, worker, first))
    stage.saw("azure.delete-while-creating", isDone(first), `answered with ${wordsOf(first)}`, [first.exchange])
  const read = await readOf(azure, stage, worker)
  if (read === undefined) return
  const state = isDone(read) ? stateOf(read) : read.status === 404 ? "gone" : undefined
  if (state === undefined) return
  stage.saw("azure.deleting-state", state === "gone" || /^deleting$/i.test(state), `then it was ${state}`, [
    read.exchange,
  ])
}

/** The last that was said of it before its end was asked for is that it was being made. */
function wasMade({ exchanges }: WalkStage, worker: WalkWorker, { exchange: { at } }: Reading): boolean {
  const own = readingsOf(exchanges, PUT, "VirtualMachines_Get").filter(
    (one) => one.exchange.at <= at && isDone(one) && isAbout(one.exchange, worker),
  )
  const last = own.at(-1)
  return last !== undefined && /^creating$/i.test(stateOf(last) ?? "")
}

/** A list may lack it before it is gone. */
const GONE_TRIES = 4

export async function lookAtGone(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const place = placeOf(worker.made.id, azure.options.subscriptionId)
  if (place === undefined) return
  for (let tries = 0; tries < GONE_TRIES; tries += 1) {
    if (await lookAtNone(azure, stage, place)) return
    await stage.wait(EVERY_MS)
  }
}
