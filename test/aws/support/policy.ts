/** The policies of docs/aws.md: what a burst needs when all is named, all that it does by default, what access needs, and peers. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Statement } from "../../../providers/aws/wire/index.js"

export async function documentedPolicies(): Promise<readonly (readonly Statement[])[]> {
  const text = await readFile(join(import.meta.dirname, "../../../docs/aws.md"), "utf8")
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)]
  return blocks.map(([, json = ""]) => (JSON.parse(json) as { readonly Statement: readonly Statement[] }).Statement)
}
