/** Part of the public types, which are read without the SDK's. */
export interface Right {
  /** "ec2:RunInstances" */
  readonly action: string
  readonly allowed: boolean
  /** EC2's words for why not. */
  readonly message?: string
}
