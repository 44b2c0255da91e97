/** First: a first muster.yaml, from a few answers. Pure. */
import { stringify } from "yaml"
import { REGION_OPTION } from "../spec/provider-data.js"
import type { ProviderName } from "../spec/provider-schema.js"
import type { MarketWish } from "../spec/types.js"
import { FILE_VERSION, SCHEMA_FILE } from "./shape.js"

/** What a first file says. */
export interface FirstAnswers {
  readonly name: string
  readonly provider: ProviderName
  /** Of a cloud; this machine has none. */
  readonly region?: string | undefined
  /** A type by its name, in place of sizes. */
  readonly instanceType?: string | undefined
  /** The fewest that a worker may have; 1 where neither a type nor sizes are given. */
  readonly vcpus?: number | undefined
  /** The least that a worker may have. */
  readonly memoryGiB?: number | undefined
  /** "on-demand" by default; this machine sells nothing else. */
  readonly market?: MarketWish | undefined
  /** How many workers; 1 by default. */
  readonly count?: number | undefined
  /** USD an hour for all workers together; no limit by default. */
  readonly budgetPerHour?: number | undefined
}

/** For editors: found from a project that has the package. */
const SCHEMA_LINE = `# yaml-language-server: $schema=./node_modules/muster-vms/dist/${SCHEMA_FILE}`

/**
 * The text of a first file: what was answered, and what else there is as comments.
 *
 * @param answers are not checked: `parseFile` says what is wrong with the text that comes of them.
 */
export function firstFile(answers: FirstAnswers): string {
  const { name, count = 1, market = "on-demand", budgetPerHour } = answers
  const isHere = answers.provider === "local"
  return [
    SCHEMA_LINE,
    '# A cluster as data. "muster plan" shows what it comes to, "muster up" makes it so, "muster delete" ends it.',
    `version: ${FILE_VERSION}`,
    `name: ${scalar(name)}`,
    "",
    "# How many workers.",
    `target: ${count}`,
    "",
    ...providerLines(answers),
    "",
    ...machineLines(answers),
    ...(isHere
      ? []
      : [
          '# "on-demand", "spot", or "spot-with-fallback": spot, and on-demand where there is none.',
          `market: ${market}`,
        ]),
    "",
    "# What each worker runs once it has started.",
    "startup: |",
    "  #!/bin/sh",
    `  echo "worker of ${name} is here"`,
    "",
    "# What it may cost in USD: perHour at any moment, total in all, until a time with its zone.",
    ...(budgetPerHour === undefined ? ["# budget:", "#   perHour: 5"] : ["budget:", `  perHour: ${budgetPerHour}`]),
    "",
    "# When the cluster ends by itself, whatever becomes of this machine.",
    "maxLifetime: 12h",
    "",
    "# Texts may have values of the environment in them, but for startup, whose variables are the worker's own.",
    "# environment:",
    '#   QUEUE: "${QUEUE:-jobs}"',
    "",
  ].join("\n")
}

function providerLines({ provider, region }: FirstAnswers): readonly string[] {
  const key = REGION_OPTION[provider]
  if (key === undefined) return ["# This machine: workers are processes of it.", `provider: ${provider}`]
  const subscription =
    provider === "azure" ? ["    # subscriptionId: by default AZURE_SUBSCRIPTION_ID of the environment"] : []
  return ["# Where.", "provider:", `  ${provider}:`, `    ${key}: ${scalar(region ?? "")}`, ...subscription]
}

function machineLines({ instanceType, vcpus, memoryGiB }: FirstAnswers): readonly string[] {
  if (instanceType !== undefined) return ["# What a worker is.", `instanceType: ${scalar(instanceType)}`]
  const least = (key: string, value: number) => `${key}: { min: ${value} }`
  const cores = vcpus ?? (memoryGiB === undefined ? 1 : undefined)
  return [
    "# What a worker has at least; the cheapest type that has it is taken. Or its name, as instanceType.",
    ...(cores === undefined ? [] : [least("vcpus", cores)]),
    ...(memoryGiB === undefined ? [] : [least("memoryGiB", memoryGiB)]),
  ]
}

/** With quotes where the text would be read as something else without. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0, defaultStringType: "PLAIN" }).trimEnd()
}
