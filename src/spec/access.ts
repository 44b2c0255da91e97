/** Access: the part of a cluster's spec that says who may reach its workers over ssh, and how. */
import type { SpecProblem } from "../errors.js"
import { ADDRESS_RANGE } from "../input/addresses.js"
import { show, type Z } from "../input/parse.js"
import type { AccessFields, ClusterFields, ProviderChoice, Via } from "./types.js"

/** Who is let in where nothing else is said. */
export const ACCESS_USER = "muster"

/** `access` with its defaults filled in. */
export interface ResolvedAccess {
  /** Address ranges; "here" is this machine's own address, which is looked up when it is first needed. */
  readonly from: readonly string[]
  readonly via: Via
  readonly user: string
  /** The path of a private key; undefined: the cluster's own. */
  readonly keyFile: string | undefined
  /** More lines of `authorized_keys`. */
  readonly authorizedKeys: readonly string[]
}

const RANGE_RULE = 'use "here", or an address range such as "192.0.2.7/32" or "2001:db8::/48"'
const JUMP = /^(?:[A-Za-z_][A-Za-z0-9_.-]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/
const JUMP_RULE = 'use "user@host", with ":port" where it is not 22'
/** As useradd takes it ("NAME_REGEX", adduser.conf). */
const USER = /^[a-z_][a-z0-9_-]{0,30}$/
const USER_RULE = 'use a user\'s name: lower-case letters, digits, "_" and "-", not beginning with a digit'
const KEY_LINE =
  /^(?:[^\n\r#]*\s)?(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9@.-]+)\s+[A-Za-z0-9+/]+=*(?:\s[^\n\r]*)?$/
const KEY_RULE = 'use the line of a public key: "ssh-ed25519 AAAA… me@laptop"'

export const rangeSchema = (z: Z) =>
  z.union([z.literal("here"), z.string().regex(ADDRESS_RANGE, RANGE_RULE)], RANGE_RULE)

export const accessSchema = (z: Z) => {
  const line = z.string().min(1, "must not be empty")
  const via = z.union([
    z.enum(["auto", "public", "private", "head"]),
    z.strictObject({ jump: z.string().regex(JUMP, JUMP_RULE) }),
    z.strictObject({ proxyCommand: line }),
  ])
  const fields = z.strictObject({
    from: z.union([rangeSchema(z), z.array(rangeSchema(z)).min(1, "name at least one range")]),
    via: via.optional(),
    user: z.string().regex(USER, USER_RULE).optional(),
    keyFile: line.optional(),
    authorizedKeys: z.array(z.string().regex(KEY_LINE, KEY_RULE)).optional(),
  })
  return z.union([z.literal(false), rangeSchema(z), fields])
}

/** @returns undefined where nobody asked for it. */
export function resolveAccess(access: ClusterFields["access"]): ResolvedAccess | undefined {
  if (access === undefined || access === false) return undefined
  const fields: AccessFields = typeof access === "string" ? { from: access } : access
  return {
    from: [...new Set([fields.from].flat())],
    via: fields.via ?? "auto",
    user: fields.user ?? ACCESS_USER,
    keyFile: fields.keyFile,
    authorizedKeys: fields.authorizedKeys ?? [],
  }
}

/** Whether its workers are reached over ssh. */
export function isOverSsh(provider: ProviderChoice): boolean {
  if (typeof provider === "string") return provider !== "local"
  return "limits" in provider ? provider.limits.takesKeys !== undefined : !("local" in provider)
}

/** The whole internet, whatever address stands before the slash. */
export function isEveryone(range: string): boolean {
  return /\/0+$/.test(range)
}

/** A range that lets in everybody is too short a word for what it does. */
export function accessProblems({ access }: ClusterFields): SpecProblem[] {
  const problem = typeof access === "string" ? everyoneProblem("cluster.access", access, "access: %") : undefined
  return problem === undefined ? [] : [problem]
}

/** What is wrong with a range that stands as a word alone. */
export function wordProblem(option: string, value: string, longer: string): SpecProblem | undefined {
  if (value === "here" || ADDRESS_RANGE.test(value)) return everyoneProblem(option, value, longer)
  return { option, value, message: `is ${show(value)}; ${RANGE_RULE}` }
}

/** @param longer how it is said where it is meant, with "%" for the value. */
export function everyoneProblem(option: string, value: string, longer: string): SpecProblem | undefined {
  if (!isEveryone(value)) return undefined
  const meant = longer.replace("%", `{ from: "${value}" }`)
  const message = `is ${show(value)}, the whole internet; use "here", or the range that you are in; if everybody is to reach port 22, write ${meant}`
  return { option, value, message }
}

/** What is said of it before anything is launched. @param needsIt some place has a port 22 of its own. */
export function accessNotes(access: ResolvedAccess | undefined, needsIt: boolean): readonly string[] {
  if (!needsIt) return []
  const open = access?.from.filter((range) => isEveryone(range)) ?? []
  return open.length === 0
    ? []
    : [`port 22 of its workers is open to the whole internet (access.from: ${open.join(", ")})`]
}
