/** Part of the public types, which are read without the SDK's. */
export interface Right {
  /** "ec2:RunInstances" */
  readonly action: string
  readonly allowed: boolean
  /** Why not, as EC2 says it. */
  readonly message?: string
}
