/** Write schema: puts the JSON Schema of a file beside the built programs. The build runs it. */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { fileSchema } from "./json-schema.js"
import { SCHEMA_FILE } from "./shape.js"

const path = fileURLToPath(new URL(`../../${SCHEMA_FILE}`, import.meta.url))
writeFileSync(path, `${JSON.stringify(await fileSchema())}\n`)
