/** What Azure accepts as tags, and which of them are Muster's own. */
import type { TagRules } from "../../src/tables/tag-rules.js"

const BAD_KEY = /[<>%&\\?/]/

/** "Use tags to organize your Azure resources": 50 a resource, of which eight are Muster's own, on VMs and on groups. */
export const TAG_RULES: TagRules = {
  option: "azure.tags",
  noun: "tags",
  takes: "Azure takes 50",
  most: 50,
  ours: 8,
  // "Tag names are case-insensitive for operations".
  caseless: "Azure's names of tags have no case",
  problemOf(key, value) {
    if (key === "" || key.length > 512 || BAD_KEY.test(key))
      return "is no tag's name; Azure takes up to 512 characters without < > % & \\ ? /"
    if (/^(microsoft|azure|windows)/i.test(key)) return "begins with a word that Azure keeps for itself; rename it"
    return value.length > 256 ? `is ${value.length} characters long; Azure takes 256` : undefined
  },
}
