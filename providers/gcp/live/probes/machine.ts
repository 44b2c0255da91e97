/** One machine that runs: its console, its labels, what its guest has written and told. */
import { createHash } from "node:crypto"
import { toldOn } from "../../../../src/live/judges.js"
import type { WalkStage, WalkWorker } from "../../../../src/provider.js"
import { hexOf, uuidOf } from "../../client/ids/names.js"
import { answerIn, fieldsOf, isSuccess, listAt, refusalText, textAt } from "../reading.js"
import { lastAnswer, type Probing, type Seen, tell, tries } from "./probing.js"

const TAIL_BYTES = 100

export async function lookAtConsole({ send }: Probing, stage: WalkStage, { made }: WalkWorker): Promise<void> {
  const { zone, name } = made
  const message = { zone, instance: name, start: String(-TAIL_BYTES) }
  const request = { what: `reading the console of ${name}`, message, fields: "contents" }
  await tries(
    stage,
    "gcp.console-tail",
    (calls) => send(calls, "instances.getSerialPortOutput", request),
    (exchanges) => {
      const answer = lastAnswer(exchanges)
      const contents = textAt(answer?.fields, "contents")
      if (answer === undefined || !isSuccess(answer) || contents === undefined || contents === "") return undefined
      // A byte that is no text comes as a sign of three bytes, so that signs are counted.
      const words = `${contents.length} signs where the last ${TAIL_BYTES} bytes were asked for`
      return { held: contents.length <= TAIL_BYTES, words }
    },
  )
}

/** In base64, as fingerprints are, and of no labels. */
const NO_FINGERPRINT = "AAAAAAAAAAA="

/** The labels are those that it has: nothing would be another if they were written. */
export async function lookAtFingerprint({ send }: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { zone, name } = worker.made
  const body = { labels: { ...worker.instance.tags }, labelFingerprint: NO_FINGERPRINT }
  const requestId = uuidOf(hexOf(`${worker.call.token}/${name}/labels`, 32))
  const message = { zone, instance: name, requestId, instancesSetLabelsRequestResource: body }
  const request = { what: `labelling ${name} with an old fingerprint`, message, fields: "name,status,error" }
  await tries(
    stage,
    "gcp.label-fingerprint",
    (calls) => send(calls, "instances.setLabels", request),
    (exchanges) => {
      const answer = lastAnswer(exchanges)
      if (answer === undefined) return undefined
      if (isSuccess(answer)) return { held: false, words: "the labels were written" }
      return { held: answer.status === 412, words: refusalText(answer) }
    },
  )
}

const LOOKS = 5
const PAUSE_MS = 10_000
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** The agent writes when it has time. */
export async function lookAtHostKeys({ provider }: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  for (let look = 1; look <= LOOKS; look += 1) {
    const { exchanges } = await stage.watch(
      (calls) => provider.hostKeys?.(worker.instance, calls) ?? Promise.resolve([]),
    )
    const answer = lastAnswer(exchanges)
    if (answer === undefined) return
    const items = listAt(answer.fields, "queryValue", "items")
    const kinds = items.flatMap((item) => (BASE64.test(textAt(item, "value") ?? "") ? (textAt(item, "key") ?? []) : []))
    if (isSuccess(answer) && kinds.includes("ssh-ed25519")) {
      tell(stage, "gcp.host-keys", { held: true, words: kinds.join(", ") }, exchanges)
      return
    }
    if (look < LOOKS) await stage.wait(PAUSE_MS)
    else tell(stage, "gcp.host-keys", { held: false, words: keysText(answer.status, kinds) }, exchanges)
  }
}

function keysText(status: number, kinds: readonly string[]): string {
  return status < 300 ? `keys: ${kinds.join(", ") || "none"}` : `HTTP ${status} for the guest attributes`
}

/** What its guest told on the console. */
export function judgeGuest(stage: WalkStage, worker: WalkWorker): void {
  const { made } = worker
  const evidence = stage.exchanges
    .filter((exchange) => exchange.api === "instances.getSerialPortOutput" && answerIn(exchange) !== undefined)
    .filter(({ request }) => request.url.includes(`/instances/${made.name}/`))
    .slice(-1)
  const compare = (assumption: string, name: string, expected: string | undefined) => {
    const told = toldOn(worker, name)
    if (told === undefined || expected === undefined) return
    const held = told === expected
    const words = held ? told : `"${told.slice(0, 100)}" where "${expected}" was expected`
    tell(stage, assumption, { held, words } satisfies Seen, evidence)
  }
  compare("gcp.startup-script", "user-data", scriptDigest(worker))
  judgeMetadata(stage, worker, evidence)
  compare("gcp.notice", "notice", "FALSE")
}

function judgeMetadata(stage: WalkStage, worker: WalkWorker, evidence: Parameters<typeof tell>[3]): void {
  const told = toldOn(worker, "metadata")
  if (told === undefined) return
  const { name, zone } = worker.made
  const [toldName = "", toldZone = ""] = told.split(" ")
  const held = toldName === name && toldZone.endsWith(`/zones/${zone}`)
  tell(stage, "gcp.metadata", { held, words: told.slice(0, 160) }, evidence)
}

/** Of the script as it was sent. */
function scriptDigest({ call }: WalkWorker): string | undefined {
  const items = listAt(fieldsOf(call.body.instanceProperties), "metadata", "items")
  const script = items.find((item) => textAt(item, "key") === "startup-script")
  const value = textAt(script, "value")
  return value === undefined ? undefined : createHash("sha256").update(value).digest("hex")
}
