/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl reads them ("Environment variables", curl's manual): lower case before upper case, an
 * empty value counts as none, and each scheme has its own variable. Pure: what dials is `tunnel.ts`.
 */
import { SpecError } from "../errors.js"

/** Variables by name; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface ProxyServer {
  /** "http:" or "https:", by which the proxy itself is spoken to. */
  readonly protocol: "http:" | "https:"
  readonly host: string
  readonly port: number
  /** The value of `Proxy-Authorization`, where the variable names a user. It is never shown. */
  readonly authorization?: string
  /** How messages call it: variable and address, without user and password. */
  readonly name: string
}

export interface Target {
  /** Whether TLS is spoken to the target itself. */
  readonly secure: boolean
  /** A name or an address; IPv6 with or without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * The proxy that a request to `target` goes through; undefined: none. This machine, link-local addresses and the clouds' metadata
 * services are never asked through one: a proxy would answer with its own.
 *
 * @throws SpecError when the variable is no address of a proxy over http or https; it names the variable.
 */
export function proxyFor(target: Target, environment: Environment): ProxyServer | undefined {
  const [name, value] = variable(environment, target.secure ? "https_proxy" : "http_proxy")
  if (value === "") return undefined
  const host = bare(target.host)
  if (isNear(host)) return undefined
  const [, exceptions] = variable(environment, "no_proxy")
  const isExempt = exceptions.split(/[\s,]+/).some((rule) => rule !== "" && fits(rule, host, target.port))
  return isExempt ? undefined : read(name, value)
}

function variable(environment: Environment, lower: string): readonly [name: string, value: string] {
  const names = [lower, lower.toUpperCase()]
  const set = names.find((name) => (environment[name] ?? "").trim() !== "")
  return set === undefined ? [lower, ""] : [set, (environment[set] ?? "").trim()]
}

/** Without brackets, without the dot at the end, in lower case. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
}

/** 169.254.169.254 and fd00:ec2::254 are the metadata services of all three clouds; Google's has names as well. */
const METADATA_NAMES = ["metadata", "metadata.google.internal", "fd00:ec2::254"]

function isNear(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost") || METADATA_NAMES.includes(host)) return true
  return ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"].some((range) => inRange(range, host))
}

/** `*`, `host`, `.suffix`, `*.suffix`, an address or a range, the names also with a port. A suffix covers the name itself. */
function fits(rule: string, host: string, port: number): boolean {
  if (rule === "*") return true
  if (rule.includes("/")) return inRange(rule, host)
  const [, name = "", bracketed = "", only] = /^(?:([^[\]:]*)|\[?([^\]]*)\]?)(?::(\d+))?$/.exec(rule) ?? []
  if (only !== undefined && Number(only) !== port) return false
  const wanted = bare(name === "" ? bracketed : name).replace(/^\*?\./, "")
  return wanted !== "" && (host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`)))
}

function isIP(host: string): number {
  return process.getBuiltinModule("node:net").isIP(host)
}

function inRange(range: string, host: string): boolean {
  const [base = "", bits = ""] = range.split("/")
  const [family, version] = [isIP(bare(base)), isIP(host)]
  const most = family === 4 ? 32 : 128
  if (family === 0 || family !== version || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return false
  const type = family === 4 ? "ipv4" : "ipv6"
  const list = new (process.getBuiltinModule("node:net").BlockList)()
  list.addSubnet(bare(base), Number(bits), type)
  return list.check(host, type)
}

function read(name: string, value: string): ProxyServer {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const protocol = url?.protocol
  if (url === undefined || (protocol !== "http:" && protocol !== "https:") || url.hostname === "") {
    const shown = value.replace(/\/\/.*@|^[^/]*@/, "//…@")
    const message = `is "${shown}"; give the proxy's address over http or https, such as http://proxy.example:3128`
    throw new SpecError([{ option: name, value: shown, message }])
  }
  const port = url.port === "" ? (protocol === "https:" ? 443 : 80) : Number(url.port)
  const user = `${decoded(url.username)}:${decoded(url.password)}`
  const authorization = user === ":" ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` }
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return { protocol, host, port, ...authorization, name: `the proxy ${protocol}//${url.hostname}:${port} (${name})` }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
