/** Requests as anybody could send them: signed in form, with parameters of one's own choice. */
import { ec2World, type Ec2Wire, ec2Wire, IMAGES } from "../../../providers/aws/wire/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { World, type WorldOptions } from "../../../src/simulator/index.js"
import { recordReply } from "./exchanges.js"
import { type Element, parseXml } from "./xml.js"

export interface RawReply {
  readonly status: number
  /** Of an error. */
  readonly code: string
  readonly message: string
  readonly body: Element
  readonly headers: Headers
}

export type Parameters = Readonly<Record<string, string | number | boolean>>

export interface RawCloud {
  readonly wire: Ec2Wire
  readonly world: World
  readonly ask: (
    action: string,
    parameters?: Parameters,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<RawReply>
}

/** On the machine's clock and without delays: what is asked is answered. */
export async function rawEc2(options: Partial<WorldOptions> = {}): Promise<RawCloud> {
  const latency = { requestMs: 0, createMs: 0, bootMs: 0, stopMs: 0 }
  const world = new World({ ...ec2World(), clock: systemClock, listLagMs: 0, latency, buckets: {}, ...options })
  const wire = await ec2Wire({ world, wallClock: systemClock, onExchange: recordReply })
  return {
    wire,
    world,
    ask: (action, parameters = {}, headers = signed()) => ask(wire, { action, parameters, headers }),
  }
}

async function ask(
  wire: Ec2Wire,
  {
    action,
    parameters,
    headers,
  }: { action: string; parameters: Parameters; headers: Readonly<Record<string, string>> },
): Promise<RawReply> {
  const texts = Object.entries({ Action: action, Version: "2016-11-15", ...parameters }).map(
    ([key, value]): [string, string] => [key, String(value)],
  )
  const type = { "content-type": "application/x-www-form-urlencoded" }
  const response = await fetch(wire.url, {
    method: "POST",
    headers: { ...type, ...headers },
    body: new URLSearchParams(texts),
  })
  const body = parseXml(await response.text())
  return {
    status: response.status,
    code: text(body, "Errors", "Error", "Code"),
    message: text(body, "Errors", "Error", "Message"),
    body,
    headers: response.headers,
  }
}

/** "20260101T000000Z" */
function basicTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "")
}

export function signed(change: { readonly ageMs?: number; readonly region?: string; readonly service?: string } = {}) {
  const { ageMs = 0, region = "us-east-1", service = "ec2" } = change
  const date = basicTime(systemClock.now() - ageMs)
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`
  const parts = [`Credential=AKIDEXAMPLE/${scope}`, "SignedHeaders=host;x-amz-date", `Signature=${"0".repeat(64)}`]
  return { "x-amz-date": date, authorization: `AWS4-HMAC-SHA256 ${parts.join(", ")}` }
}

/** The text at a path of element names; "" when there is none. */
export function text(element: Element, ...path: readonly string[]): string {
  const [name, ...rest] = path
  if (name === undefined) return element.text
  const child = element.children.find((candidate) => candidate.name === name)
  return child === undefined ? "" : text(child, ...rest)
}

/** The elements under a path of element names; under each of them, where there are several. */
export function items(element: Element, ...path: readonly string[]): readonly Element[] {
  const [name, ...rest] = path
  if (name === undefined) return element.children
  return element.children.filter((child) => child.name === name).flatMap((child) => items(child, ...rest))
}

/** What a launch needs at the least. */
export const LAUNCH = {
  ImageId: IMAGES.x86_64,
  InstanceType: "m7i.large",
  MinCount: 1,
  MaxCount: 1,
  "Placement.AvailabilityZone": "us-east-1a",
} as const

export function idsIn(reply: RawReply): readonly string[] {
  const lists = reply.body.name === "DescribeInstancesResponse" ? items(reply.body, "reservationSet") : [reply.body]
  return lists.flatMap((list) => items(list, "instancesSet")).map((item) => text(item, "instanceId"))
}

/** Named parameters of a list: `Filter.1.Name`. */
export function filters(...given: readonly (readonly [name: string, ...values: string[]])[]): Parameters {
  return Object.fromEntries(
    given.flatMap(([name, ...values], at) => [
      [`Filter.${at + 1}.Name`, name],
      ...values.map((value, place) => [`Filter.${at + 1}.Value.${place + 1}`, value]),
    ]),
  )
}
