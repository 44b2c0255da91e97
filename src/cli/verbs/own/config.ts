/** `muster config`: each value that a command line would use, and where it is from. No cloud is asked. */
import { show } from "../../../input/parse.js"
import { EXIT } from "../../exit-codes.js"
import { journalDirectoryIfAny } from "../../local-state.js"
import { rowsText, type Shape } from "../../output.js"
import { single } from "../../parse.js"
import { givenPlaces, placeText } from "../../spec/places.js"
import { specOf } from "../../spec/spec-flags.js"
import { type Target, targetOf } from "../../spec/target.js"
import type { Flags, Given, RunVerb, Surroundings, Verb } from "../../surroundings.js"

interface Row {
  readonly setting: string
  readonly value: unknown
  readonly source: string
}

const SHAPE: Shape<Row> = {
  nameOf: ({ setting }) => setting,
  columns: [
    { head: "SETTING", cell: ({ setting }) => setting },
    { head: "VALUE", cell: ({ value }) => (typeof value === "string" ? value : show(value)) },
    { head: "FROM", cell: ({ source }) => source },
  ],
}

export const run: RunVerb = async (given, surroundings, verbs) => {
  const flags = verbs.find(({ name }) => name === "config")?.flags ?? {}
  const target = await targetOf(given, given.words[0], surroundings, "optional")
  const rows = [
    ...placeRows(target, given, flags),
    ...settingRows(target, given, surroundings, verbs),
    ...specRows(target, given),
  ]
  surroundings.out(await rowsText(rows, SHAPE, given, surroundings))
  return EXIT.ok
}

/** "--region", "MUSTER_REGION", or undefined where neither says it. */
function sourceOf(name: string, given: Given, flags: Flags): string | undefined {
  const source = given.sources[name]
  return source === "environment" ? flags[name]?.variable : source === "flag" ? `--${name}` : undefined
}

function placeRows({ places, fromFile, known, name, owner, file }: Target, given: Given, flags: Flags): readonly Row[] {
  const where = (option: string) =>
    fromFile?.where(option) ?? (known === undefined ? "default" : "this machine's journal")
  const placed = sourceOf("region", given, flags) ?? sourceOf("provider", given, flags)
  const isAsked = givenPlaces(given).provider !== undefined
  const ownerFrom = fromFile?.spec.owner === undefined ? "default" : fromFile.where("owner")
  return [
    ...(file === undefined
      ? []
      : [{ setting: "file", value: file.path, source: sourceOf("file", given, flags) ?? "found from here upwards" }]),
    ...(name === undefined
      ? []
      : [{ setting: "name", value: name, source: given.words[0] === undefined ? where("name") : "the command line" }]),
    ...places.map((place) => ({
      setting: "place",
      value: placeText(place),
      source: (isAsked ? sourceOf("provider", given, flags) : undefined) ?? placed ?? where("provider"),
    })),
    ...places.slice(0, 1).flatMap(({ options }) =>
      Object.entries(options).map(([key, value]) => ({
        setting: `option ${key}`,
        value,
        source: sourceOf("option", given, flags) ?? where("provider"),
      })),
    ),
    { setting: "owner", value: owner, source: sourceOf("owner", given, flags) ?? ownerFrom },
  ]
}

/** What is said of how a verb works, and not of a cluster. */
const SETTINGS = ["output", "progress", "yes", "on-interrupt"] as const
const DEFAULTS: Readonly<Record<(typeof SETTINGS)[number], string>> = {
  ...{ output: "table", progress: "auto", yes: "no", "on-interrupt": "close" },
}

function settingRows(
  { count, fromFile }: Target,
  given: Given,
  surroundings: Surroundings,
  verbs: readonly Verb[],
): readonly Row[] {
  const all: Flags = Object.assign({}, ...verbs.map(({ flags }) => flags))
  const counted = sourceOf("workers", given, all) ?? fromFile?.where("target") ?? "default"
  const journal = journalDirectoryIfAny(given, surroundings)
  return [
    ...(count === undefined ? [] : [{ setting: "workers", value: count, source: counted }]),
    ...(journal === undefined
      ? []
      : [{ setting: "journal", value: journal, source: sourceOf("journal", given, all) ?? "default" }]),
    ...SETTINGS.map((setting) => {
      const variable = all[setting]?.variable ?? ""
      const given_ = given.switches.has(setting) ? "yes" : (single(given, setting) ?? surroundings.env[variable])
      const source = sourceOf(setting, given, all) ?? (surroundings.env[variable] ? variable : "default")
      return { setting, value: given_ ?? DEFAULTS[setting], source }
    }),
  ]
}

function specRows({ spec, fromFile }: Target, given: Given): readonly Row[] {
  const flagged = specOf(given)
  return Object.entries(spec).map(([key, value]) => {
    const source = Object.hasOwn(flagged, key) ? "flags" : (fromFile?.where(key) ?? "default")
    return { setting: key, value, source }
  })
}
