/**
 * Every message of every test is compared with EC2's model: what the adapter sent and what the wire answered. A test that
 * sends wrong requests on purpose records only the answers.
 */
import { afterAll, expect } from "vitest"
import type { Exchange } from "../../../providers/aws/wire/index.js"
import { checkReply, checkRequest } from "./check.js"
import { perProcess } from "../../support/per-process.js"
import type { Model } from "./model.js"
import { botocoreAbsent, botocoreModel } from "./model-botocore.js"
import { sdkModel } from "./model-sdk.js"
import { parseXml } from "./xml.js"

const exchanges: { readonly exchange: Exchange; readonly isOurs: boolean }[] = []

export function recordExchange(exchange: Exchange): void {
  exchanges.push({ exchange, isOurs: true })
}

export function recordReply(exchange: Exchange): void {
  exchanges.push({ exchange, isOurs: false })
}

export const models: () => readonly Model[] = perProcess("models of EC2", () =>
  botocoreAbsent === undefined ? [sdkModel(), botocoreModel()] : [sdkModel()],
)

export interface Checked {
  readonly requests: number
  readonly replies: number
  readonly problems: readonly string[]
}

/** Checks what was recorded so far against every model there is, and forgets it. */
export function checkRecorded(): Checked {
  const recorded = exchanges.splice(0)
  const problems = recorded.flatMap(({ exchange, isOurs }) => {
    const document = parseXml(exchange.reply)
    return models().flatMap((model) => {
      const found = [...(isOurs ? checkRequest(model, exchange) : []), ...checkReply(model, exchange, document)]
      return found.map((problem) => `${model.source}: ${problem}`)
    })
  })
  const requests = recorded.filter(({ isOurs }) => isOurs).length
  return { requests, replies: recorded.length, problems: [...new Set(problems)] }
}

afterAll(() => {
  if (exchanges.length === 0) return
  const { requests, replies, problems } = checkRecorded()
  const sources = models().map(({ source }) => source)
  const missing = botocoreAbsent === undefined ? "" : `; no second opinion: ${botocoreAbsent}`
  console.log(
    `contract: ${requests} requests and ${replies} replies checked against ${sources.join(" and ")}${missing}`,
  )
  expect(problems).toEqual([])
})
