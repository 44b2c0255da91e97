/** `muster policy`: what a principal must be allowed, ready to paste. No cloud is asked. */
import { SpecError } from "../../../errors.js"
import { nearest, show } from "../../../input/parse.js"
import { loadRights } from "../../../registry.js"
import { type RightsBook, rightsFor, usualPurposes, type Workflow } from "../../../rights.js"
import { PROVIDER_NAMES } from "../../../spec/provider-schema.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import type { Given, RunVerb } from "../../surroundings.js"

const CLOUDS = PROVIDER_NAMES.filter((name) => name !== "local")

export const run: RunVerb = async (given, surroundings) => {
  const { clock, out, say } = surroundings
  const format = formatOf(given, ["table", "json", "yaml"])
  const cloud = cloudOf(given.words[0] ?? "")
  const book = await clock.busy("loading the rights", bookOf(cloud))
  const purposes = purposesOf(given, book)
  const github = single(given, "github")
  const workflow = github === undefined ? undefined : workflowOf(github)
  const policy = book.policy(purposes)
  const trust = workflow === undefined ? {} : { trust: book.trust(workflow) }
  const rights = rightsFor(book.rights, purposes)
  const data = await dataText(
    { provider: cloud, purposes: [...purposes], rights, policy, ...trust },
    format,
    surroundings,
  )
  if (data !== undefined) {
    out(data)
    return EXIT.ok
  }
  out(trust.trust === undefined ? policy : `${policy}\n${trust.trust}`)
  say(`the policy: ${book.use}\n`)
  if (trust.trust !== undefined) say(`who may use it: ${book.useTrust}\n`)
  return EXIT.ok
}

function cloudOf(word: string): (typeof CLOUDS)[number] {
  const found = CLOUDS.find((name) => name === word)
  if (found !== undefined) return found
  const near = nearest(word, CLOUDS)
  const why =
    word === "local" ? "needs none" : near === undefined ? "is no cloud" : `is no cloud; did you mean ${near}?`
  throw new SpecError([{ option: word, value: word, message: `${why}; use one of ${CLOUDS.join(", ")}` }])
}

async function bookOf(cloud: (typeof CLOUDS)[number]): Promise<RightsBook> {
  const book = await loadRights(cloud)
  if (book === undefined) throw new Error(`${cloud} has no rights`)
  return book
}

/** @throws SpecError that names every purpose which there is not. */
function purposesOf(given: Given, book: RightsBook): ReadonlySet<string> {
  const [more, only] = [namesIn(given, "with"), namesIn(given, "only")]
  const known = book.purposes.map(({ name }) => name)
  const problems = [
    ["--with", more],
    ["--only", only],
  ] as const
  const unknown = problems.flatMap(([option, names]) =>
    names.filter((name) => !known.includes(name)).map((name) => ({ option, name })),
  )
  if (unknown.length > 0) {
    throw new SpecError(
      unknown.map(({ option, name }) => {
        const near = nearest(name, known)
        const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}?`
        return { option, value: name, message: `is ${show(name)}; ${hint}` }
      }),
    )
  }
  return new Set([...(only.length > 0 ? only : usualPurposes(book)), ...more])
}

function namesIn(given: Given, flag: string): readonly string[] {
  const words = (given.values[flag] ?? []).flatMap((text) => text.split(","))
  return words.map((word) => word.trim()).filter((word) => word !== "")
}

/** What stands in a policy, and in a shell's line: nothing else is let through. */
const WORKFLOW = /^([A-Za-z0-9][A-Za-z0-9-]*)\/([A-Za-z0-9._-]+)@([A-Za-z0-9][A-Za-z0-9._/-]*)$/

function workflowOf(text: string): Workflow {
  const [, owner, repository, branch] = WORKFLOW.exec(text) ?? []
  if (owner !== undefined && repository !== undefined && branch !== undefined) return { owner, repository, branch }
  const message = `is ${show(text)}; give the repository and its branch: --github OWNER/REPO@BRANCH`
  throw new SpecError([{ option: "--github", value: text, message }])
}
