/** The authorization message that EC2 appends, encoded, to a refusal. Pure. */

const APPENDIX = /\s*Encoded authorization failure message: (\S+)/

/** EC2's words without what nobody can read, and that. */
export function splitEncoded(said: string): { readonly said: string; readonly encoded?: string } {
  const [, encoded] = APPENDIX.exec(said) ?? []
  return encoded === undefined ? { said } : { said: said.replace(APPENDIX, ""), encoded }
}

const COMMAND = "aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message"

/** What to do about it, for who may decode it and for who must ask somebody. */
export function decodingRemedy(encoded: string): string {
  return `EC2's reasons are shown by: ${COMMAND} ${encoded}`
}

/** Finds the encoded message in a sentence that has `decodingRemedy`. */
export const REMEDY = new RegExp(`${COMMAND} (\\S+)`)
