/** Shape: what a file may say, as schemas: a cluster with its target, or several by their names. */
import type * as Zod from "zod"
import type { Z } from "../input/parse.js"
import { adaptDataSchema } from "../demand/options.js"
import { clusterShape, nameSchema } from "../spec.js"
import { countSchema } from "../input/count.js"

/** The schema's file in the package, beside the programs. */
export const SCHEMA_FILE = "muster.schema.json"

/** Of the file's form; another one is refused. */
export const FILE_VERSION = 1

const version = (z: Z) => z.literal(FILE_VERSION).optional()

const targetSchema = (z: Z) => {
  const count = countSchema(z)
  return z.union([count, z.record(nameSchema(z), count)])
}

/** What one cloud, and an engine, may be given as. */
export interface Choices {
  readonly provider: Zod.ZodType
  readonly engine: Zod.ZodType
}

const fieldsOf = (z: Z, { provider, engine }: Choices) => ({
  ...clusterShape(z, provider, engine),
  target: targetSchema(z).optional(),
  adapt: adaptDataSchema(z, nameSchema(z)).optional(),
})

/** A file of one cluster. */
export const singleSchema = (z: Z, choices: Choices) => z.strictObject({ version: version(z), ...fieldsOf(z, choices) })

/** What stands under a cluster's name in a file of several. */
export const memberSchema = (z: Z, choices: Choices) => {
  const { name: _name, ...fields } = fieldsOf(z, choices)
  return z.strictObject(fields)
}

/** A file of several clusters. @param member says what stands under each name. */
export const severalSchema = (z: Z, member: Zod.ZodType) =>
  z.strictObject({
    version: version(z),
    clusters: z
      .record(nameSchema(z), member)
      .refine((clusters) => Object.keys(clusters).length > 0, "name at least one cluster")
      .meta({ minProperties: 1 }),
  })
