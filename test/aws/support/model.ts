/** EC2's API as data, in one form whoever described it: the installed SDK, or botocore. */

export type Shape =
  | { readonly kind: "struct"; readonly name: string; readonly members: () => Members }
  | { readonly kind: "list"; readonly item: () => Shape; readonly itemName: string }
  | { readonly kind: "text"; readonly type: TextType; readonly values?: ReadonlySet<string>; readonly name: string }

export type TextType = "string" | "number" | "boolean" | "timestamp" | "blob"

/** By the name in a request, and by the name in a reply. */
export interface Members {
  readonly query: ReadonlyMap<string, Member>
  readonly xml: ReadonlyMap<string, Member>
}

export interface Member {
  readonly name: string
  /** Its name in a request: `SecurityGroupId`. */
  readonly queryName: string
  /** Its name in a reply: `groupSet`. */
  readonly xmlName: string
  readonly shape: () => Shape
}

export interface Operation {
  readonly input: Shape
  readonly output: Shape
}

export interface Model {
  /** Whose, and of which version. */
  readonly source: string
  readonly operation: (action: string) => Operation | undefined
  /** What this model is too old to know: enum values of a shape, or members, by name. */
  readonly exceptions: ReadonlySet<string>
}

export function membersOf(members: readonly Member[]): Members {
  return {
    query: new Map(members.map((member) => [member.queryName, member])),
    xml: new Map(members.map((member) => [member.xmlName, member])),
  }
}

/** Computes it at the first call: shapes name each other in circles. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Computes it once for each name. */
export function memo<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>()
  return (name) => {
    if (!made.has(name)) made.set(name, make(name))
    return made.get(name) as T
  }
}

export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
