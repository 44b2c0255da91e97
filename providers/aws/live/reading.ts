/** Reading of answers that may be anything: each look finds nothing where there is not what it looks for. Pure. */
import {
  AuthError,
  CapacityError,
  MusterError,
  QuotaError,
  ThrottledError,
  TransientError,
} from "../../../src/errors.js"
import type { Exchange, Watched } from "../../../src/provider.js"

export type Fields = Readonly<Record<string, unknown>>

/** A structure's fields; none where it is no structure. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {}
}

/** The structures in a list; none where it is no list. */
export function listIn(value: unknown, name: string): readonly Fields[] {
  const list = fieldsOf(value)[name]
  return Array.isArray(list) ? list.map(fieldsOf) : []
}

/** A text that is not empty. */
export function textIn(value: unknown, name: string): string | undefined {
  const text = fieldsOf(value)[name]
  return typeof text === "string" && text !== "" ? text : undefined
}

export function textsIn(value: unknown, name: string): readonly string[] {
  const list = fieldsOf(value)[name]
  return Array.isArray(list) ? list.filter((one): one is string => typeof one === "string" && one !== "") : []
}

/** Tags as EC2 lists them. */
export function tagsIn(value: unknown, name = "Tags"): ReadonlyMap<string, string> {
  return new Map(listIn(value, name).map((tag) => [textIn(tag, "Key") ?? "", textIn(tag, "Value") ?? ""]))
}

/** The instances of all reservations in an answer to DescribeInstances. */
export function instancesIn(value: unknown): readonly Fields[] {
  return listIn(value, "Reservations").flatMap((reservation) => listIn(reservation, "Instances"))
}

export function idIn(instance: Fields): string {
  return textIn(instance, "InstanceId") ?? ""
}

export function idsIn(instances: readonly Fields[]): readonly string[] {
  return instances.map(idIn).filter((id) => id !== "")
}

/** The text of each element of this name in an answer's XML. */
export function elements(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text = ""]) => text)
}

export interface Refused {
  readonly code: string
  readonly message: string
}

/**
 * How EC2 has refused a request. Undefined where it has not, where it may have done what it was asked, and where it refuses who asks,
 * how often, or for want of something: that says nothing of the request.
 */
export function refusalIn({ error, exchanges }: Watched<unknown>): Refused | undefined {
  if (!(error instanceof MusterError) || isAboutElse(error)) return undefined
  const { status = 0, body = "" } = exchanges.at(-1)?.answer ?? {}
  const [code] = elements(body, "Code")
  if (status < 400 || status >= 500 || code === undefined || !/^[A-Z][\w.]+$/.test(code)) return undefined
  return { code, message: elements(body, "Message")[0] ?? "" }
}

/** A made-up id that EC2 does not take for one: what it says of ids that do not exist is not seen by it. */
export function isMalformed(refused: Refused | undefined): boolean {
  return refused?.code.endsWith(".Malformed") === true
}

function isAboutElse(error: MusterError): boolean {
  const classes = [AuthError, ThrottledError, TransientError, CapacityError, QuotaError]
  return classes.some((one) => error instanceof one)
}

/** "<RunInstancesResponse xmlns=…><requestId>…</requestId>…" and "<Response><Errors>…</Errors><RequestID>…</RequestID></Response>". */
const OWN_ANSWER =
  /<(\w+Response) xmlns="http:\/\/ec2\.amazonaws\.com\/doc\/[^>]*>\s*<requestId>[^<]+<[\s\S]*<\/\1>\s*$|<Response>\s*<Errors>\s*<Error>\s*<Code>[^<]+<[\s\S]*<RequestID>[^<]+<\/RequestID>\s*<\/Response>\s*$/

/** An answer of EC2's own, whole: not a page of something between, and no failure of a server. */
export function isOwnAnswer({ answer }: Exchange): boolean {
  if (answer === undefined || answer.status < 200 || answer.status >= 500) return false
  return OWN_ANSWER.test(answer.body)
}

/** The parameters of a request, as they were sent. */
export function parametersOf({ request }: Exchange): URLSearchParams {
  return new URLSearchParams(request.body)
}
