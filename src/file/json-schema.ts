/** JSON Schema: what a file may say, for editors, made from the same schemas that check it. */
import type * as Zod from "zod"
import { type Z, zod } from "../input/parse.js"
import type { JsonObject } from "../provider.js"
import { loadEngineSchemas } from "../engines/registry.js"
import { loadOptionSchemas } from "../registry.js"
import { ENGINE_NAMES } from "../spec/engine/engine-data.js"
import { REGION_OPTION } from "../spec/provider-data.js"
import { PROVIDER_NAMES } from "../spec/provider-schema.js"
import { caseless } from "./caseless.js"
import { memberSchema, severalSchema, singleSchema } from "./shape.js"

/**
 * The schema of a file as zod has it, with the options of every cloud. A region may be left out of a cloud's options where the
 * spec names it, and a subscription where the environment does.
 */
export async function documentSchema(z: Z): Promise<Zod.ZodType> {
  const options = await loadOptionSchemas()
  const data = PROVIDER_NAMES.map((name) => {
    const own: Zod.ZodObject = options[name](z)
    const elsewhere = [REGION_OPTION[name], "subscriptionId"].filter((key) => key !== undefined && key in own.shape)
    return z.strictObject({ [name]: own.partial(Object.fromEntries(elsewhere.map((key) => [key, true]))) })
  })
  const provider = z.union([z.enum(PROVIDER_NAMES), ...data])
  const engines = await loadEngineSchemas()
  const named = ENGINE_NAMES.map((name) => z.strictObject({ [name]: engines[name](z) }))
  const choices = { provider, engine: z.union(named) }
  return z.union([singleSchema(z, choices), severalSchema(z, memberSchema(z, choices))])
}

/** The JSON Schema (2020-12) of a file. */
export async function fileSchema(): Promise<JsonObject> {
  const z = zod()
  const made = z.toJSONSchema(await documentSchema(z), {
    ...{ io: "input", target: "draft-2020-12", unrepresentable: "any" },
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod
      // zod's own names of formats; the pattern beside each says the same.
      delete jsonSchema.format
      // A file holds no object of a program's own.
      if (def.type === "custom" || def.type === "date") jsonSchema.not = {}
      if (def.type === "record") jsonSchema.propertyNames = namesOf(jsonSchema.propertyNames)
      if (jsonSchema.pattern !== undefined && isCaseless(def)) jsonSchema.pattern = caseless(jsonSchema.pattern)
    },
  })
  return { title: "A file of Muster's: muster.yaml", ...made } as unknown as JsonObject
}

type Schema = Exclude<Zod.core.JSONSchema._JSONSchema, boolean>

/** "__proto__" is no name of anything. */
function namesOf(names: Schema | boolean | undefined): Schema {
  const isSafe: Schema = { not: { const: "__proto__" } }
  return typeof names !== "object" ? isSafe : { allOf: [names, isSafe] }
}

interface Checked {
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly pattern?: RegExp } } }[]
}

/** JSON Schema has no flags. */
function isCaseless(def: object): boolean {
  return ((def as Checked).checks ?? []).some(({ _zod }) => _zod.def.pattern?.flags.includes("i") === true)
}
