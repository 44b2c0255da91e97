/** Who asks, as STS tells it: another service than EC2, at the same address here ("GetCallerIdentity", STS API Reference). */
import { ACCOUNT_ID } from "../world/account.js"
import type { ErrorReply } from "../client/refusals.js"
import { escapeXml } from "../client/xml.js"

export const CALLER = "GetCallerIdentity"

const VERSION = "2011-06-15"
const NAMESPACE = `https://sts.amazonaws.com/doc/${VERSION}/`

/** Whether a form is STS's: by its version, which no form of EC2's has. */
export function isOfSts(form: string): boolean {
  return new URLSearchParams(form).get("Version") === VERSION
}

/** @param partition "aws", or that of another world's accounts. */
export function callerXml(requestId: string, partition: string): string {
  const arn = `arn:${partition}:iam::${ACCOUNT_ID}:user/test`
  const result = `<Arn>${arn}</Arn><UserId>AIDAEXAMPLE</UserId><Account>${ACCOUNT_ID}</Account>`
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`
  return `<${CALLER}Response xmlns="${NAMESPACE}"><${CALLER}Result>${result}</${CALLER}Result>${metadata}</${CALLER}Response>`
}

export function stsErrorXml({ code, message }: ErrorReply, requestId: string): string {
  const error = `<Error><Type>Sender</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`
  return `<ErrorResponse xmlns="${NAMESPACE}">${error}<RequestId>${requestId}</RequestId></ErrorResponse>`
}
