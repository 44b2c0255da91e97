/** The schema's file in the package, beside the programs. */
export const SCHEMA_FILE = "muster.schema.json"
