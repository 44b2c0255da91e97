/** What a variable stands for may be a secret: nothing that is said of a file shows it. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { FileError } from "../../src/file/file-error.js"
import { parseFile } from "../../src/file/parse.js"

const SECRET = 'hunter2-"quoted"\nsecret'

async function errorOf(text: string, env: Readonly<Record<string, string>> = { TOKEN: SECRET }): Promise<FileError> {
  try {
    await parseFile(text, { path: "muster.yaml", env })
  } catch (error) {
    if (error instanceof FileError) return error
    throw error
  }
  throw new Error(`nothing is wrong with ${text}`)
}

const FILES = {
  "a value": 'provider: local\nvcpus: "${TOKEN}"\n',
  "a value among others": 'provider: local\nvcpus: "a${TOKEN}b"\n',
  "a value in a list": 'provider: local\nvcpus: ["${TOKEN}"]\n',
  "what stands under an unknown option": 'provider: local\nvcpus: 1\npassword: "${TOKEN}"\n',
  "what stands deep under an unknown option": 'provider: local\nvcpus: 1\nlogin: { user: me, password: "${TOKEN}" }\n',
  "an option of a cloud": 'provider: { aws: { region: "${TOKEN}" } }\nvcpus: 1\n',
  "an unknown option of a cloud": 'provider: { aws: { region: eu-west-2, secretAccessKey: "${TOKEN}" } }\nvcpus: 1\n',
  "a cloud": 'provider: "${TOKEN}"\nvcpus: 1\n',
  "a cluster": 'clusters: { a: "${TOKEN}" }\n',
  "a file": '"${TOKEN}"\n',
  "a version": 'version: "${TOKEN}"\nprovider: local\n',
  "a target": 'target: "${TOKEN}"\nprovider: local\nvcpus: 1\n',
}

describe("an error of", () => {
  test.each(Object.entries(FILES))("%s names the variable", async (_what, text) => {
    const error = await errorOf(text)
    const said = `${error.message}${JSON.stringify(error.problems)}`
    expect(said).toContain("${TOKEN}")
    for (const part of ["hunter2", "quoted"]) expect(said).not.toContain(part)
  })
})

test("whatever a variable stands for is in no error", async () => {
  const value = fc.string({ minLength: 6, maxLength: 120, unit: "grapheme" }).map((text) => `§${text}`)
  await fc.assert(
    fc.asyncProperty(value, fc.constantFrom(...Object.values(FILES)), async (secret, text) => {
      const { message, problems } = await errorOf(text, { TOKEN: secret })
      expect(`${message}${JSON.stringify(problems)}`).not.toContain("§")
    }),
    { numRuns: 300, seed: 17 },
  )
})

test("what a default gave is shown, and so is what no variable gave", async () => {
  const { message } = await errorOf('provider: local\nvcpus: "${NONE:-many}"\nmarket: sport\n')
  expect(message).toContain('vcpus: is "many"')
  expect(message).toContain('market: is "sport"')
})

test("a short value hides no other words", async () => {
  const { message } = await errorOf('provider: local\nvcpus: "${N}"\n', { N: "a" })
  expect(message).toContain('vcpus: is what "${N}" stands for; use a number or an object with min, max')
})
