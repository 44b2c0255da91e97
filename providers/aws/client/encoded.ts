/** The authorization message that EC2 appends, encoded, to a refusal. Pure. */

const APPENDIX = /\s*Encoded authorization failure message: (\S+)/

/** EC2's message without the encoded part, and the encoded part. */
export function splitEncoded(whole: string): { readonly message: string; readonly encoded?: string } {
  const [, encoded] = APPENDIX.exec(whole) ?? []
  return encoded === undefined ? { message: whole } : { message: whole.replace(APPENDIX, ""), encoded }
}

const COMMAND = "aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message"

/** What to do about it: the command that decodes the message, for a principal that may. */
export function decodingRemedy(encoded: string): string {
  return `EC2's reasons are shown by: ${COMMAND} ${encoded}`
}

/** Finds the encoded message in a sentence that has `decodingRemedy`. */
export const REMEDY = new RegExp(`${COMMAND} (\\S+)`)
