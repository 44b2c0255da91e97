/** firewalls.insert, get, list, patch and delete. A rule is there when its request is accepted, and counts once the operation is done. */
import type { JsonObject } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import { link, numberOf, pathIn } from "../account.js"
import type { Asked, Handler } from "../client/handler.js"
import { operationJson, scriptedFailure, startOperation } from "../client/operations.js"
import { listReply, plainPage } from "../client/paging.js"
import { invalid, notFound, Refusal } from "../client/refusals.js"
import { remember, remembered } from "../client/request-ids.js"
import { CREATED } from "../offers/catalogue.js"
import { checkRule, type Rule } from "./firewall-rules.js"

const KIND = "firewall"

interface Stored {
  readonly rule: Rule
  /** In milliseconds since 1970. */
  readonly countsFrom: number
}

function stored({ attributes }: Resource): Stored {
  return attributes as unknown as Stored
}

/** The rules of a network that count now. @param network "projects/P/global/networks/N". */
export function rulesOf(world: World, network: string): readonly Rule[] {
  const now = world.clock.now()
  const all = world.resources.list({ kind: KIND }).map(stored)
  return all.filter(({ rule, countsFrom }) => rule.network === network && countsFrom <= now).map(({ rule }) => rule)
}

/** Puts a rule there as a user has made it. */
export function putRule(world: World, project: string, given: JsonObject): void {
  keep(world, project, resolved(project, given), world.clock.now())
}

function keep(world: World, project: string, rule: Rule, countsFrom: number): void {
  const attributes = { rule, countsFrom }
  world.resources.put({ kind: KIND, id: pathOf(project, rule.name), tags: {}, attributes })
}

function pathOf(project: string, name: string): string {
  return `projects/${project}/global/firewalls/${name}`
}

/** With what the service fills in: "the default value is 1000", "the default is INGRESS", and without sources every address. */
function resolved(project: string, given: JsonObject): Rule {
  const { name, network = "global/networks/default", ...rest } = given as Partial<Rule>
  const isOpen = [rest.sourceRanges, rest.sourceTags, rest.sourceServiceAccounts].every(
    (list = []) => list.length === 0,
  )
  return {
    direction: "INGRESS",
    priority: 1000,
    disabled: false,
    ...rest,
    name: name ?? "",
    network: pathIn(project, network),
    ...(isOpen ? { sourceRanges: ["0.0.0.0/0"] } : {}),
  }
}

function ruleJson(project: string, { network, name, ...rest }: Rule): JsonObject {
  const path = pathOf(project, name)
  return {
    kind: "compute#firewall",
    id: numberOf(path),
    creationTimestamp: CREATED,
    name,
    network: link(network),
    logConfig: { enable: false },
    ...rest,
    selfLink: link(path),
  }
}

function projectOf({ parameters, project }: Asked): string {
  return parameters.project ?? project
}

function find(asked: Asked): Rule {
  const path = pathOf(projectOf(asked), asked.parameters.firewall ?? "")
  const found = asked.world.resources.get(KIND, path)
  if (found === undefined) throw notFound(path)
  return stored(found).rule
}

type Change = (asked: Asked) => { readonly name: string; readonly apply: (doneAt: number) => void }

/** A change is an operation of the project, which a script may let fail. */
function changing(type: "insert" | "patch" | "delete", change: Change): Handler {
  const api = `firewalls.${type}`
  return {
    cost: () => ({ "writes-global": 1 }),
    answer(asked) {
      const { world, settings, parameters } = asked
      const project = projectOf(asked)
      const scope = `${api}/${parameters.firewall ?? String(asked.body.name)}`
      const before = remembered(asked, scope)
      if (before !== undefined) return operationJson(before, project)
      const { name, apply } = change(asked)
      const { requestId } = parameters
      const failing = settings.answers.next(api, "operation", {})
      const identity = `${scope}/${requestId ?? world.ledger.count()}`
      const operation = startOperation(world, identity, world.draw(settings.operationMs), {
        ...{ scope: "global", type, target: `global/firewalls/${name}` },
        ...(requestId === undefined ? {} : { requestId }),
        ...(failing === undefined ? {} : scriptedFailure(failing)),
      })
      if (failing === undefined) apply(operation.doneAt)
      remember(asked, scope, operation)
      return operationJson(operation, project)
    },
  }
}

const insert = changing("insert", (asked) => {
  const { world, body } = asked
  const project = projectOf(asked)
  const rule = resolved(project, body)
  checkRule(rule)
  checkNetwork(asked, rule)
  const path = pathOf(project, rule.name)
  if (world.resources.get(KIND, path) !== undefined)
    throw new Refusal(409, "alreadyExists", `The resource '${path}' already exists`)
  return { name: rule.name, apply: (doneAt) => keep(world, project, rule, doneAt) }
})

/** Rules of a shared VPC are its host project's. */
function checkNetwork(asked: Asked, { network }: Rule): void {
  const project = projectOf(asked)
  if (!network.startsWith(`projects/${project}/`))
    throw invalid("resource.network", network, `The network is not of project '${project}'.`)
  if (asked.world.resources.get("network", network) === undefined) throw notFound(network)
}

/** "JSON merge patch": fields that are given replace what was there; those that make it another rule cannot be given. */
const patch = changing("patch", (asked) => {
  const { world, body } = asked
  const project = projectOf(asked)
  const before = find(asked)
  for (const field of ["name", "network", "direction"] as const) {
    if (body[field] !== undefined) throw invalid(`resource.${field}`, body[field], "It cannot be changed.")
  }
  const rule: Rule = { ...before, ...body }
  checkRule(rule)
  return { name: before.name, apply: () => keep(world, project, rule, world.clock.now()) }
})

const remove = changing("delete", (asked) => {
  const { name } = find(asked)
  return { name, apply: () => void asked.world.resources.delete(KIND, pathOf(projectOf(asked), name)) }
})

const list: Handler = {
  cost: () => ({ "reads-global": 1 }),
  answer(asked) {
    const project = projectOf(asked)
    const path = `projects/${project}/global/firewalls`
    const rules = asked.world.resources.list({ kind: KIND }).filter(({ id }) => id.startsWith(`${path}/`))
    const written = rules.map((resource) => ruleJson(project, stored(resource).rule))
    return listReply(asked, "firewallList", "global/firewalls", plainPage(asked, written))
  },
}

export const FIREWALLS: Readonly<Record<string, Handler>> = {
  "firewalls.insert": insert,
  "firewalls.patch": patch,
  "firewalls.delete": remove,
  "firewalls.list": list,
  "firewalls.get": { cost: () => ({ "reads-global": 1 }), answer: (asked) => ruleJson(projectOf(asked), find(asked)) },
}

/** What an automatic network called "default" comes with ("Pre-populated rules in the default network"). */
const DEFAULTS: readonly JsonObject[] = [
  {
    name: "default-allow-internal",
    sourceRanges: ["10.128.0.0/9"],
    allowed: [
      { IPProtocol: "tcp", ports: ["0-65535"] },
      { IPProtocol: "udp", ports: ["0-65535"] },
      { IPProtocol: "icmp" },
    ],
  },
  { name: "default-allow-ssh", allowed: [{ IPProtocol: "tcp", ports: ["22"] }] },
  { name: "default-allow-rdp", allowed: [{ IPProtocol: "tcp", ports: ["3389"] }] },
  { name: "default-allow-icmp", allowed: [{ IPProtocol: "icmp" }] },
]

/** Those that are there already stay. */
export function furnishRules(world: World, project: string): void {
  for (const given of DEFAULTS) {
    if (world.resources.get(KIND, pathOf(project, String(given.name))) === undefined)
      putRule(world, project, { ...given, priority: 65_534 })
  }
}
