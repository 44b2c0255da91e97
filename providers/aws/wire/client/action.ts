/** What an action is: its parameters, what it costs of the buckets, and its handler. */
import type { Cost } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import type { Answers } from "./answers.js"
import type { Parameters } from "./query.js"
import { Refusal } from "./refusals.js"
import type { Shape, Values } from "./shapes.js"
import type { Xml } from "./xml.js"

export type Reply = { readonly [name: string]: Xml }

/** How this EC2 behaves where its documents leave it open, or where it is not well. */
export interface Habits {
  /** Whether fleets consume RunInstances' limit of instances: AWS does not document it (aws.fleet-limit). */
  readonly fleetsDrawOnRunInstances: boolean
  /** Whether TerminateInstances does not know an instance before lists do. */
  readonly terminateLags: boolean
  /** Zones with an outage: lists fail, and nothing can be launched there. */
  readonly impairedZones: ReadonlySet<string>
  /** What a test has scripted. */
  readonly answers: Answers
  /** How many pools a fleet tries for the instances that are missing, before it gives up. */
  readonly fleetTries: number
  /** For so long launches do not know a template or a security group that was made, in milliseconds. */
  readonly setUpLagMs: number
}

export interface Action {
  readonly members: Readonly<Record<string, Shape>>
  /** Read from unchecked parameters: EC2 counts a request before it checks it. */
  readonly cost: (parameters: Parameters, habits: Habits) => Cost
  /** Requests that create take longer than those that read. */
  readonly creates?: true
  /** @throws Refusal, or a WorldError. */
  readonly answer: (world: World, values: Values, habits: Habits) => Reply
}

/** It was made so short a time ago that those who launch do not know it yet. */
export function isYoung(world: World, { attributes }: Resource, { setUpLagMs }: Habits): boolean {
  return world.clock.now() < Number(attributes.createdAt ?? 0) + setUpLagMs
}

/** Call it when all is checked and nothing is done yet. */
export function checkDryRun(values: Values): void {
  if (values.DryRun === true)
    throw new Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

export function listOf<T = string>(value: unknown): readonly T[] {
  return (value ?? []) as readonly T[]
}

/** Tags of the world's resources and instances, for filters: `tag:key` and `tag-key`. */
export function tagTexts(tags: Readonly<Record<string, string>>, filter: string): readonly string[] | undefined {
  if (filter === "tag-key") return Object.keys(tags)
  if (!filter.startsWith("tag:")) return undefined
  const value = tags[filter.slice(4)]
  return value === undefined ? [] : [value]
}

export function tagsXml(tags: Readonly<Record<string, string>>): Xml {
  return Object.entries(tags).map(([key, value]) => ({ key, value }))
}
